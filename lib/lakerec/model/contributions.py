"""What each item of a user's history contributes to a score, exactly, and what the score would be without it.

A score is y_iᵀx, and x solves A x = b with b a sum over the user's items of positive strength (see `fold_in`). So

    score = Σ_j (1 + α·r_j) · y_iᵀA⁻¹y_j

and the j-th term is the contribution of item j (Hu, Koren, Volinsky, 2008, section 5). Items of negative strength have
no term: they act through A alone. Leaving item j out changes A, too, so the score without it is not the score less its
contribution; it is solved anew. A becomes B - c·y_j y_jᵀ with B = A - λ·I, as there is one positive strength less, and
c = α·r_j. Its inverse follows exactly from that of B (Sherman and Morrison, 1950), so one factorisation of B serves all
items:

    score = y_iᵀB⁻¹b + y_iᵀB⁻¹y_j · (c·(y_jᵀB⁻¹b - p·y_jᵀB⁻¹y_j) / (1 - c·y_jᵀB⁻¹y_j) - p),   p = 1 + α·r_j
"""

from typing import NamedTuple

import numpy as np

from lakerec.model.fold_in import Histories, Space
from lakerec.model.scorer import Floats, Ints


class Reasons(NamedTuple):
    """Why each of a user's listed items was listed: the items that contribute most, and the sum of the rest.

    Arrays have a row per user and a column per place of the list; `m` is the number of named reasons.

    Attributes:
        entries: columns of the history, by contribution descending; -1 where there are fewer reasons. (users, n, m)
        contributions: of those entries. (users, n, m)
        without: score if the user had not had that item; nan where nothing positive would be left. (users, n, m)
        rest: sum of all other contributions. (users, n)
        rest_count: how many those are. (users,)
    """

    entries: Ints
    contributions: Floats
    without: Floats
    rest: Floats
    rest_count: Ints


def find_reasons(space: Space, histories: Histories, listed: Ints, m: int) -> Reasons:
    """Take the scores of several users' lists apart; one factorisation for the scores, one for those without an item.

    Args:
        listed: positions of the listed items, a row per user, -1 where a list is shorter.
        m: named reasons per listed item at most.

    Returns:
        Reasons whose contributions and rest add up to the score; nan where a user's equations are singular.
    """
    from lakerec.model.contribution_loops import take_apart

    m = min(m, histories.strengths.shape[1])
    reasons = Reasons(
        entries=np.full((*listed.shape, m), -1),
        contributions=np.zeros((*listed.shape, m)),
        without=np.full((*listed.shape, m), np.nan),
        rest=np.zeros(listed.shape),
        rest_count=np.maximum(np.count_nonzero(histories.strengths > 0, axis=1) - m, 0),
    )
    take_apart(
        space.factors,
        space.gram,
        (space.weights.alpha, space.weights.reg_param),
        np.ascontiguousarray(histories.positions, np.int64),
        np.ascontiguousarray(histories.strengths, np.float64),
        np.ascontiguousarray(listed, np.int64),
        *reasons[:4],
    )
    return reasons
