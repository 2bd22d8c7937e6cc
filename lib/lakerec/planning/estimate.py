"""What each stage of a run will take, how sure that is, and where it is known from."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import Field

from lakerec.contract import Settings
from lakerec.costs import Point, StageCost, Units, core_factor, expected_seconds, fit_speed, priced
from lakerec.planning.measured import MeasuredStage
from lakerec.planning.workload import LogShape

EXTRAPOLATED = 1.5
"""Beyond so many times the largest measured size an estimate is called extrapolated."""


class PlanSettings(Settings):
    """The cost model: what a run takes on the reference cores, as measured, and how far off that may be."""

    measured_on: str = Field(min_length=1, description="machine and runs that the prices are from")
    measured_events: float = Field(gt=0, description="events of the largest of those runs")
    cores: int = Field(ge=1, description="reference cores: those that the prices hold for")
    local_error: float = Field(ge=1, description="factor by which estimates from the lake's own runs may be off")
    other_error: float = Field(ge=1, description="factor by which the prices here may be off on another machine")
    exponent_error: float = Field(ge=0, description="how much a true exponent may differ from the model's")
    shape: LogShape = Field(description="how a log is made up, where nobody has read it yet")
    stages: dict[str, StageCost] = Field(description="by stage, in the order in which they run")


class StageEstimate(NamedTuple):
    """What a stage will take.

    Attributes:
        low, high: between which its seconds lie if the errors in conf are right; on more cores than were measured the
            low end supposes that these share all of the growing part, which a few cores can neither show nor refute.
        basis: where that is known from.
        is_extrapolated: far beyond any size that was measured.
    """

    stage: str
    seconds: float
    low: float
    high: float
    cpu_seconds: float
    memory_bytes: float
    shuffle_bytes: float
    disk_bytes: float
    basis: str
    is_extrapolated: bool


class Total(NamedTuple):
    """Of all stages, one after the other: sums, and of memory the most. Each may be off in the same direction."""

    seconds: float
    low: float
    high: float
    cpu_seconds: float
    memory_bytes: float
    shuffle_bytes: float
    disk_bytes: float


def estimate_stages(
    units: Units, cores: float, plan: PlanSettings, measured: Iterable[MeasuredStage]
) -> list[StageEstimate]:
    """An estimate of every stage, from its own measured runs where there are any."""
    runs: dict[str, list[MeasuredStage]] = {}
    for each in measured:
        runs.setdefault(each.stage, []).append(each)
    return [estimate_stage(name, cost, units, cores, plan, runs.get(name, [])) for name, cost in plan.stages.items()]


def estimate_stage(
    name: str, cost: StageCost, units: Units, cores: float, plan: PlanSettings, runs: Sequence[MeasuredStage]
) -> StageEstimate:
    """One stage. Its work in cpu seconds does not depend on the cores."""
    speed = fit_speed([_point(cost, run, plan.cores) for run in runs])
    seconds = expected_seconds(cost, speed, units, core_factor(cost.serial_share, cores, plan.cores))
    beyond, most_cores = _beyond(cost, units, plan, runs)
    error = (plan.local_error if runs else plan.other_error) * max(1.0, beyond) ** plan.exponent_error
    on_measured = core_factor(cost.serial_share, min(cores, most_cores), plan.cores)
    shared = expected_seconds(cost, speed, units, on_measured * min(1.0, most_cores / cores))
    return StageEstimate(
        stage=name,
        seconds=seconds,
        low=min(seconds, shared) / error,
        high=seconds * error,
        cpu_seconds=cost.cpu_share * expected_seconds(cost, speed, units),
        memory_bytes=cost.fixed_bytes + priced(cost.memory_bytes, {**units, "cores": cores}),
        shuffle_bytes=priced(cost.shuffle_bytes, units),
        disk_bytes=priced(cost.disk_bytes, units),
        basis=_basis(runs, beyond),
        is_extrapolated=beyond > EXTRAPOLATED or cores > EXTRAPOLATED * most_cores,
    )


def total_of(stages: Sequence[StageEstimate]) -> Total:
    """All stages together."""
    sums = {name: sum(getattr(stage, name) for stage in stages) for name in Total._fields}
    return Total(**sums | {"memory_bytes": max(stage.memory_bytes for stage in stages)})


def _point(cost: StageCost, run: MeasuredStage, reference: float) -> Point:
    factor = core_factor(cost.serial_share, run.cores, reference)
    return Point(cost.fixed_seconds, priced(cost.seconds, run.units) * factor, run.seconds)


def _beyond(cost: StageCost, units: Units, plan: PlanSettings, runs: Sequence[MeasuredStage]) -> tuple[float, float]:
    """How many times as much growing work as in the largest measured run there is, and on how many cores those ran."""
    if not runs:
        return units.get("events", 0.0) / plan.measured_events, plan.cores
    most = max(priced(cost.seconds, run.units) for run in runs)
    return priced(cost.seconds, units) / most if most else 1.0, max(run.cores for run in runs)


def _basis(runs: Sequence[MeasuredStage], beyond: float) -> str:
    where = f"{len(runs)} run{'s' if len(runs) > 1 else ''} of this lake" if runs else "conf"
    times = f"{beyond:,.0f}" if beyond >= 10 else f"{beyond:.1f}"
    return f"{where}, {times} × the largest" if beyond > EXTRAPOLATED else where
