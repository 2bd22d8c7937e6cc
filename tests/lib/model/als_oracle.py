"""Implicit ALS in plain numpy, float64, one row at a time: what every solver must agree with."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pairs = list[tuple[int, int, float]]


def solved_row(strengths: list[tuple[int, float]], others: npt.NDArray, reg_param: float, alpha: float) -> Floats:
    """x = (YtY + sum alpha |r| y yt + reg n I)^-1 sum over r > 0 of (1 + alpha r) y, with n = number of r > 0.

    Args:
        strengths: (row of `others`, strength).
        others: (others, rank).
    """
    exact = np.float64(others)
    matrix = exact.T @ exact + reg_param * sum(strength > 0 for _, strength in strengths) * np.eye(exact.shape[1])
    right = np.zeros(exact.shape[1])
    for other, strength in strengths:
        matrix += alpha * abs(strength) * np.outer(exact[other], exact[other])
        right += (1 + alpha * strength) * exact[other] if strength > 0 else 0
    return np.linalg.solve(matrix, right)


def loss(users: npt.NDArray, items: npt.NDArray, pairs: Pairs, reg_param: float, alpha: float) -> float:
    """Squared error of all cells, weighted by confidence, and the weighted penalty.

    Args:
        users: (users, rank).
        items: (items, rank).
        pairs: row of the user, row of the item, strength; all other cells have confidence 1 and preference 0.
    """
    predicted = np.float64(users) @ np.float64(items).T
    confidence, preference = np.ones(predicted.shape), np.zeros(predicted.shape)
    penalty = 0.0
    for user, item, strength in pairs:
        confidence[user, item] = 1 + alpha * abs(strength)
        preference[user, item] = strength > 0
        if strength > 0:
            penalty += float(np.float64(users[user]) @ users[user] + np.float64(items[item]) @ items[item])
    return float((confidence * (preference - predicted) ** 2).sum() + reg_param * penalty)
