"""The compiled loops of the top-N kernel, one by one."""

import numpy as np

from lakerec.model.selection import GROUP, find_maxima, score_candidates, select_candidates

LOWEST = np.finfo(np.float32).min


def maxima_of(scores: np.ndarray) -> np.ndarray:
    maxima = np.empty((len(scores), -(-scores.shape[1] // GROUP)), np.float32)
    find_maxima(scores, maxima)
    return maxima


def test_each_group_has_its_largest_score_the_last_group_may_be_shorter() -> None:
    scores = np.zeros((2, 2 * GROUP + 1), np.float32)
    scores[0, [3, GROUP, 2 * GROUP]] = [5, 7, -1]
    scores[1] = LOWEST

    assert maxima_of(scores).tolist() == [[5, 7, -1], [float(LOWEST)] * 3]


def test_what_is_not_below_the_threshold_is_added_to_what_is_kept_in_order() -> None:
    scores = np.array([[1, 3, 2, 3], [9, 0, 0, 0]], np.float32)
    counts, positions = np.array([1, 0]), np.full((2, 5), -1)
    positions[0, 0] = 6

    select_candidates(scores, maxima_of(scores), 10, np.array([2, 10], np.float32), counts, positions)

    assert counts.tolist() == [4, 0]
    assert positions[0].tolist() == [6, 11, 12, 13, -1]


def test_scores_are_added_up_in_float64_one_factor_after_the_other() -> None:
    rng = np.random.default_rng(4)
    users, items = rng.standard_normal((2, 7)).astype(np.float32), rng.standard_normal((9, 7)).astype(np.float32)
    counts, positions = np.array([6, 0]), np.array([[0, 2, 3, 5, 7, 8], [0] * 6])
    scores = np.empty((2, 6))

    score_candidates(users, items, counts, positions, scores)

    assert scores[0].tolist() == [in_order(users[0], items[item]) for item in (0, 2, 3, 5, 7, 8)]
    assert scores[1].tolist() == [-np.inf] * 6


def in_order(user: np.ndarray, item: np.ndarray) -> float:
    total = 0.0
    for u, y in zip(user.tolist(), item.tolist(), strict=True):
        total += u * y
    return total
