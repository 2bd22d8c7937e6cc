"""The inner loop of the cg solver: rows of one side solved against the fixed factors of the other, compiled by numba.

Of a row with strengths r over the other side's vectors y the factors x solve

    (G + reg·n·I + sum of alpha·|r|·y·yᵀ) x = sum over r > 0 of (1 + alpha·r)·y

with G the sum of y·yᵀ over all y and n the number of r > 0 (Hu, Koren, Volinsky 2008; the penalty weighted as by Zhou
et al., "Large-scale parallel collaborative filtering for the Netflix prize", 2008). The y come rotated into the
eigenvectors of G, where G + reg·n·I is a diagonal: it costs next to nothing to multiply by and to divide by, and
preconditions the conjugate gradient (Takács, Pilászy, Tikk, "Applications of the conjugate gradient method for implicit
feedback", 2011) so well that a row of m strengths is exact after m steps, and a long one nearly so after two or three.

Importing this module imports numba: only where rows are solved.
"""

import numpy as np
import numpy.typing as npt
from numba import types

from lakerec.model.compiled import SUMS_IN_ANY_ORDER, compiled, read_only

Floats32 = npt.NDArray[np.float32]


_SIGNATURE = types.void(
    read_only(types.int64),
    read_only(types.uint32),
    read_only(types.float32),
    read_only(types.float32, dimensions=2),
    read_only(types.float32),
    types.float64,
    types.float64,
    types.int64,
    types.float32[:, ::1],
)


@compiled(_SIGNATURE, SUMS_IN_ANY_ORDER)
def improve_rows(
    starts: npt.NDArray[np.int64],
    positions: npt.NDArray[np.uint32],
    strengths: Floats32,
    fixed: Floats32,
    spectrum: Floats32,
    reg_param: float,
    alpha: float,
    steps: int,
    factors: Floats32,
) -> None:
    """Bring the factors of all rows closer to their solution, in place.

    Args:
        starts: (rows + 1); row i holds the strengths from starts[i] up to starts[i + 1].
        positions: row of `fixed` that a strength is about.
        strengths: float32, any sign.
        fixed: (others, rank), in the basis of the eigenvectors of its Gram matrix.
        spectrum: (rank), the eigenvalues.
        reg_param: penalty per positive strength.
        alpha: confidence per strength.
        steps: of the conjugate gradient, each from the factors as they are.
        factors: (rows, rank), where to start from.
    """
    rank = fixed.shape[1]
    reg, scale = np.float32(reg_param), np.float32(alpha)
    diagonal, residual, search, image = np.empty((4, rank), np.float32)
    for row in range(len(starts) - 1):
        begin, end = starts[row], starts[row + 1]
        x = factors[row]
        positive_count = 0
        for entry in range(begin, end):
            positive_count += strengths[entry] > 0
        for f in range(rank):
            diagonal[f] = spectrum[f] + reg * np.float32(positive_count)
            residual[f] = -diagonal[f] * x[f]
        for entry in range(begin, end):
            y = fixed[positions[entry]]
            weight = scale * abs(strengths[entry])
            predicted = np.float32(0)
            for f in range(rank):
                predicted += y[f] * x[f]
            wanted = np.float32(1) + weight if strengths[entry] > 0 else np.float32(0)
            error = wanted - weight * predicted
            for f in range(rank):
                residual[f] += error * y[f]
        energy = np.float32(0)
        for f in range(rank):
            search[f] = residual[f] / diagonal[f]
            energy += search[f] * residual[f]
        for _ in range(steps):
            if energy <= 1e-30:
                break
            for f in range(rank):
                image[f] = diagonal[f] * search[f]
            for entry in range(begin, end):
                y = fixed[positions[entry]]
                along = np.float32(0)
                for f in range(rank):
                    along += y[f] * search[f]
                along *= scale * abs(strengths[entry])
                for f in range(rank):
                    image[f] += along * y[f]
            curvature = np.float32(0)
            for f in range(rank):
                curvature += search[f] * image[f]
            length = energy / curvature
            renewed = np.float32(0)
            for f in range(rank):
                x[f] += length * search[f]
                residual[f] -= length * image[f]
                renewed += residual[f] * residual[f] / diagonal[f]
            turn = renewed / energy
            for f in range(rank):
                search[f] = residual[f] / diagonal[f] + turn * search[f]
            energy = renewed
