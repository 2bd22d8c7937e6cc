"""The compiled loop against the equations solved one row at a time."""

import numpy as np
import pytest

from lakerec.model.cg_als import turn
from lakerec.model.conjugate_gradient import improve_rows
from lakerec.model.pair_blocks import Chunk, chunks_of
from tests.lib.model.als_oracle import solved_row

REG, ALPHA = 0.1, 4.0


def a_chunk(rows: int, others: int, seed: int) -> Chunk:
    """Up to 30 strengths a row, some of them negative or 0."""
    rng = np.random.default_rng(seed)
    pairs = [(row, other) for row in range(rows) for other in rng.choice(others, rng.integers(1, 30), replace=False)]
    strengths = rng.choice([-2.0, 0.0, 0.5, 1.0, 6.0], len(pairs)).astype(np.float32)
    (chunk,) = chunks_of(*np.array(pairs).T, strengths, most_pairs=10**6)
    return chunk


def entries(chunk: Chunk, row: int) -> list[tuple[int, float]]:
    inside = slice(chunk.starts[row], chunk.starts[row + 1])
    return list(zip(chunk.positions[inside].tolist(), chunk.strengths[inside].tolist(), strict=True))


def improved(chunk: Chunk, others: np.ndarray, before: np.ndarray, steps: int) -> np.ndarray:
    """Factors after so many steps, in the basis of `others`."""
    turned = turn(others)
    factors = before @ turned.basis
    arrays = (chunk.starts, chunk.positions, chunk.strengths)
    improve_rows(*arrays, turned.factors, turned.spectrum, REG, ALPHA, steps, factors)
    return factors @ turned.basis.T


@pytest.mark.parametrize("rank", [1, 5, 16, 33])
def test_enough_steps_from_anywhere_solve_every_row(rank: int) -> None:
    rng = np.random.default_rng(rank)
    chunk, others = a_chunk(40, 60, seed=rank), rng.standard_normal((60, rank)).astype(np.float32)
    anywhere = rng.standard_normal((40, rank)).astype(np.float32)

    found = improved(chunk, others, anywhere, steps=60)

    expected = np.array([solved_row(entries(chunk, row), others, REG, ALPHA) for row in range(40)])
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


def test_as_many_steps_as_strengths_are_enough() -> None:
    others = np.random.default_rng(3).standard_normal((50, 20)).astype(np.float32)
    chunk = Chunk(0, np.array([0, 2]), np.array([4, 7], np.uint32), np.array([3, 1], np.float32))

    found = improved(chunk, others, np.zeros((1, 20), np.float32), steps=2)

    expected = solved_row([(4, 3.0), (7, 1.0)], others, REG, ALPHA)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_a_row_that_is_solved_stays_as_it_is() -> None:
    others = np.random.default_rng(5).standard_normal((60, 8)).astype(np.float32)
    chunk = a_chunk(10, 60, seed=5)
    solved = improved(chunk, others, np.zeros((10, 8), np.float32), steps=60)

    again = improved(chunk, others, solved, steps=3)

    np.testing.assert_allclose(again, solved, atol=1e-5)


def test_strengths_beyond_float32_show_in_the_factors() -> None:
    others = np.full((2, 2), 1e5, np.float32)
    chunk = Chunk(0, np.array([0, 2]), np.array([0, 1], np.uint32), np.array([1e38, 1e38], np.float32))

    found = improved(chunk, others, np.zeros((1, 2), np.float32), steps=3)

    assert not np.isfinite(found).all()
