"""Implicit ALS by conjugate gradient: the solver `cg`, the same objective as MLlib's at a fraction of its cost.

A half-step is one Spark job. Each task holds a block of rows as sparse rows and improves their factors against those of
the other side, which it gets by broadcast; the driver gathers the factors, and turns them into the eigenvectors of
their Gram matrix, which the model cannot notice and which makes the next half-step's equations nearly diagonal. An
executor that is lost takes its blocks along, and Spark makes them anew. The users are solved last, exactly.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pyspark import Broadcast
from pyspark.sql import DataFrame

from lakerec.model.als_settings import AlsSettings, unsolvable
from lakerec.model.normal_equations import Equations, gram
from lakerec.model.packed_pairs import AS_OBJECTS, Packed, Sides
from lakerec.model.pair_blocks import Chunk, chunk_pairs, positions_among

Floats32 = npt.NDArray[np.float32]
Solver = Callable[[Chunk], Floats32]
Shared = Broadcast[Floats32]


class Factors(NamedTuple):
    """What a fit gives.

    Attributes:
        users: a row per user, in the order of `Sides`.
        items: a row per item.
        pair_count: of those that it learned from.
    """

    users: Floats32
    items: Floats32
    pair_count: int


class Turned(NamedTuple):
    """Factors in the basis of the eigenvectors of their Gram matrix.

    Attributes:
        factors: (rows, rank).
        spectrum: (rank), the eigenvalues.
        basis: (rank, rank), from the basis before.
    """

    factors: Floats32
    spectrum: Floats32
    basis: Floats32


def fit_cg(
    packed: Packed, sides: Sides, start: Floats32 | None, settings: AlsSettings, iterations: Sequence[int]
) -> Iterator[Factors]:
    """Alternate between items and users, handing out what a fit of so many iterations would give.

    Args:
        sides: of `packed`.
        start: (items, rank), from which users begin; null: users begin at random.
        iterations: ascending.

    Raises:
        TrainingDataError: the fit diverged, or equations are singular.
    """
    fit = _Fit(packed, sides, settings)
    try:
        yield from fit.run(start, iterations)
    finally:
        fit.close()


def start_from(item_factors: DataFrame, items: npt.NDArray[np.int32], rank: int) -> Floats32:
    """An earlier model's factors of these items; 0 for those that it did not know. Collects them.

    Args:
        item_factors: item_ix, factors array<float>.
        items: their ids.
    """
    table = item_factors.select("item_ix", "factors").toArrow()
    ids = table["item_ix"].to_numpy()
    factors = table["factors"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(ids), rank)
    with_nothing = np.vstack([factors, np.zeros((1, rank), np.float32)])  # the last row is that of place -1
    return with_nothing[positions_among(ids, items)]


class _Fit:
    """A fit that is going on: its chunks stay cached, and the newest factors of each side broadcast."""

    def __init__(self, packed: Packed, sides: Sides, settings: AlsSettings) -> None:
        self.settings = settings
        self.chunks = chunk_pairs(packed, sides).persist(AS_OBJECTS)
        self.context = packed.pieces.context
        self.user_ids = sides.users
        self.users = _Rows(packed.user_blocks, len(sides.users))
        self.items = _Rows(packed.item_blocks, len(sides.items))

    def run(self, start: Floats32 | None, iterations: Sequence[int]) -> Iterator[Factors]:
        users = self._first_users(start)
        for iteration in range(1, iterations[-1] + 1):
            items = self._half_step(self.items, self.users, users)
            if iteration in iterations:
                yield Factors(self._solve_users(items), items, self.users.pair_count)
            if iteration < iterations[-1]:
                users = self._half_step(self.users, self.items, items)

    def close(self) -> None:
        self.chunks.unpersist()
        for rows in (self.users, self.items):
            rows.close()

    def _first_users(self, start: Floats32 | None) -> Floats32:
        if start is not None:
            return self._half_step(self.users, self.items, start)
        in_order_of_ids = random_directions(self.users.count, self.settings.rank, self.settings.seed)
        return in_order_of_ids[np.argsort(np.argsort(self.user_ids))]

    def _half_step(self, own: "_Rows", other: "_Rows", fixed: Floats32) -> Floats32:
        """Factors of the own side, improved; in the basis that the other side's were turned into."""
        turned = turn(fixed)
        shared = other.replace(self.context.broadcast(turned.factors))
        return self._solved(own, improver(shared, own.factors, turned, self.settings))

    def _solve_users(self, items: Floats32) -> Floats32:
        shared = self.items.replace(self.context.broadcast(items))
        return self._solved(self.users, exact_solver(shared, self.settings))

    def _solved(self, own: "_Rows", solver: Callable[[], Solver]) -> Floats32:
        """One Spark job; collects 4 bytes per factor, in the order of the rows."""
        solved = self.context.runJob(self.chunks, _chunk_solver(solver), list(own.blocks))
        own.pair_count = sum(pair_count for pair_count, _ in solved)
        factors = np.concatenate([factors for _, factors in solved])
        if not np.isfinite(factors).all():
            raise unsolvable(self.settings)
        return factors


class _Rows:
    """One side of a fit: its blocks, how many rows and pairs they hold, and the factors that were broadcast last."""

    def __init__(self, blocks: range, count: int) -> None:
        self.blocks = blocks
        self.count = count
        self.pair_count = 0
        self.factors: Shared | None = None

    def replace(self, factors: Shared) -> Shared:
        if self.factors is not None:
            self.factors.destroy()
        self.factors = factors
        return factors

    def close(self) -> None:
        if self.factors is not None:
            self.factors.destroy()


def random_directions(count: int, rank: int, seed: int) -> Floats32:
    """Rows of length 1, any direction as likely as any other."""
    drawn = np.random.default_rng(seed).standard_normal((count, rank), np.float32)
    return drawn / np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def turn(factors: Floats32) -> Turned:
    """The same factors in the basis of the eigenvectors of their Gram matrix."""
    spectrum, basis = np.linalg.eigh(gram(factors))
    rounded = basis.astype(np.float32)
    return Turned(factors @ rounded, np.maximum(spectrum, 0).astype(np.float32), rounded)


def improver(fixed: Shared, before: Shared | None, turned: Turned, settings: AlsSettings) -> Callable[[], Solver]:
    """What improves the rows of a chunk, from where they were before the turn, or from zero."""
    spectrum, basis = turned.spectrum, turned.basis
    reg_param, alpha, steps = settings.reg_param, settings.alpha, settings.cg_steps

    def prepare() -> Solver:
        from lakerec.model.conjugate_gradient import improve_rows

        def improve(chunk: Chunk) -> Floats32:
            count = len(chunk.starts) - 1
            factors = np.zeros((count, len(basis)), np.float32)
            if before is not None:
                factors = before.value[chunk.first : chunk.first + count] @ basis
            entries = (chunk.starts, chunk.positions, chunk.strengths)
            improve_rows(*entries, fixed.value, spectrum, reg_param, alpha, steps, factors)
            return factors

        return improve

    return prepare


def exact_solver(fixed: Shared, settings: AlsSettings) -> Callable[[], Solver]:
    """What solves the rows of a chunk exactly."""
    reg_param, alpha = settings.reg_param, settings.alpha
    return lambda: Equations(fixed.value, reg_param, alpha).solve


def _chunk_solver(prepare: Callable[[], Solver]) -> Callable[[Iterable[Chunk]], Iterator[tuple[int, Floats32]]]:
    """What an executor runs on a block: number of pairs, and factors, of each chunk."""

    def solve_block(chunks: Iterable[Chunk]) -> Iterator[tuple[int, Floats32]]:
        solve = prepare()
        for chunk in chunks:
            yield len(chunk.positions), solve(chunk)

    return solve_block
