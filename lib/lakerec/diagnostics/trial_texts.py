"""What is said of a search: a line for each trial, and what the best configuration is worth."""

from collections.abc import Sequence

from lakerec.diagnostics.search_space import TuningSettings
from lakerec.diagnostics.trials import LEARNED_WEIGHTS, Ended, Judged, best_of


def progress(ended: Ended, all_ended: Sequence[Ended], tuning: TuningSettings) -> str:
    """A line for the console."""
    judged, best = ended.judged, best_of(all_ended)
    found = f"{shown(judged, tuning)} of {ended.share:.0%} of users" if judged else ended.reason
    settings = ", ".join(f"{name.split('.')[-1]} {value:.3g}" for name, value in ended.values.items())
    so_far = f"; best: trial {best.trial}, {best.judged.value:.4f}" if best and best.judged else ""
    done = sum(each.counts for each in all_ended)
    mean = sum(each.seconds for each in all_ended) / len(all_ended)
    left = f"; about {max(tuning.trials - done, 0) * mean / 60:.0f} min left"
    return (
        f"trial {ended.trial} ({done} of {tuning.trials}), {ended.origin}, {ended.state}: {found}, "
        f"{ended.seconds:.0f} s, {settings}{so_far}{left}"
    )


def remarks(study: str, ended: Sequence[Ended], best: Ended, tuning: TuningSettings) -> list[str]:
    """What the best configuration is worth, and what learned action weights are."""
    assert best.judged is not None  # as of every best one
    lines = [
        f"Trial {best.trial}, the best of {len(ended)} in study {study}.",
        f"On the calibrate window: {shown(best.judged, tuning)}, {best.judged.user_count:,} users.",
        f"Than as configured: {shown_difference(best.judged)}.",
    ]
    learned = [each.judged for each in ended if each.origin == LEARNED_WEIGHTS and each.judged]
    lines += [f"Learned action weights alone, than as configured: {shown_difference(each)}." for each in learned]
    return [*lines, "The best of many looks better than it is: diagnose_model judges it on the test window."]


def shown(judged: Judged, tuning: TuningSettings) -> str:
    """The metric with its interval."""
    return f"{tuning.metric}@{tuning.k} {judged.value:.4f}{_interval(judged.low, judged.high, '.4f')}"


def shown_difference(judged: Judged) -> str:
    """The difference to the configuration as given, with interval and verdict."""
    ends = _interval(judged.difference_low, judged.difference_high, "+.4f")
    return f"{judged.difference:+.4f}{ends}, {judged.verdict or 'too few users to tell'}"


def _interval(low: float | None, high: float | None, style: str) -> str:
    return "" if low is None or high is None else f" ({low:{style}} to {high:{style}})"
