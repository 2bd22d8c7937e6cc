"""Rows of diagnostics.trials."""

import json
from datetime import UTC, datetime

from lakerec.config import load
from lakerec.diagnostics.trials import CUT_SHORT, TRIALS, Ended, Judged, best_of, trial_row

AT = datetime(2026, 3, 1, tzinfo=UTC)
TUNING = load("test", {}).tuning


def a_trial(nth, value=None, state="complete", **changes):
    judged = (
        None if value is None else Judged(value, value - 0.1, value + 0.1, value - 0.5, value - 0.6, value - 0.4, 90)
    )
    given = {"share": 1.0, "reason": None, **changes}
    return Ended(nth, "proposed", {"als.rank": 8}, given["share"], judged, state, given["reason"], 2.5, AT)


def test_a_row_says_what_was_tried_and_what_it_was_worth():
    row = dict(zip(TRIALS.names, trial_row("s", a_trial(3, 0.7), TUNING, "run", "flow"), strict=True))

    assert json.loads(row["settings"]) == {"als.rank": 8}
    assert (row["study"], row["trial"], row["state"], row["seconds"]) == ("s", 3, "complete", 2.5)
    assert (row["metric"], row["k"], row["value"], row["user_count"]) == (TUNING.metric, TUNING.k, 0.7, 90)
    assert (row["verdict"], row["run_id"], row["mlflow_run_id"]) == ("better", "run", "flow")


def test_a_failed_trial_has_a_reason_and_no_numbers():
    failed = a_trial(0, None, "failed", share=None, reason="diverged")

    row = dict(zip(TRIALS.names, trial_row("s", failed, TUNING, "r", None), strict=True))

    assert (row["state"], row["reason"]) == ("failed", "diverged")
    assert {row[name] for name in ("value", "low", "share", "difference", "verdict", "user_count")} == {None}


def test_the_best_is_the_first_of_the_complete_ones_with_the_largest_value():
    trials = [a_trial(0, 0.2), a_trial(1, 0.9, "pruned"), a_trial(2, 0.4), a_trial(3, 0.4), a_trial(4, None, "failed")]

    assert best_of(trials).trial == 2
    assert best_of(trials[4:]) is None


def test_verdicts_need_an_interval_and_trials_that_were_cut_short_do_not_count():
    few = Judged(0.5, None, None, 0.1, None, None, 3)

    assert few.verdict is None
    assert few._replace(difference_low=-0.2, difference_high=-0.1).verdict == "worse"
    assert a_trial(0, 0.2).counts
    assert not a_trial(0, None, "failed", reason=CUT_SHORT).counts
