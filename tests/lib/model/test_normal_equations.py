"""The exact solution against the equations solved one row at a time."""

import numpy as np
import pytest

from lakerec.model.normal_equations import Equations, gram
from lakerec.model.pair_blocks import chunks_of
from tests.lib.model.als_oracle import solved_row


def some_rows(lengths: list[int], others: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, other and strength of pairs; the first strength of a row is positive."""
    rng = np.random.default_rng(len(lengths))
    rows = np.repeat(np.arange(len(lengths)), lengths)
    columns = np.concatenate([rng.choice(others, length, replace=False) for length in lengths])
    strengths = rng.choice([-2.0, 0.0, 0.5, 3.0], len(rows)).astype(np.float32)
    strengths[np.cumsum([0, *lengths[:-1]])] = 1.0
    return rows, columns, strengths


@pytest.mark.parametrize("rank", [1, 6, 40])
def test_every_row_is_solved_whether_it_has_more_strengths_than_factors_or_fewer(rank: int) -> None:
    others = np.random.default_rng(rank).standard_normal((90, rank)).astype(np.float32)
    rows, columns, strengths = some_rows([1, 2, 5, 6, 7, 39, 40, 41, 90], others=90)
    (chunk,) = chunks_of(rows, columns, strengths, most_pairs=10**6)

    found = Equations(others, reg_param=0.05, alpha=7.0).solve(chunk)

    for row in range(9):
        own = [(int(columns[n]), float(strengths[n])) for n in np.flatnonzero(rows == row)]
        np.testing.assert_allclose(found[row], solved_row(own, others, 0.05, 7.0), rtol=1e-5, atol=1e-7)


def test_very_uneven_strengths_keep_their_digits() -> None:
    others = np.random.default_rng(1).standard_normal((30, 12)).astype(np.float32)
    (chunk,) = chunks_of(np.zeros(3, np.int64), np.arange(3), np.array([1e6, 1e-3, -1e3], np.float32), 10)

    found = Equations(others, reg_param=1e-4, alpha=40.0).solve(chunk)

    expected = solved_row([(0, 1e6), (1, float(np.float32(1e-3))), (2, -1e3)], others, 1e-4, 40.0)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-7)


def test_the_gram_matrix_is_the_sum_over_all_rows_however_many() -> None:
    factors = np.random.default_rng(2).standard_normal((70_000, 3)).astype(np.float32)

    np.testing.assert_allclose(gram(factors), np.float64(factors).T @ np.float64(factors), rtol=1e-12)
