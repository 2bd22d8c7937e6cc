"""What each item of a user's history contributes to a score, exactly, and what the score would be without it.

A score is y_iᵀx, and x solves A x = b with b a sum over the user's items of positive strength (see `fold_in`). So

    score = Σ_j (1 + α·r_j) · y_iᵀA⁻¹y_j

and the j-th term is the contribution of item j (Hu, Koren, Volinsky, 2008, section 5). Items of negative strength have
no term: they act through A alone. Leaving item j out changes A, too, so the score without it is not the score less its
contribution; it is solved anew.
"""

from typing import NamedTuple

import numpy as np

from lakerec.model.fold_in import Equations, Histories, Space
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
        Reasons whose contributions and rest add up to the score.
    """
    equations = space.equations(histories)
    contributions = _contributions(space, equations, histories, listed)
    is_reason = histories.strengths > 0
    m = min(m, histories.strengths.shape[1])
    ranked = np.where(is_reason[:, np.newaxis], contributions, -np.inf)
    entries = np.argsort(-ranked, axis=2, kind="stable")[..., :m]
    top = np.take_along_axis(ranked, entries, axis=2)
    entries = np.where(top == -np.inf, -1, entries)
    named = np.where(entries < 0, 0.0, top)
    return Reasons(
        entries,
        named,
        scores_without(space, equations, histories, listed, entries),
        contributions.sum(axis=2) - named.sum(axis=2),
        np.maximum(equations.positives - m, 0),
    )


def scores_without(space: Space, equations: Equations, histories: Histories, listed: Ints, entries: Ints) -> Floats:
    """The score of each listed item if the user had not had one item: A, b and n without it, solved anew.

    Without item j, A becomes B - c·y_j y_jᵀ with B = A - λ·I, as there is one positive strength less, and c = α·r_j.
    Its inverse follows exactly from that of B (Sherman and Morrison, 1950), so one factorisation of B serves all items:

        score = y_iᵀB⁻¹b + y_iᵀB⁻¹y_j · (c·(y_jᵀB⁻¹b - p·y_jᵀB⁻¹y_j) / (1 - c·y_jᵀB⁻¹y_j) - p),   p = 1 + α·r_j

    Args:
        listed: as in `find_reasons`; (users, n).
        entries: which column of the history is left out; -1 for none. (users, n, m)

    Returns:
        (users, n, m); nan where the entry is -1, or was the user's only positive strength.
    """
    of_listed, of_history = space.factors[listed], space.factors[histories.positions]
    n, width = listed.shape[1], histories.strengths.shape[1]
    matrix = equations.matrix - space.weights.reg_param * np.eye(space.rank)
    is_left = equations.positives > 1
    matrix[~is_left] = np.eye(space.rank)
    asked = np.concatenate([of_listed, of_history, equations.target[:, np.newaxis]], axis=1)
    solved = np.linalg.solve(matrix, asked.swapaxes(1, 2))
    of_both = of_listed @ solved[..., n : n + width]
    own = np.einsum("uwk,ukw->uw", of_history, solved[..., n : n + width])
    confidence = np.where(is_left[:, np.newaxis], space.weights.alpha * np.abs(histories.strengths), 0.0)
    pull = space.pull(histories.strengths)
    change = confidence * ((of_history @ solved[..., -1:])[..., 0] - pull * own) / (1 - confidence * own) - pull
    scores = of_listed @ solved[..., -1:] + of_both * change[:, np.newaxis]
    is_asked = (entries >= 0) & is_left[:, np.newaxis, np.newaxis]
    return np.where(is_asked, np.take_along_axis(scores, np.maximum(entries, 0), axis=2), np.nan)


def _contributions(space: Space, equations: Equations, histories: Histories, listed: Ints) -> Floats:
    """(users, n, width): (1 + α·r_j) · y_iᵀA⁻¹y_j, and 0 for an item without a positive strength."""
    of_listed = space.factors[listed]
    matrix = equations.matrix.copy()
    matrix[equations.positives == 0] = np.eye(space.rank)
    through = np.linalg.solve(matrix, of_listed.swapaxes(1, 2)).swapaxes(1, 2)
    products = through @ space.factors[histories.positions].swapaxes(1, 2)
    return products * space.pull(histories.strengths)[:, np.newaxis]
