"""The inner loop of `normal_equations`: rows of one side solved exactly, one after the other, compiled by numba.

Importing this module imports numba: only where rows are solved.
"""

import numpy as np
import numpy.typing as npt
from numba import types

from lakerec.compiled import SUMS_IN_ANY_ORDER, compiled, read_only
from lakerec.model.cholesky import solve

Floats = npt.NDArray[np.float64]


@compiled(types.void(*[types.float64[:, ::1]] * 3), SUMS_IN_ANY_ORDER)
def _correct(scaled: Floats, matrix: Floats, right: Floats) -> None:
    """From the right side b to (I + BᵀB)^(-1) b = b - Bᵀ (I + BBᵀ)^(-1) B b, in its place.

    Args:
        scaled: B; (strengths, rank).
        matrix: room; (strengths, strengths).
    """
    count, rank = scaled.shape
    inner = np.zeros((count, 1))
    for row in range(count):
        for f in range(rank):
            inner[row, 0] += scaled[row, f] * right[f, 0]
        for column in range(row + 1):
            total = 0.0
            for f in range(rank):
                total += scaled[row, f] * scaled[column, f]
            matrix[row, column] = total
    solve(matrix, 1.0, np.empty_like(matrix), inner)
    for row in range(count):
        for f in range(rank):
            right[f, 0] -= inner[row, 0] * scaled[row, f]


_SOLVE_ROWS = types.void(
    read_only(types.int64),
    read_only(types.uint32),
    read_only(types.float32),
    read_only(types.float64, dimensions=2),
    read_only(types.float64),
    types.float64,
    types.float64,
    types.float64[:, ::1],
)


@compiled(_SOLVE_ROWS, SUMS_IN_ANY_ORDER)
def solve_rows(
    starts: npt.NDArray[np.int64],
    positions: npt.NDArray[np.uint32],
    strengths: npt.NDArray[np.float32],
    fixed: Floats,
    spectrum: Floats,
    reg_param: float,
    alpha: float,
    factors: Floats,
) -> None:
    """The factors of all rows; nan where an equation is singular to float64.

    Args:
        starts, positions, strengths: as in `Chunk`.
        fixed: (others, rank), in the basis of the eigenvectors of its Gram matrix.
        spectrum: (rank), the eigenvalues.
        reg_param: penalty per positive strength.
        alpha: confidence per strength.
        factors: (rows, rank), out.
    """
    rank = fixed.shape[1]
    scaled, root = np.empty((rank, rank)), np.empty(rank)
    for row in range(len(starts) - 1):
        begin, end = starts[row], starts[row + 1]
        count, positive_count = end - begin, 0
        for entry in range(begin, end):
            positive_count += strengths[entry] > 0
        for f in range(rank):
            root[f] = np.sqrt(spectrum[f] + reg_param * positive_count)
        right, matrix = np.zeros((rank, 1)), np.zeros((min(count, rank), min(count, rank)))
        for entry in range(begin, end):
            y, weight = fixed[positions[entry]], alpha * abs(np.float64(strengths[entry]))
            pull = 1 + weight if strengths[entry] > 0 else 0.0
            own = scaled[(entry - begin) % rank]  # of more strengths than factors only the sum is needed
            for f in range(rank):
                own[f] = np.sqrt(weight) * y[f] / root[f]
                right[f, 0] += pull * y[f] / root[f]
            if count >= rank:
                for g in range(rank):
                    for f in range(g + 1):
                        matrix[g, f] += own[g] * own[f]
        if count >= rank:
            solve(matrix, 1.0, np.empty_like(matrix), right)
        else:
            _correct(scaled[:count], matrix, right)
        for f in range(rank):
            factors[row, f] = right[f, 0] / root[f]
