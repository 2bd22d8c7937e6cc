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
import pyarrow as pa
from pyspark import Broadcast, StorageLevel
from pyspark.sql import DataFrame

from lakerec.model.als_settings import AlsSettings, unsolvable
from lakerec.model.normal_equations import Equations, gram
from lakerec.model.pair_blocks import Chunk, Side, collect_side, pair_blocks, read_chunks

Floats32 = npt.NDArray[np.float32]
Solver = Callable[[Chunk], Floats32]
Shared = Broadcast[Floats32]

_SOLVED_SCHEMA = "first int, factors binary"


class Sides(NamedTuple):
    """Both kinds of rows."""

    users: Side
    items: Side


class Factors(NamedTuple):
    """A row per user and per item, in the order of `Sides`."""

    users: Floats32
    items: Floats32


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


def collect_sides(learned: DataFrame, settings: AlsSettings) -> Sides | None:
    """Bring the ids of both sides to the driver; nothing where the factors of one would be too large to broadcast."""
    most_rows = settings.cg_broadcast_bytes // (4 * settings.rank)
    users = collect_side(learned, "user_ix", settings.user_blocks, most_rows)
    items = collect_side(learned, "item_ix", settings.item_blocks, most_rows) if users else None
    return Sides(users, items) if users and items else None


def fit_cg(learned: DataFrame, sides: Sides, start: Floats32 | None, settings: AlsSettings) -> Factors:
    """Alternate between items and users.

    Args:
        learned: user_ix, item_ix, strength (float); one row per pair, each with a positive strength on both sides.
        start: (items, rank), from which users begin; null: users begin at random.

    Raises:
        TrainingDataError: the fit diverged, or equations are singular.
    """
    return next(fit_cg_at(learned, sides, start, settings, [settings.max_iter]))


def fit_cg_at(
    learned: DataFrame, sides: Sides, start: Floats32 | None, settings: AlsSettings, iterations: Sequence[int]
) -> Iterator[Factors]:
    """As `fit_cg`, handing out what a fit of so many iterations would give, on the way to the last of them.

    Args:
        iterations: ascending.
    """
    fit = _Fit(learned, sides, settings)
    try:
        yield from fit.run(start, iterations)
    finally:
        fit.close()


def start_from(item_factors: DataFrame, items: Side, rank: int) -> Floats32:
    """An earlier model's factors of these items; 0 for those that it did not know. Collects them.

    Args:
        item_factors: item_ix, factors array<float>.
    """
    table = item_factors.select("item_ix", "factors").toArrow()
    ids = table["item_ix"].to_numpy()
    factors = table["factors"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(ids), rank)
    places = np.minimum(np.searchsorted(items.ids, ids), len(items.ids) - 1)
    is_known = items.ids[places] == ids
    start = np.zeros((len(items.ids), rank), np.float32)
    start[places[is_known]] = factors[is_known]
    return start


class _Fit:
    """A fit that is going on: its blocks stay cached, and the newest factors of each side broadcast."""

    def __init__(self, learned: DataFrame, sides: Sides, settings: AlsSettings) -> None:
        self.settings, self.sides = settings, sides
        self.context = learned.sparkSession.sparkContext
        users, items = sides
        self.users = _Rows(pair_blocks(learned, users, items, ("user_ix", "item_ix")), len(users.ids))
        self.items = _Rows(pair_blocks(learned, items, users, ("item_ix", "user_ix")), len(items.ids))

    def run(self, start: Floats32 | None, iterations: Sequence[int]) -> Iterator[Factors]:
        users = self._first_users(start)
        for iteration in range(1, iterations[-1] + 1):
            items = self._half_step(self.items, self.users, users)
            if iteration in iterations:
                yield Factors(self._solve_users(items), items)
            if iteration < iterations[-1]:
                users = self._half_step(self.users, self.items, items)

    def close(self) -> None:
        for rows in (self.users, self.items):
            rows.close()

    def _first_users(self, start: Floats32 | None) -> Floats32:
        if start is not None:
            return self._half_step(self.users, self.items, start)
        return random_directions(self.users.count, self.settings.rank, self.settings.seed)

    def _half_step(self, own: "_Rows", other: "_Rows", fixed: Floats32) -> Floats32:
        """Factors of the own side, improved; in the basis that the other side's were turned into."""
        turned = turn(fixed)
        shared = other.replace(self.context.broadcast(turned.factors))
        return self._solved(own, improver(shared, own.factors, turned, self.settings))

    def _solve_users(self, items: Floats32) -> Floats32:
        shared = self.items.replace(self.context.broadcast(items))
        try:
            return self._solved(self.users, exact_solver(shared, self.settings))
        except Exception as error:
            if "Singular matrix" not in str(error):
                raise
            raise unsolvable(self.settings) from error

    def _solved(self, own: "_Rows", solver: Callable[[], Solver]) -> Floats32:
        """One Spark job; collects 4 bytes per factor."""
        table = own.blocks.mapInArrow(_arrow_solver(solver), _SOLVED_SCHEMA).toArrow()
        order = np.argsort(table["first"].to_numpy())
        parts = [np.frombuffer(table["factors"][index].as_buffer(), np.float32) for index in order.tolist()]
        factors = np.concatenate(parts).reshape(own.count, self.settings.rank)
        if not np.isfinite(factors).all():
            raise unsolvable(self.settings)
        return factors


class _Rows:
    """One side of a fit: its chunks, how many rows they hold, and the factors that were broadcast last."""

    def __init__(self, blocks: DataFrame, count: int) -> None:
        self.blocks = blocks.persist(StorageLevel.MEMORY_AND_DISK)
        self.count = count
        self.factors: Shared | None = None

    def replace(self, factors: Shared) -> Shared:
        if self.factors is not None:
            self.factors.destroy()
        self.factors = factors
        return factors

    def close(self) -> None:
        self.blocks.unpersist()
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


def _arrow_solver(
    prepare: Callable[[], Solver],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on a block."""

    def solve_block(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        solve = prepare()
        for chunk in read_chunks(batches):
            solved = pa.array([solve(chunk).tobytes()], pa.binary())
            yield pa.RecordBatch.from_arrays([pa.array([chunk.first], pa.int32()), solved], ["first", "factors"])

    return solve_block
