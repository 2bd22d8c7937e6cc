"""The inner loops of the top-N kernel, compiled by numba: which items may be among a user's best, and their scores.

Importing this module imports numba: only where lists are made.
"""

import numpy as np
import numpy.typing as npt
from numba import types

from lakerec.compiled import NO_NAN, SUMS_IN_ORDER, compiled, read_only

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

GROUP = 16
"""Scores that are looked at together: a group whose largest is too small is passed over."""


@compiled(types.void(read_only(types.float32, dimensions=2), types.float32[:, ::1]), NO_NAN)
def find_maxima(scores: Floats32, maxima: Floats32) -> None:
    """The largest score of each group of neighbouring items.

    Args:
        scores: (users, items).
        maxima: (users, groups), out; the last group may be shorter than the others.
    """
    width = scores.shape[1]
    for user in range(len(scores)):
        row = scores[user]
        for group in range(width // GROUP):
            members = row[group * GROUP : (group + 1) * GROUP]
            highest = members[0]
            for step in range(1, GROUP):
                highest = members[step] if members[step] > highest else highest
            maxima[user, group] = highest
        if width % GROUP:
            begin = width - width % GROUP
            highest = row[begin]
            for place in range(begin + 1, width):
                highest = row[place] if row[place] > highest else highest
            maxima[user, width // GROUP] = highest


_SELECT = types.void(
    read_only(types.float32, dimensions=2),
    read_only(types.float32, dimensions=2),
    types.int64,
    read_only(types.float32),
    types.int64[::1],
    types.int64[:, ::1],
)


@compiled(_SELECT, SUMS_IN_ORDER)
def select_candidates(
    scores: Floats32, maxima: Floats32, first: int, thresholds: Floats32, counts: Ints, positions: Ints
) -> None:
    """Keep the items of a tile that are not below a user's threshold.

    What is compared decides where the next one is written, not what is done next: no processor can guess where the best
    items are, and without a guess it waits for several of their scores at once.

    Args:
        scores: (users, items of the tile).
        maxima: of its groups.
        first: position of the tile's first item.
        thresholds: (users).
        counts: (users), in and out; how many items are kept.
        positions: (users, room for what is kept and the whole tile), in and out; of the items that are kept, ascending.
    """
    width = scores.shape[1]
    promising = np.empty(maxima.shape[1], np.int64)
    for user in range(len(scores)):
        threshold, kept, groups = thresholds[user], counts[user], 0
        for group in range(maxima.shape[1]):
            promising[groups] = group
            groups += maxima[user, group] >= threshold
        for begin in promising[:groups] * GROUP:
            for place in range(begin, min(width, begin + GROUP)):
                positions[user, kept] = first + place
                kept += scores[user, place] >= threshold
        counts[user] = kept


_SCORE = types.void(
    read_only(types.float32, dimensions=2),
    read_only(types.float32, dimensions=2),
    read_only(types.int64),
    read_only(types.int64, dimensions=2),
    types.float64[:, ::1],
)


@compiled(_SCORE, SUMS_IN_ORDER)
def score_candidates(users: Floats32, items: Floats32, counts: Ints, positions: Ints, scores: Floats) -> None:
    """The scores as defined: products of float32 are exact in float64, and are added in order of the factor.

    Args:
        users: (users, rank).
        items: (items, rank).
        counts: (users); how many candidates there are.
        positions: (users, at least as many); theirs.
        scores: (users, most candidates), out; -inf where there is no candidate.
    """
    rank = users.shape[1]
    for user in range(len(users)):
        factors = users[user].astype(np.float64)
        count, exact = counts[user], scores[user]
        exact[count:] = -np.inf
        whole = count - count % 4
        for place in range(0, whole, 4):  # four sums at once, as each has to wait for its own last addition
            one, two = items[positions[user, place]], items[positions[user, place + 1]]
            three, four = items[positions[user, place + 2]], items[positions[user, place + 3]]
            first = second = third = fourth = 0.0
            for f in range(rank):
                first += factors[f] * one[f]
                second += factors[f] * two[f]
                third += factors[f] * three[f]
                fourth += factors[f] * four[f]
            exact[place], exact[place + 1], exact[place + 2], exact[place + 3] = first, second, third, fourth
        for place in range(whole, count):
            item, total = items[positions[user, place]], 0.0
            for f in range(rank):
                total += factors[f] * item[f]
            exact[place] = total
