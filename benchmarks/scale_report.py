"""What `benchmark scale` tells: growth, cores, how well `plan` would have known, and prices for conf."""

import os
from collections.abc import Iterator, Sequence
from itertools import groupby

from benchmarks.scale_prices import Run, Stage, measured_in, price_lines, stage_of
from jobs.plan import Task, make_plan
from lakerec.config import Config, load
from lakerec.costs import growth_exponent, serial_share
from lakerec.planning.estimate import estimate_stages, total_of
from lakerec.planning.telling import describe_plan
from lakerec.planning.workload import given_workload

GOAL_EXPONENT, GOAL_SPEED_UP, GOAL_FACTOR = 1.05, 1.7, 2.0
PAPER, PAPER_CORES = (1e9, 5e7, 1e6), 256
"""Events, users and items, and cores."""

BYTES = ("peak_bytes", "shuffle_bytes", "spilled_bytes")


def report(runs: Sequence[Run], command: str) -> str:
    """Markdown.

    Args:
        runs: as benchmarks/scale.py keeps them.
    """
    config = load("local", {})
    most = max(run["cores"] for run in runs)
    sizes = sorted((run for run in runs if run["cores"] == most), key=lambda run: run["events"])
    lines = [f"# {command}", "", f"On a machine with {os.cpu_count()} cores.", ""]
    for cores, group in groupby(sorted(runs, key=lambda run: (-run["cores"], run["events"])), lambda run: run["cores"]):
        lines += [*_growth(list(group), cores), ""]
    lines += [*_slowest(sizes[-1]), ""]
    lines += [*_cores(runs), ""] if len({run["cores"] for run in runs}) > 1 else []
    lines += [*_foretold(sizes, config), ""] if len(sizes) > 1 else []
    lines += [*_on_paper(sizes, config), ""]
    return "\n".join([*lines, *price_lines(runs, sizes, config)]) + "\n"


def _growth(sizes: Sequence[Run], cores: int) -> Iterator[str]:
    """A row for each stage and size, and exponents between the smallest and the largest."""
    yield f"## Growth, on {cores} core{'s' if cores > 1 else ''} (goal: exponent of seconds ≤ {GOAL_EXPONENT})"
    yield ""
    yield "| stage | events | s | cpu s | peak GB | shuffled GB | spilled GB | exponent, s | exponent, cpu s |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name in [*_names(sizes), "together"]:
        stages = [_together(run) if name == "together" else stage_of(run, name) for run in sizes]
        events = [run["events"] for run in sizes]
        for run, stage in zip(sizes, stages, strict=True):
            is_last = run is sizes[-1] and len(sizes) > 1
            exponents = [
                f"{growth_exponent(events, [each[of] for each in stages]):.2f}" if is_last else ""
                for of in ("seconds", "cpu_seconds")
            ]
            bytes_ = (f"{stage[of] / 1e9:.2f}" for of in BYTES)
            times = f"{stage['seconds']:.1f}", f"{stage['cpu_seconds']:.1f}"
            yield _row(name, f"{run['events']:,}", *times, *bytes_, *exponents)
    iterations = {f"{run['events']:,}: {run['settings']['als']['max_iter']}" for run in sizes}
    yield ""
    yield f"als.max_iter by events: {'; '.join(sorted(iterations))}. Where it differs, train_model has no exponent."
    for run in sizes:
        for stage in run["stages"]:
            if not stage.get("is_whole", True):
                yield f"{stage['stage']} at {run['events']:,} events broke off once; only the time since then is told."


def _slowest(run: Run) -> Iterator[str]:
    """Where the time of its slowest stage goes."""
    slowest = max(run["stages"], key=lambda stage: stage["seconds"])
    yield f"## The slowest stage at {run['events']:,} events: {slowest['stage']}"
    yield ""
    yield from slowest.get("work", ["Measured before this was looked at."])


def _cores(runs: Sequence[Run]) -> Iterator[str]:
    """What further cores bring, at each size that ran on one and on more."""
    yield f"## Cores (goal: second core ≥ {GOAL_SPEED_UP} ×)"
    yield ""
    yield "| stage | events | cores | s on one | s | speed-up | serial share |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name in [*_names(runs), "together"]:
        for run, single in _pairs_with_single(runs):
            more, one = (_together(each) if name == "together" else stage_of(each, name) for each in (run, single))
            share = serial_share(one["seconds"], more["seconds"], run["cores"])
            cells = f"{one['seconds']:.1f}", f"{more['seconds']:.1f}", f"{one['seconds'] / more['seconds']:.2f}"
            yield _row(name, f"{run['events']:,}", str(run["cores"]), *cells, f"{share:.2f}")


def _foretold(sizes: Sequence[Run], config: Config) -> Iterator[str]:
    """What the plan, fitted on the smallest size, says of the largest, whose sizes it is told."""
    smallest, largest = sizes[0], sizes[-1]
    known, wanted = measured_in([smallest], config), measured_in([largest], config)
    units = {unit: count for each in wanted for unit, count in each.units.items()}
    estimates = estimate_stages(units, largest["cores"], config.plan, known)
    yield f"## Plan, fitted on {smallest['events']:,} events, of {largest['events']:,} (goal: within {GOAL_FACTOR} ×)"
    yield ""
    yield "| stage | foretold s | took s | foretold / took | said between | within |"
    yield "|---|---:|---:|---:|---:|---|"
    for estimate in [*estimates, total_of(estimates)]:
        name = getattr(estimate, "stage", "together")
        took = (_together(largest) if name == "together" else stage_of(largest, name))["seconds"]
        ratio = estimate.seconds / took
        is_within = "yes" if 1 / GOAL_FACTOR <= ratio <= GOAL_FACTOR else "no"
        said = f"{estimate.low:.0f} .. {estimate.high:.0f}"
        yield _row(name, f"{estimate.seconds:.1f}", f"{took:.1f}", f"{ratio:.2f}", said, is_within)


def _on_paper(sizes: Sequence[Run], config: Config) -> Iterator[str]:
    """What the plan says of a size that nobody has run, from all that was measured here."""
    workload = given_workload(*PAPER, config.plan.shape)
    plan = make_plan(config, Task(workload, "a first run on paper", PAPER_CORES), measured_in(sizes, config))
    yield "## On paper"
    yield ""
    yield "```text"
    yield from describe_plan(plan, config.plan)
    yield "```"


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(stage["stage"] for run in runs for stage in run["stages"]))


def _together(run: Run) -> Stage:
    """Sums of all stages, and of memory the most."""
    sums = {of: sum(stage[of] for stage in run["stages"]) for of in ("seconds", "cpu_seconds", *BYTES[1:])}
    return {**sums, "peak_bytes": max(stage["peak_bytes"] for stage in run["stages"])}


def _pairs_with_single(runs: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    single = {run["events"]: run for run in runs if run["cores"] == 1}
    for run in runs:
        if run["cores"] > 1 and run["events"] in single:
            yield run, single[run["events"]]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
