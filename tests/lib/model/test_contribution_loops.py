"""The compiled loops against the same formulas in plain numpy, user by user."""

import numpy as np
import pytest

from lakerec.model.contribution_loops import take_apart

ALPHA, REG_PARAM = 2.0, 0.3


@pytest.mark.parametrize(("rank", "longest"), [(1, 3), (6, 9), (9, 4)])
def test_loops_give_what_the_formulas_give(rank: int, longest: int) -> None:
    draw = np.random.default_rng(5)
    factors = np.vstack([draw.normal(size=(30, rank)), np.zeros(rank)])
    positions = draw.integers(0, 30, (8, longest))
    strengths = draw.uniform(-2, 5, positions.shape)
    positions[:4, -1], strengths[:4, -1] = -1, 0.0
    listed = draw.integers(0, 30, (8, 5))
    m = min(3, longest)
    entries, named = np.full((8, 5, m), -1), np.zeros((8, 5, m))
    without, rest = np.full((8, 5, m), np.nan), np.zeros((8, 5))

    gram = factors.T @ factors
    take_apart(factors, gram, (ALPHA, REG_PARAM), positions, strengths, listed, entries, named, without, rest)

    for user in range(8):
        parts = contributions(factors, positions[user], strengths[user], listed[user])
        order = np.argsort(-parts, axis=1, kind="stable")[:, :m]
        assert (np.where(np.isneginf(np.take_along_axis(parts, order, 1)), -1, order) == entries[user]).all()
        found = np.where(np.isneginf(parts), 0.0, parts)
        assert np.take_along_axis(found, order, 1) == pytest.approx(named[user])
        assert found.sum(axis=1) - named[user].sum(axis=1) == pytest.approx(rest[user])
        for place, nth in np.argwhere(entries[user] >= 0):
            fewer = strengths[user].copy()
            fewer[entries[user, place, nth]] = 0.0
            score = score_of(factors, positions[user], fewer, listed[user, place])
            assert without[user, place, nth] == pytest.approx(score, nan_ok=True)


def equations(factors, positions, strengths):
    had = factors[positions]
    penalty = REG_PARAM * (strengths > 0).sum() * np.eye(factors.shape[1])
    return factors.T @ factors + had.T @ (had * (ALPHA * np.abs(strengths))[:, np.newaxis]) + penalty


def contributions(factors, positions, strengths, listed):
    """(n, history); minus infinity for an item that is no reason."""
    inverse = np.linalg.inv(equations(factors, positions, strengths))
    parts = factors[listed] @ inverse @ factors[positions].T * (1 + ALPHA * strengths)
    return np.where(strengths > 0, parts, -np.inf)


def score_of(factors, positions, strengths, item):
    if not (strengths > 0).any():
        return np.nan
    target = ((1 + ALPHA * strengths) * (strengths > 0)) @ factors[positions]
    return factors[item] @ np.linalg.solve(equations(factors, positions, strengths), target)
