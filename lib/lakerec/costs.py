"""What a stage costs: a part that is always there, and a price for each unit of what it works on.

    seconds(units, cores) = fixed + growing(units) · (s + (1 - s) / cores) / (s + (1 - s) / reference)

with s the share of the growing part that no further core makes shorter (Amdahl, 1967). A stage whose units follow the
log grows with exponent 1 at most; where it is more, the unit says so. Prices are data in conf; measured runs turn them
into those of the machine at hand by two factors, one for each part.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.optimize import nnls

from lakerec.contract import Settings

Unit = Literal[
    "cores",  # tasks at once, each with a Python worker
    "lines",  # delivered lines that are read
    "records",  # records of the days that are cleaned
    "events",  # believed events of the days that are counted
    "pairs",  # (user, item) pairs of the whole log; below exponent 1 in events, as customers come back to items
    "rows",  # users and items of a model
    "mllib_visits",  # pairs that the fits look at, in every half-step; solver mllib
    "mllib_multiplications",  # of the same: exponent 2 in rank for each pair, 3 for each row
    "cg_visits",  # solver cg
    "cg_multiplications",  # of the same: exponent 1 in rank for each pair and step
    "sent_bytes",  # bytes of factors that mllib's half-steps send to the blocks that need them, at most
    "held_bytes",  # bytes of pairs and factors that one fit holds on all machines
    "scores",  # multiplications for lists of everybody: users · items · rank, so exponent 2 where both grow
    "listed",  # rows of those lists
    "judged",  # rows of the lists of judged users, who are bounded in number: exponent 0 beyond ranking.max_users
    "judged_scores",  # multiplications for these
    "shared",  # two items of one user: pairs · items a user has; exponent 2 in how much a customer does, up to a bound
]
Units = Mapping[Unit, float]
Prices = Mapping[Unit, float]

PULL = 0.03
"""How strongly both parts are held to one factor, beside measured runs of weight 1: runs tell the parts apart only
where their sizes differ."""

MOST_APART = 4.0
"""How many times as large as the other one of both factors may be: beyond that it is the machine's other work that runs
of different sizes differ in, and a part that seems to cost nothing would be foretold to cost nothing at any size."""


class StageCost(Settings):
    """What a stage takes, on the reference cores."""

    fixed_seconds: float = Field(ge=0, description="s, whatever the size")
    seconds: dict[Unit, float] = Field(description="s per unit")
    serial_share: float = Field(ge=0, le=1, description="share of the growing part that further cores leave; 0..1")
    cpu_share: float = Field(gt=0, description="cpu seconds of all processes per second")
    fixed_bytes: float = Field(ge=0, description="memory of all processes, whatever the size; bytes")
    memory_bytes: dict[Unit, float] = Field(description="bytes per unit")
    shuffle_bytes: dict[Unit, float] = Field(description="bytes per unit that travel between tasks")
    disk_bytes: dict[Unit, float] = Field(description="bytes per unit that are written to the lake")


class Speed(NamedTuple):
    """How many times as long as in conf the two parts of a stage take."""

    fixed: float
    growing: float


class Point(NamedTuple):
    """A measured run of a stage: what conf says of its parts, and what it took; s."""

    fixed: float
    growing: float
    seconds: float


AS_CONFIGURED = Speed(1.0, 1.0)


def priced(prices: Prices, units: Units) -> float:
    """What so many units cost; a unit that is not there costs nothing."""
    return sum(price * units.get(unit, 0.0) for unit, price in prices.items())


def core_factor(serial_share: float, cores: float, reference: float) -> float:
    """How many times as long as on the reference cores the growing part takes."""
    return _amdahl(serial_share, cores) / _amdahl(serial_share, reference)


def serial_share(one: float, more: float, cores: float) -> float:
    """The share that a measured speed-up leaves: the inverse of Amdahl's law, within 0..1.

    Args:
        one: s of the growing part on one core.
        more: s of it on `cores`.
    """
    return min(1.0, max(0.0, (cores * more / one - 1) / (cores - 1)))


def expected_seconds(cost: StageCost, speed: Speed, units: Units, factor: float = 1.0) -> float:
    """The formula above, on this machine.

    Args:
        factor: of the cores; 1 on the reference cores.
    """
    return speed.fixed * cost.fixed_seconds + speed.growing * factor * priced(cost.seconds, units)


def fit_speed(points: Sequence[Point]) -> Speed:
    """The factors that come closest to measured runs in relative terms, at most `MOST_APART`; 1 where there are none.

    One run, or several of a size, cannot tell the parts apart: both get one factor.
    """
    if not points:
        return AS_CONFIGURED
    equations = [[point.fixed / point.seconds, point.growing / point.seconds] for point in points]
    held = [[PULL, -PULL]]
    fixed, growing = nnls(np.array(equations + held), np.array([1.0] * len(points) + [0.0]))[0]
    if fixed <= MOST_APART * growing and growing <= MOST_APART * fixed:
        return Speed(float(fixed), float(growing))
    ratio = MOST_APART if growing > fixed else 1 / MOST_APART
    return _fit_at(ratio, np.array(equations))


def repriced(cost: StageCost, seconds: Speed, memory: Speed, shuffle: Speed, disk: Speed) -> StageCost:
    """The prices of the machine that the factors were measured on; what is shuffled or stored has no fixed part."""
    return cost.model_copy(
        update={
            "fixed_seconds": seconds.fixed * cost.fixed_seconds,
            "seconds": _times(cost.seconds, seconds.growing),
            "fixed_bytes": memory.fixed * cost.fixed_bytes,
            "memory_bytes": _times(cost.memory_bytes, memory.growing),
            "shuffle_bytes": _times(cost.shuffle_bytes, shuffle.growing),
            "disk_bytes": _times(cost.disk_bytes, disk.growing),
        }
    )


def growth_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent e of value = c · size^e that is nearest in logarithms; at least two sizes."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def _fit_at(ratio: float, equations: npt.NDArray[np.float64]) -> Speed:
    """The factors that come closest where the growing part's is `ratio` times the fixed part's."""
    alike = equations @ np.array([1.0, ratio])
    factor = float(alike.sum() / (alike @ alike))
    return Speed(factor, ratio * factor)


def _times(prices: Prices, factor: float) -> dict[Unit, float]:
    return {unit: price * factor for unit, price in prices.items()}


def _amdahl(serial: float, cores: float) -> float:
    return serial + (1 - serial) / cores
