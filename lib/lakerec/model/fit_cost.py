"""What a fit of ALS works on, before it begins: visited pairs, multiplications, memory, and which solver it is."""

from typing import NamedTuple

from lakerec.costs import Unit
from lakerec.model.als_settings import AlsSettings

FITS = 2
"""The evaluation fit knows some days less than the serving fit; both are counted as the larger."""


class FitWork(NamedTuple):
    """Work of one fit.

    Attributes:
        visits: pairs, counted in every half-step: each is read, and with mllib the factors travel to it.
        multiplications: up to a factor.
    """

    visits: float
    multiplications: float


def units_of_fits(pairs: float, users: float, items: float, als: AlsSettings) -> dict[Unit, float]:
    """What both fits of a configuration work on, in the units that they are priced in."""
    work = fit_work(pairs, users, items, als)
    units: dict[Unit, float] = {
        "pairs": pairs,
        "rows": users + items,
        "sent_bytes": FITS * fit_sent_bytes(pairs, users, items, als),
        "held_bytes": fit_memory_bytes(pairs, users, items, als),
    }
    if solver_at(users, items, als) == "mllib":
        return {**units, "mllib_visits": FITS * work.visits, "mllib_multiplications": FITS * work.multiplications}
    return {**units, "cg_visits": FITS * work.visits, "cg_multiplications": FITS * work.multiplications}


def solver_at(users: float, items: float, als: AlsSettings) -> str:
    """The solver that will fit: mllib also where one side's factors exceed what cg may broadcast."""
    is_too_large = 4 * als.rank * max(users, items) > als.cg_broadcast_bytes
    return "mllib" if is_too_large else als.solver


def fit_work(pairs: float, users: float, items: float, als: AlsSettings) -> FitWork:
    """Work of the solver that will fit.

    mllib makes and solves normal equations in every half-step: a pair adds a product of rank², a row is solved in
    rank³ / 3. cg looks at a pair once for each step and once for the residual, with two products of rank, turns the
    rows in rank², and solves the users exactly at the end.
    """
    rank, rows = als.rank, users + items
    visits = 2.0 * als.max_iter * pairs
    if solver_at(users, items, als) == "mllib":
        return FitWork(visits, als.max_iter * (2.0 * pairs * rank**2 + rows * rank**3 / 3))
    improving = als.max_iter * (4.0 * pairs * rank * (als.cg_steps + 1) + 3.0 * rows * rank**2)
    return FitWork(visits, improving + pairs * rank**2 + users * rank**3 / 3)


def fit_memory_bytes(pairs: float, users: float, items: float, als: AlsSettings) -> float:
    """Memory for pairs and factors, on all machines.

    The pairs once in the order of users and once in that of items, 8 bytes each; the factors once as they are, and once
    more as they were (cg) or in every place that they travel to (mllib).
    """
    copies = users + items if solver_at(users, items, als) == "cg" else _travelling_rows(pairs, users, items, als)
    return 2 * 8.0 * pairs + 4.0 * als.rank * (users + items + copies)


def fit_sent_bytes(pairs: float, users: float, items: float, als: AlsSettings) -> float:
    """Bytes of factors that tasks send one another in one fit, at most.

    cg broadcasts instead: each executor gets the factors of one side in every half-step, which is no shuffle.
    """
    if solver_at(users, items, als) == "cg":
        return 0.0
    return als.max_iter * 4.0 * als.rank * _travelling_rows(pairs, users, items, als)


def _travelling_rows(pairs: float, users: float, items: float, als: AlsSettings) -> float:
    """With mllib a row's factors go to each block of the other side that it has a pair in."""
    return min(users * als.item_blocks, pairs) + min(items * als.user_blocks, pairs)
