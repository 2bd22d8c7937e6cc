"""Pairs as few pieces of many bytes: what the cg solver makes of the interactions, by reading them once.

A side is the users, or the items. Its rows are divided into blocks by a hash of their ids, and a block becomes one
task. To cross from Java to Python is what pairs cost most by, so they do it once: there each is packed into a piece for
the block of its user and one for that of its item, and only pieces move from then on.

Pieces are a resilient distributed dataset, not a frame: a solver's tasks are many and short. As queries, they would be
planned, and pieces be turned from Arrow into Spark's rows and back, for longer than they run.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import RDD, StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lakerec.large_batches import large_batches
from lakerec.model.als_settings import AlsSettings

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]

AS_OBJECTS = StorageLevel.MEMORY_AND_DISK_DESER
"""How pieces are kept: at pyspark's own level Java would read each through an ObjectInputStream."""

_PIECES = "block int, own binary, other binary, strengths binary"

_PIECE_BYTES = 12 << 20
"""Pairs that a task packs together, 12 bytes each; with the pieces four times as many."""


class Piece(NamedTuple):
    """Some pairs of a block, in no order.

    Attributes:
        own: int32 ids of the block's side.
        other: int32 ids of the other side.
        strengths: nan for null.
    """

    own: Ints32
    other: Ints32
    strengths: Floats32


class Sides(NamedTuple):
    """int32 ids of the rows that have a positive strength, block after block; a row's place here is its position."""

    users: Ints32
    items: Ints32


class Found(NamedTuple):
    """What there is to learn from.

    Attributes:
        pairs: all of them.
        broken: those whose strength is no finite number.
        sides: nothing where one has more rows than the driver may hold.
    """

    pairs: int
    broken: int
    sides: Sides | None


class Packed(NamedTuple):
    """The pairs of an input as the solver takes them, and what they are.

    Attributes:
        pieces: a partition per block, those of the users first.
        user_blocks, item_blocks: which partitions those are.
    """

    pieces: RDD[Piece]
    user_blocks: range
    item_blocks: range
    found: Found


@contextmanager
def packed_pairs(interactions: DataFrame, settings: AlsSettings) -> Iterator[Packed]:
    """Read the interactions, once; without sides where the factors of one would be too large to broadcast.

    Args:
        interactions: user_ix, item_ix, strength. One row per pair.
    """
    users, items = block_numbers(settings.user_blocks, settings.item_blocks)
    pieces = pack_pairs(interactions, users, items).persist(AS_OBJECTS)
    try:
        found = collect_sides(pieces, users, most_rows=settings.cg_broadcast_bytes // (4 * settings.rank))
        yield Packed(pieces, users, items, found)
    finally:
        pieces.unpersist()


def block_numbers(user_count: int, item_count: int) -> tuple[range, range]:
    """The partitions of so many blocks of users, and of items behind them."""
    return range(user_count), range(user_count, user_count + item_count)


def pack_pairs(interactions: DataFrame, user_blocks: range, item_blocks: range) -> RDD[Piece]:
    """Every pair twice, in a piece of each side; a partition per block.

    Args:
        interactions: user_ix, item_ix, strength. One row per pair.
        user_blocks, item_blocks: `block_numbers`.
    """
    pairs = interactions.select("user_ix", "item_ix", F.col("strength").cast("float").alias("strength"))
    pieces = pairs.mapInArrow(_arrow_packer(user_blocks, item_blocks), _PIECES)
    return pieces.repartitionById(item_blocks.stop, "block").rdd.map(_piece)


def collect_sides(pieces: RDD[Piece], user_blocks: range, most_rows: int) -> Found:
    """Bring the ids of both sides to the driver, 4 bytes each, and how many pairs there are.

    A row without a positive strength is left out: solvers weigh the penalty by their number.

    Args:
        pieces: `pack_pairs`.
        user_blocks: which of its partitions the users' are, the first ones.
        most_rows: of a side.
    """
    blocks = pieces.mapPartitions(_summarise).persist(AS_OBJECTS)
    try:
        sizes = blocks.map(lambda block: (block.pairs, block.broken, len(block.ids))).collect()
        end = user_blocks.stop
        users, items = sizes[:end], sizes[end:]
        pairs, broken = (sum(size[index] for size in users) for index in (0, 1))
        if max(sum(size[2] for size in side) for side in (users, items)) > most_rows:
            return Found(pairs, broken, None)
        ids = blocks.map(lambda block: block.ids).collect()
        return Found(pairs, broken, Sides(np.concatenate(ids[:end]), np.concatenate(ids[end:])))
    finally:
        blocks.unpersist()


def blocks_of(ids: Ints32, count: int) -> Ints:
    """Number of each id's block, by the upper bits of a product (Knuth, "Sorting and Searching", section 6.4)."""
    mixed = ids.astype(np.uint32) * np.uint32(2_654_435_761)
    return ((mixed.astype(np.uint64) * np.uint64(count)) >> np.uint64(32)).astype(np.int64)


def _arrow_packer(
    user_blocks: range, item_blocks: range
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its part of the pairs."""

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in large_batches(batches, _PIECE_BYTES):
            user_ix, item_ix, strengths = (column.to_numpy() for column in table.columns)  # nan for null
            yield from _pieces(user_blocks, user_ix, item_ix, strengths)
            yield from _pieces(item_blocks, item_ix, user_ix, strengths)

    return pack


def _pieces(numbers: range, own: Ints32, other: Ints32, strengths: Floats32) -> Iterator[pa.RecordBatch]:
    blocks = blocks_of(own, len(numbers))
    order = np.argsort(blocks, kind="stable")
    ends = np.cumsum(np.bincount(blocks, minlength=len(numbers))).tolist()
    for number, begin, end in zip(numbers, [0, *ends], ends, strict=False):
        rows = order[begin:end]
        if len(rows):
            piece = [pa.array([part[rows].tobytes()]) for part in (own, other, strengths)]
            yield pa.RecordBatch.from_arrays([pa.array([number], pa.int32()), *piece], ["block", *Piece._fields])


def _piece(row: Row) -> Piece:
    return Piece(
        np.frombuffer(row.own, np.int32), np.frombuffer(row.other, np.int32), np.frombuffer(row.strengths, np.float32)
    )


class _Block(NamedTuple):
    """What is known of a block: its pairs, those of them that are broken, and the ids of its rows, ascending."""

    pairs: int
    broken: int
    ids: Ints32


def _summarise(pieces: Iterable[Piece]) -> Iterator[_Block]:
    """What an executor runs on a block."""
    own, _, strengths = joined(pieces)
    yield _Block(len(own), int((~np.isfinite(strengths)).sum()), np.unique(own[strengths > 0]))


def joined(pieces: Iterable[Piece]) -> Piece:
    """All pairs of a block as one piece."""
    nothing = Piece(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))
    return Piece(*(np.concatenate(parts) for parts in zip(nothing, *pieces, strict=True)))
