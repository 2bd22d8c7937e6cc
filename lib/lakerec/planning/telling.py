"""A plan in words: a line for each stage, their sum, and what one has to know to believe it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lakerec.model.als_settings import AlsSettings
from lakerec.model.fit_cost import solver_at
from lakerec.planning.estimate import PlanSettings, StageEstimate, Total, total_of
from lakerec.planning.workload import Workload


class Plan(NamedTuple):
    """What is foretold, and of what.

    Attributes:
        what: where the sizes are from.
        als: settings of the fits.
        on_more: the whole run by number of cores.
    """

    what: str
    workload: Workload
    cores: int
    als: AlsSettings
    stages: list[StageEstimate]
    on_more: Mapping[int, Total]


def describe_plan(plan: Plan, settings: PlanSettings) -> Iterator[str]:
    """Lines for the console."""
    work = plan.workload
    yield f"plan of {plan.what}, on {plan.cores} cores"
    yield f"  {work.lines:,.0f} lines, {work.events:,.0f} events of {work.users:,.0f} users and {work.items:,.0f} items"
    yield f"  in the whole log: {work.pairs:,.0f} pairs of user and item" + "\n"
    yield _row("", ("expected", "between", "cpu", "memory", "shuffle", "disk", "known from"))
    for stage in plan.stages:
        yield _row(stage.stage + (" *" if stage.is_extrapolated else ""), (*_amounts(stage), stage.basis))
    yield _row("together", (*_amounts(total_of(plan.stages)), "")) + "\n"
    yield from (f"  {note}" for note in notes(plan, settings))


def notes(plan: Plan, settings: PlanSettings) -> Iterator[str]:
    """What limits the plan, and what one has to set."""
    if any(stage.is_extrapolated for stage in plan.stages):
        yield "* extrapolated: far beyond any size or number of cores that was measured"
    if any(stage.basis.startswith("conf") for stage in plan.stages):
        yield f"conf: {settings.measured_on}; up to {settings.measured_events:,.0f} events on {settings.cores} cores"
    shown = (
        f"{cores:,}: {told_seconds(total.low)} .. {told_seconds(total.high)}" for cores, total in plan.on_more.items()
    )
    yield f"together by number of cores: {', '.join(shown)}"
    shares = {settings.stages[stage.stage].serial_share for stage in plan.stages}
    yield (
        f"cores: {min(shares):.2g} to {max(shares):.2g} of what grows is reckoned as done by one core (Amdahl); "
        "the low end supposes none beyond the cores that were measured"
    )
    yield f"als: {_told_solver(plan)}"
    if plan.cores > min(plan.als.user_blocks, plan.als.item_blocks):
        yield (
            f"als: {plan.als.user_blocks} user blocks and {plan.als.item_blocks} item blocks keep as many cores busy; "
            f"as many as cores are reckoned with: --set als.user_blocks={plan.cores} --set als.item_blocks={plan.cores}"
        )
    yield "exponent in events: 1 or less, but for lists (users × items) and pairs of items of a customer, up to a bound"


def told_seconds(seconds: float) -> str:
    """In the unit that one would say it in."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.0f} s"


def told_bytes(count: float) -> str:
    """In the unit that one would say it in."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e3:,.0f} kB"


def _amounts(of: StageEstimate | Total) -> tuple[str, ...]:
    spread = f"{told_seconds(of.low)} .. {told_seconds(of.high)}"
    moved = (told_bytes(count) for count in (of.memory_bytes, of.shuffle_bytes, of.disk_bytes))
    return told_seconds(of.seconds), spread, told_seconds(of.cpu_seconds), *moved


def _row(name: str, values: tuple[str, ...]) -> str:
    widths = (11, 24, 11, 11, 11, 11)
    cells = "".join(f"{value:>{width}}" for value, width in zip(values, widths, strict=False))
    return f"  {name:<22}{cells}   {values[-1]}".rstrip()


def _told_solver(plan: Plan) -> str:
    users, items, als = plan.workload.users, plan.workload.items, plan.als
    size = told_bytes(4 * als.rank * max(users, items))
    if solver_at(users, items, als.model_copy(update={"solver": "cg"})) == "mllib":
        limit = told_bytes(als.cg_broadcast_bytes)
        return (
            f"mllib solves: one side's factors take {size} at rank {als.rank}, beyond als.cg_broadcast_bytes ({limit})"
        )
    return f"{als.solver} solves, as set; one side's factors take {size} at most, which cg could broadcast"
