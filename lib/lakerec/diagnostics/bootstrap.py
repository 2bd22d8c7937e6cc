"""How sure a metric is: intervals from resampling users, without ever copying a user.

For a mean over users, a bootstrap replicate weighs each user with a number drawn from Poisson(1), which is how often a
draw with replacement would take them (Chamandy et al., "Estimating uncertainty for massive data streams", 2012). The
number depends on user, replicate and seed alone: so sums can be added up in any order, and two
recommenders or two models are weighed alike, which pairs them. The interval holds the middle 95 % of the replicates
(percentile method: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

Coverage and Gini are no means; weights would hide users and so shrink coverage. They are computed on random halves of
the users instead; the spread of halves about their own mean is, for a mean, just that of the whole (delete-half
jackknife: Shao and Wu, "A general theory for jackknife variance estimation", 1989), and is put around the estimate.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lakerec.diagnostics.list_metrics import Floats, Ints

CONFIDENCE = 0.95

MINIMUM_USERS = 10
"""Fewer users than this tell too little of others: no interval. If all of ten lean one way, chance does that in 1 of
500 cases."""

BLOCK_COUNT = 16
"""Parts of the users from which halves are put together."""

HALF_COUNT = 50
"""Halves that are tried, of the 12,870 there are."""

_TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STEPS = 1 << 16
_POISSON = np.searchsorted(
    np.cumsum(np.exp(-1) / np.cumprod([1, *range(1, 12)])), (np.arange(_STEPS) + 0.5) / _STEPS
).astype(np.float64)
"""Poisson(1) by its quantile at 65,536 equal steps."""


def poisson_weights(users: Ints, replicates: int, seed: int) -> Floats:
    """Weight of each user in the estimate and in each replicate; (users, 1 + replicates), the first column is 1.

    Sixteen bits of a hash of user, replicate and seed choose a quantile of Poisson(1); one hash serves four replicates.
    """
    hashes = _hash(users, (replicates + 3) // 4, seed)
    drawn = _POISSON[hashes.astype("<u8").view("<u2")[:, :replicates]]
    return np.concatenate([np.ones((len(users), 1)), drawn], axis=1)


def block_of(users: Ints, seed: int) -> Ints:
    """Which of the parts a user belongs to; 0 .. BLOCK_COUNT - 1."""
    return (_hash(users, 1, seed ^ 0x5EED)[:, 0] >> np.uint64(32)).astype(np.int64) % BLOCK_COUNT


def middle(replicates: Floats) -> tuple[Floats, Floats]:
    """Ends of the middle 95 % along the first axis, between order statistics; replicates that are nan are left out."""
    ordered = np.sort(replicates, axis=0)
    count = (~np.isnan(ordered)).sum(axis=0)
    low, high = (_quantile(ordered, count, tail) for tail in _TAILS)
    return low, high


def interval_by_halves(exposure: Floats, statistic: Callable[[Floats], Floats]) -> tuple[float, float, float]:
    """A statistic of all users, with the ends of its interval; nan where it is not defined.

    Args:
        exposure: how often the lists of each part of the users hold each item; (BLOCK_COUNT, items).
        statistic: of counts (..., items).
    """
    estimate = float(statistic(exposure.sum(axis=0)))
    tried = statistic(_HALVES @ exposure)
    low, high = middle(tried - tried.mean())
    return estimate, estimate + float(low), estimate + float(high)


def _quantile(ordered: Floats, count: npt.NDArray[np.int64], share: float) -> Floats:
    """Linear between neighbours, over the first `count` rows of each column.

    The i-th of n numbers is the quantile i / (n + 1) ("weibull" of `np.quantile`), so that between the ends of 200
    replicates lies the share that is stated, not a little less.
    """
    place = np.clip(share * (count + 1) - 1, 0, np.maximum(count - 1, 0))
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    lower, upper = (np.take_along_axis(ordered, at[np.newaxis], axis=0)[0] for at in (below, above))
    return np.where(count > 0, lower + (place - below) * (upper - lower), np.nan)


def _hash(users: Ints, columns: int, seed: int) -> npt.NDArray[np.uint64]:
    """Independent looking 64 bits for each user and column (Steele et al., "Fast splittable generators", 2014)."""
    start = _mixed(users.astype(np.uint64) * _GOLDEN ^ _mixed(np.array([seed & 0xFFFFFFFF], np.uint64)))
    return _mixed(start[:, np.newaxis] + np.arange(1, columns + 1, dtype=np.uint64) * _GOLDEN)


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _halves() -> Floats:
    rng = np.random.default_rng(7)
    order = np.argsort(rng.random((HALF_COUNT, BLOCK_COUNT)), axis=1)
    return (order < BLOCK_COUNT // 2).astype(np.float64)


_HALVES = _halves()
