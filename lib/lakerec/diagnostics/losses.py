"""The loss that ALS minimises, and the same error on pairs that it has not seen; by user, without forming all cells.

    sum over users u, items i of (1 + alpha |r|) (p - x·y)² + reg (sum n_u |x|² + sum n_i |y|²)

p is 1 where r > 0 and 0 elsewhere, also for pairs that never met; n counts a row's positive strengths (Hu, Koren,
Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, equation 3; the weighted penalty is Zhou et
al., "Large-scale parallel collaborative filtering for the Netflix prize", 2008). Over all cells (x·y)² adds up to
x (YᵀY) xᵀ, so only pairs with a strength are visited.
"""

from typing import NamedTuple

import numpy as np

from lakerec.diagnostics.list_metrics import Floats, Ints


class Pairs(NamedTuple):
    """Pairs with a strength; users and items are rows of the factors."""

    users: Ints
    items: Ints
    strengths: Floats


def objective(users: Floats, items: Floats, pairs: Pairs, reg_param: float, alpha: float) -> float:
    """The loss of a model on what it learned from.

    Args:
        users: (users, rank).
        items: (items, rank).
    """
    is_positive = pairs.strengths > 0
    penalty = sum(
        np.bincount(rows[is_positive], minlength=len(factors)) @ np.einsum("ij,ij->i", factors, factors)
        for rows, factors in ((pairs.users, users), (pairs.items, items))
    )
    return float(_all_as_unmet(users, items).sum() + _more(users, items, pairs, alpha).sum() + reg_param * penalty)


def held_out_error(users: Floats, items: Floats, learned: Pairs, held_out: Pairs, alpha: float) -> Floats:
    """Each user's error, without penalty, on all cells but those that were learned from; (users,).

    Learned pairs are left out on both sides: that they are not done again in a few days is no error of the model.

    Args:
        held_out: pairs with a strength of their own that are not among `learned`.
    """
    seen = np.bincount(learned.users, _scores(users, items, learned) ** 2, minlength=len(users))
    return _all_as_unmet(users, items) - seen + _more(users, items, held_out, alpha)


def _all_as_unmet(users: Floats, items: Floats) -> Floats:
    """Each user's sum of (x·y)² over all items."""
    return np.einsum("ij,ij->i", users @ (items.T @ items), users)


def _more(users: Floats, items: Floats, pairs: Pairs, alpha: float) -> Floats:
    """By user, what pairs with a strength cost beyond (x·y)²."""
    scores = _scores(users, items, pairs)
    confidence = 1 + alpha * np.abs(pairs.strengths)
    cost = confidence * ((pairs.strengths > 0) - scores) ** 2 - scores**2
    return np.bincount(pairs.users, cost, minlength=len(users)).astype(np.float64)


def _scores(users: Floats, items: Floats, pairs: Pairs) -> Floats:
    return np.einsum("ij,ij->i", users[pairs.users], items[pairs.items])
