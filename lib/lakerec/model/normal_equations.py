"""The exact solution of rows against fixed factors, in float64: the last half-step of the cg solver.

The equations are those of `conjugate_gradient`. With D the diagonal G + reg·n·I in the basis of G's eigenvectors, and B
the rows sqrt(alpha·|r|)·y·D^(-1/2), the matrix is D^(1/2) (I + BᵀB) D^(1/2). A row with fewer strengths than factors is
solved through the smaller I + BBᵀ: (I + BᵀB)^(-1) = I - Bᵀ (I + BBᵀ)^(-1) B (Woodbury).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lakerec.model.pair_blocks import Chunk

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_PART_ROWS = 1 << 16
"""Rows that are copied to float64 at once."""


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
        """Factors of the chunk's rows, in the basis of `fixed`; nan where an equation is singular to float64."""
        from lakerec.model.exact_rows import solve_rows

        solved = np.empty((len(chunk.starts) - 1, len(self.spectrum)))
        entries = (chunk.starts, chunk.positions, chunk.strengths)
        solve_rows(*entries, self.rotated, self.spectrum, self.reg_param, self.alpha, solved)
        return (solved @ self.basis.T).astype(np.float32)


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
