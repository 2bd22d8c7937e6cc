"""The inner loops of `contributions`, compiled by numba: one user after the other, each with two small factorisations.

Importing this module imports numba: only where scores are taken apart.
"""

import numpy as np
from numba import types

from lakerec.compiled import SUMS_IN_ANY_ORDER, compiled, read_only
from lakerec.model.cholesky import solve
from lakerec.model.scorer import Floats, Ints

_VECTOR = types.float64[::1]
_MATRIX = types.float64[:, ::1]
_INTS = types.int64[::1]
_LISTED_INTS = types.int64[:, ::1]
_READ = read_only(types.float64)
_READ_MATRIX = read_only(types.float64, dimensions=2)
_READ_INTS = read_only(types.int64)
_READ_LISTS = read_only(types.int64, dimensions=2)


@compiled(
    types.int64(_READ_MATRIX, types.float64, _READ_INTS, _READ, _MATRIX, _MATRIX, _VECTOR, _INTS), SUMS_IN_ANY_ORDER
)
def _gather(
    factors: Floats,
    alpha: float,
    positions: Ints,
    strengths: Floats,
    matrix: Floats,
    reasons: Floats,
    pulls: Floats,
    columns: Ints,
) -> int:
    """Add the user's items to the lower triangle of YᵀY, and collect those of positive strength; returns their number.

    Args:
        matrix: in and out; A less its penalty.
        reasons, pulls, columns: out; factors, 1 + α·r, and place in the history of each.
    """
    count = 0
    for column in range(len(positions)):
        strength, item = strengths[column], factors[positions[column]]
        weight = alpha * abs(strength)
        for row in range(len(item)):
            factor = weight * item[row]
            for f in range(row + 1):
                matrix[row, f] += factor * item[f]
        if strength > 0:
            reasons[count], pulls[count], columns[count] = item, 1 + alpha * strength, column
            count += 1
    return count


@compiled(types.void(_MATRIX, _LISTED_INTS, _MATRIX, _VECTOR), SUMS_IN_ANY_ORDER)
def _name_largest(parts: Floats, named: Ints, largest: Floats, rest: Floats) -> None:
    """The largest parts of each listed item, of equal ones the first, and the sum of the others.

    Args:
        parts: (reasons, n).
        named: (n, m), out; which reasons.
        largest: (n, m), out.
        rest: (n), out.
    """
    count, m = len(parts), named.shape[1]
    for place in range(len(named)):
        which, values, total = named[place], largest[place], 0.0
        for reason in range(count):
            value = parts[reason, place]
            total += value
            slot = min(reason, m)
            while slot > 0 and value > values[slot - 1]:
                if slot < m:
                    which[slot], values[slot] = which[slot - 1], values[slot - 1]
                slot -= 1
            if slot < m:
                which[slot], values[slot] = reason, value
        for slot in range(min(m, count)):
            total -= values[slot]
        rest[place] = total


@compiled(
    types.void(_MATRIX, types.float64, _MATRIX, _MATRIX, _READ, _MATRIX, _LISTED_INTS, _MATRIX), SUMS_IN_ANY_ORDER
)
def _leave_out(
    matrix: Floats,
    penalty: float,
    lower: Floats,
    reasons: Floats,
    pulls: Floats,
    listed: Floats,
    named: Ints,
    without: Floats,
) -> None:
    """The scores of the listed items without each reason that is named for them; see `contributions`.

    Args:
        matrix, penalty, lower: as `solve` takes them, of B.
        reasons, pulls: factors and 1 + α·r.
        listed: factors; (n, rank).
        named: (n, m).
        without: (n, m), out.
    """
    count, rank = reasons.shape
    right = np.zeros((rank, count + 1))
    for reason in range(count):
        for f in range(rank):
            right[f, reason] = reasons[reason, f]
            right[f, count] += pulls[reason] * reasons[reason, f]
    solve(matrix, penalty, lower, right)
    solved = np.ascontiguousarray(right.T)
    change = np.empty(count)
    for reason in range(count):
        pull, confidence, own, toward = pulls[reason], pulls[reason] - 1, 0.0, 0.0
        for f in range(rank):
            own += reasons[reason, f] * solved[reason, f]
            toward += reasons[reason, f] * solved[count, f]
        change[reason] = confidence * (toward - pull * own) / (1 - confidence * own) - pull
    for place in range(len(listed)):
        score = 0.0
        for f in range(rank):
            score += listed[place, f] * solved[count, f]
        for slot in range(min(count, named.shape[1])):
            reason, both = named[place, slot], 0.0
            for f in range(rank):
                both += listed[place, f] * solved[reason, f]
            without[place, slot] = score + both * change[reason]


_TAKE_APART = types.void(
    _READ_MATRIX,
    _READ_MATRIX,
    types.UniTuple(types.float64, 2),
    _READ_LISTS,
    _READ_MATRIX,
    _READ_LISTS,
    types.int64[:, :, ::1],
    types.float64[:, :, ::1],
    types.float64[:, :, ::1],
    types.float64[:, ::1],
)


@compiled(_TAKE_APART, SUMS_IN_ANY_ORDER)
def take_apart(
    factors: Floats,
    gram: Floats,
    weights: tuple[float, float],
    positions: Ints,
    strengths: Floats,
    listed: Ints,
    entries: Ints,
    contributions: Floats,
    without: Floats,
    rest: Floats,
) -> None:
    """What `contributions.find_reasons` finds.

    Args:
        factors: (items + 1, rank); the last row, of position -1, is 0.
        gram: YᵀY; (rank, rank).
        weights: α and λ.
        positions, strengths: (users, longest history).
        listed: (users, n).
        entries, contributions, without: (users, n, m), in holding -1, 0 and nan, and out.
        rest: (users, n), in holding 0, and out.
    """
    alpha, reg_param = weights
    rank, longest, n = factors.shape[1], positions.shape[1], listed.shape[1]
    lower, reasons = np.empty((rank, rank)), np.empty((longest, rank))
    pulls, columns = np.empty(longest), np.empty(longest, np.int64)
    of_listed, parts = np.empty((n, rank)), np.empty((longest, n))
    for user in range(len(positions)):
        matrix = gram.copy()
        count = _gather(factors, alpha, positions[user], strengths[user], matrix, reasons, pulls, columns)
        if count == 0:
            continue
        for place in range(n):
            of_listed[place] = factors[listed[user, place]]
        through = np.ascontiguousarray(of_listed.T)
        solve(matrix, reg_param * count, lower, through)
        for reason in range(count):
            parts[reason] = 0.0
            for f in range(rank):
                factor = pulls[reason] * reasons[reason, f]
                for place in range(n):
                    parts[reason, place] += factor * through[f, place]
        named = entries[user]
        _name_largest(parts[:count], named, contributions[user], rest[user])
        if count > 1:
            own = reasons[:count], pulls[:count]
            _leave_out(matrix, reg_param * (count - 1), lower, *own, of_listed, named, without[user])
        for place in range(n):
            for slot in range(min(count, named.shape[1])):
                named[place, slot] = columns[named[place, slot]]
