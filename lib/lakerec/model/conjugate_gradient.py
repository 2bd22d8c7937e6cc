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

from lakerec.compiled import SUMS_IN_ANY_ORDER, compiled, read_only

Floats32 = npt.NDArray[np.float32]


_VECTOR = types.float32[::1]
_ADD_PRODUCT = types.void(
    read_only(types.uint32),
    read_only(types.float32),
    read_only(types.float32),
    types.float32,
    read_only(types.float32, dimensions=2),
    _VECTOR,
    _VECTOR,
)


@compiled(_ADD_PRODUCT, SUMS_IN_ANY_ORDER)
def _add_product(
    positions: npt.NDArray[np.uint32],
    weights: Floats32,
    pulls: Floats32,
    share: np.float32,
    fixed: Floats32,
    vector: Floats32,
    image: Floats32,
) -> None:
    """To the image add the sum of (weight·(y·vector) - share·pull)·y over a row's y.

    Four y at a time: so vector and image are fetched for every fourth alone, and no sum waits for another.
    """
    rank, count = len(vector), len(positions)
    whole = count - count % 4
    for n in range(0, whole, 4):
        y0, y1, y2, y3 = (
            fixed[positions[n]], fixed[positions[n + 1]], fixed[positions[n + 2]], fixed[positions[n + 3]]
        )  # fmt: skip
        a0 = a1 = a2 = a3 = np.float32(0)
        for f in range(rank):
            a0 += y0[f] * vector[f]
            a1 += y1[f] * vector[f]
            a2 += y2[f] * vector[f]
            a3 += y3[f] * vector[f]
        a0 = weights[n] * a0 - share * pulls[n]
        a1 = weights[n + 1] * a1 - share * pulls[n + 1]
        a2 = weights[n + 2] * a2 - share * pulls[n + 2]
        a3 = weights[n + 3] * a3 - share * pulls[n + 3]
        for f in range(rank):
            image[f] += a0 * y0[f] + a1 * y1[f] + a2 * y2[f] + a3 * y3[f]
    for n in range(whole, count):
        y, along = fixed[positions[n]], np.float32(0)
        for f in range(rank):
            along += y[f] * vector[f]
        along = weights[n] * along - share * pulls[n]
        for f in range(rank):
            image[f] += along * y[f]


_IMPROVE_ROWS = types.void(
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


@compiled(_IMPROVE_ROWS, SUMS_IN_ANY_ORDER)
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
    diagonal, residual = np.empty(rank, np.float32), np.empty(rank, np.float32)
    search, image = np.empty(rank, np.float32), np.empty(rank, np.float32)
    weights, pulls = np.empty(len(strengths), np.float32), np.zeros(len(strengths), np.float32)
    for entry in range(len(strengths)):
        weights[entry] = scale * abs(strengths[entry])
        if strengths[entry] > 0:
            pulls[entry] = np.float32(1) + weights[entry]
    for row in range(len(starts) - 1):
        begin, end = starts[row], starts[row + 1]
        x, entries = factors[row], (positions[begin:end], weights[begin:end], pulls[begin:end])
        positive_count = 0
        for entry in range(begin, end):
            positive_count += strengths[entry] > 0
        for f in range(rank):
            diagonal[f] = spectrum[f] + reg * np.float32(positive_count)
            image[f] = diagonal[f] * x[f]
        _add_product(*entries, np.float32(1), fixed, x, image)
        energy = np.float32(0)
        for f in range(rank):
            residual[f] = -image[f]
            search[f] = residual[f] / diagonal[f]
            energy += search[f] * residual[f]
        for _ in range(steps):
            if energy <= 1e-30:
                break
            for f in range(rank):
                image[f] = diagonal[f] * search[f]
            _add_product(*entries, np.float32(0), fixed, search, image)
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
