"""Small positive definite systems by Cholesky's factorisation, compiled by numba.

Importing this module imports numba: only where equations are solved.
"""

import numpy as np
import numpy.typing as npt
from numba import types

from lakerec.compiled import SUMS_IN_ANY_ORDER, compiled

Floats = npt.NDArray[np.float64]

_MATRIX = types.float64[:, ::1]


@compiled(types.void(_MATRIX, types.float64, _MATRIX, _MATRIX), SUMS_IN_ANY_ORDER)
def solve(matrix: Floats, penalty: float, lower: Floats, right: Floats) -> None:
    """Solve for every column of `right` (rank, columns), in its place.

    Args:
        matrix: its lower triangle is read; nan comes out where it is not positive definite.
        penalty: added to the diagonal.
        lower: room, of the size of the matrix.
    """
    rank, width = right.shape
    for row in range(rank):
        for column in range(row + 1):
            total = matrix[row, column] + (penalty if row == column else 0.0)
            for f in range(column):
                total -= lower[row, f] * lower[column, f]
            lower[row, column] = np.sqrt(total) if row == column else total / lower[column, column]
    for row in range(rank):
        for f in range(row):
            factor = lower[row, f]
            for column in range(width):
                right[row, column] -= factor * right[f, column]
        for column in range(width):
            right[row, column] /= lower[row, row]
    for row in range(rank - 1, -1, -1):
        for f in range(row + 1, rank):
            factor = lower[f, row]
            for column in range(width):
                right[row, column] -= factor * right[f, column]
        for column in range(width):
            right[row, column] /= lower[row, row]
