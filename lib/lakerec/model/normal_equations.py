"""The exact solution of rows against fixed factors, in float64: the last half-step of the cg solver.

The equations are those of `conjugate_gradient`. With D the diagonal G + reg·n·I in the basis of G's eigenvectors, and B
the rows sqrt(alpha·|r|)·y·D^(-1/2), the matrix is D^(1/2) (I + BᵀB) D^(1/2). A row with fewer strengths than factors is
solved through the smaller I + BBᵀ: (I + BᵀB)^(-1) = I - Bᵀ (I + BBᵀ)^(-1) B (Woodbury).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lakerec.model.pair_blocks import Chunk, Ints

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_PART_ROWS = 1 << 16
"""Rows that are copied to float64 at once."""

_BATCH_NUMBERS = 1 << 20
"""Numbers of the vectors that are gathered at once; a row alone may have more."""


class Equations:
    """The fixed side, prepared for any number of rows."""

    def __init__(self, fixed: Floats32, reg_param: float, alpha: float) -> None:
        """Prepare.

        Args:
            fixed: (others, rank), in any basis.
            reg_param: penalty per positive strength.
            alpha: confidence per strength.
        """
        spectrum, self.basis = np.linalg.eigh(gram(fixed))
        self.spectrum = np.maximum(spectrum, 0)
        self.rotated = np.empty(fixed.shape)
        for part in parts(len(fixed)):
            self.rotated[part] = fixed[part].astype(np.float64) @ self.basis
        self.reg_param, self.alpha = reg_param, alpha

    def solve(self, chunk: Chunk) -> Floats32:
        """Factors of the chunk's rows, in the basis of `fixed`.

        Raises:
            LinAlgError: an equation is singular to float64.
        """
        solved = np.empty((len(chunk.starts) - 1, len(self.spectrum)))
        for rows in self._batches(np.diff(chunk.starts)):
            solved[rows] = self._solve_batch(chunk, rows)
        return (solved @ self.basis.T).astype(np.float32)

    def _batches(self, lengths: Ints) -> Iterator[Ints]:
        """Rows of like length together, as they are padded to the longest."""
        order = np.argsort(-lengths, kind="stable")
        begin = 0
        while begin < len(order):
            widest = max(1, int(lengths[order[begin]]))
            end = begin + max(1, _BATCH_NUMBERS // (widest * len(self.spectrum)))
            yield order[begin:end]
            begin = end

    def _solve_batch(self, chunk: Chunk, rows: Ints) -> Floats:
        strengths, vectors = self._gather(chunk, rows)
        weights = self.alpha * np.abs(strengths)
        is_positive = strengths > 0
        diagonal = self.spectrum + self.reg_param * is_positive.sum(axis=1, keepdims=True)
        root = np.sqrt(diagonal)
        scaled = np.sqrt(weights)[:, :, np.newaxis] * vectors / root[:, np.newaxis, :]
        right = np.matmul(((1 + weights) * is_positive)[:, np.newaxis, :], vectors)[:, 0, :] / root
        return _solve_shifted(scaled, right) / root

    def _gather(self, chunk: Chunk, rows: Ints) -> tuple[Floats, Floats]:
        """Strengths (rows, longest) and vectors (rows, longest, rank); where a row ends, strength 0."""
        begins, lengths = chunk.starts[rows], np.diff(chunk.starts)[rows]
        steps = np.arange(lengths.max())
        is_inside = steps < lengths[:, np.newaxis]
        entries = np.where(is_inside, begins[:, np.newaxis] + steps, begins[:, np.newaxis])
        strengths = np.where(is_inside, chunk.strengths[entries].astype(np.float64), 0.0)
        return strengths, self.rotated[chunk.positions[entries]]


def gram(factors: Floats32) -> Floats:
    """Sum of y·yᵀ over the rows, in float64; a copy of a part of the rows at a time."""
    total: Floats = np.zeros((factors.shape[1],) * 2)
    for part in parts(len(factors)):
        exact = factors[part].astype(np.float64)
        total += exact.T @ exact
    return total


def parts(count: int) -> Iterator[slice]:
    """All rows, some at a time."""
    return (slice(begin, begin + _PART_ROWS) for begin in range(0, count, _PART_ROWS))


def _solve_shifted(scaled: Floats, right: Floats) -> Floats:
    """(I + BᵀB)^(-1) times the right side, for each B (strengths, rank) of a batch."""
    _, count, rank = scaled.shape
    turned = scaled.transpose(0, 2, 1)
    if count >= rank:
        solved = np.linalg.solve(turned @ scaled + np.eye(rank), right[:, :, np.newaxis])
        return np.asarray(solved[:, :, 0], np.float64)
    inner = np.linalg.solve(scaled @ turned + np.eye(count), scaled @ right[:, :, np.newaxis])
    correction = np.asarray(turned @ inner, np.float64)
    return right - correction[:, :, 0]
