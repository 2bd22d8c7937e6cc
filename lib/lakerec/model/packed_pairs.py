"""Pairs as few rows of many bytes: what the cg solver makes of the interactions, by reading them once.

A side is the users, or the items. Its rows are divided into blocks by a hash of their ids, and a block becomes one
task. To cross from Java to Python is what pairs cost most by, so they do it once: there each is packed into a piece for
the block of its user and one for that of its item, and only pieces move from then on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.large_batches import large_batches
from lakerec.model.als_settings import AlsSettings

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]

_PIECES = "side string, block long, own binary, other binary, strengths binary"
_SUMMARY = "side string, block long, pairs long, broken long, rows long, ids binary"

_PIECE_BYTES = 12 << 20
"""Pairs that a task packs together, 12 bytes each; with the pieces four times as many."""


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
    """The pairs of an input as the solver takes them, and what they are."""

    users: DataFrame
    items: DataFrame
    found: Found


@contextmanager
def packed_pairs(interactions: DataFrame, settings: AlsSettings) -> Iterator[Packed]:
    """Read the interactions, once; without sides where the factors of one would be too large to broadcast.

    Args:
        interactions: user_ix, item_ix, strength. One row per pair.
    """
    pieces = pack_pairs(interactions, settings.user_blocks, settings.item_blocks).persist()
    blocks = {"users": settings.user_blocks, "items": settings.item_blocks}
    sides = {side: pairs_of_side(pieces, side, count).persist() for side, count in blocks.items()}
    try:
        found = collect_sides(**sides, most_rows=settings.cg_broadcast_bytes // (4 * settings.rank))
        pieces.unpersist()
        yield Packed(**sides, found=found)
    finally:
        for frame in (pieces, *sides.values()):
            frame.unpersist()


def pack_pairs(interactions: DataFrame, user_blocks: int, item_blocks: int) -> DataFrame:
    """Every pair twice, in a piece of each side.

    Args:
        interactions: user_ix, item_ix, strength. One row per pair.
    """
    pairs = interactions.select("user_ix", "item_ix", F.col("strength").cast("float").alias("strength"))
    return pairs.mapInArrow(_arrow_packer(user_blocks, item_blocks), _PIECES)


def pairs_of_side(pieces: DataFrame, side: str, block_count: int) -> DataFrame:
    """The pieces of one side, a partition per block."""
    return pieces.where(F.col("side") == side).repartitionById(block_count, F.col("block").cast("int"))


def collect_sides(users: DataFrame, items: DataFrame, most_rows: int) -> Found:
    """Bring the ids of both sides to the driver, 4 bytes each, and how many pairs there are.

    A row without a positive strength is left out: solvers weigh the penalty by their number.

    Args:
        users, items: `pairs_of_side`.
        most_rows: of a side.
    """
    summary = users.unionAll(items).mapInArrow(_summarise, _SUMMARY).persist()
    try:
        blocks = summary.select("side", "pairs", "broken", "rows").toArrow()
        of_side = {side: blocks.filter(pc.field("side") == side) for side in Sides._fields}
        pairs, broken = (int(pc.sum(of_side["users"][name]).as_py() or 0) for name in ("pairs", "broken"))
        rows = [pc.sum(found["rows"]).as_py() or 0 for found in of_side.values()]
        return Found(pairs, broken, _ids(summary) if max(rows) <= most_rows else None)
    finally:
        summary.unpersist()


def blocks_of(ids: Ints32, count: int) -> Ints:
    """Number of each id's block, by the upper bits of a product (Knuth, "Sorting and Searching", section 6.4)."""
    mixed = ids.astype(np.uint32) * np.uint32(2_654_435_761)
    return ((mixed.astype(np.uint64) * np.uint64(count)) >> np.uint64(32)).astype(np.int64)


def _ids(summary: DataFrame) -> Sides:
    table = summary.select("side", "block", "ids").toArrow().sort_by("block")
    parts = {side: table.filter(pc.field("side") == side)["ids"].to_pylist() for side in Sides._fields}
    return Sides(*(np.frombuffer(b"".join(parts[side]), np.int32) for side in Sides._fields))


def _arrow_packer(user_blocks: int, item_blocks: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its part of the pairs."""

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in large_batches(batches, _PIECE_BYTES):
            user_ix, item_ix, strengths = (column.to_numpy() for column in table.columns)  # nan for null
            yield from _pieces("users", user_blocks, user_ix, item_ix, strengths)
            yield from _pieces("items", item_blocks, item_ix, user_ix, strengths)

    return pack


def _pieces(side: str, count: int, own: Ints32, other: Ints32, strengths: Floats32) -> Iterator[pa.RecordBatch]:
    blocks = blocks_of(own, count)
    order = np.argsort(blocks, kind="stable")
    ends = np.cumsum(np.bincount(blocks, minlength=count)).tolist()
    for block, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        rows = order[begin:end]
        if len(rows):
            yield as_row(side=side, block=block, own=own[rows], other=other[rows], strengths=strengths[rows])


def _summarise(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What an executor runs on blocks; Spark may put one of each side into the same task."""
    by_block = defaultdict(list)
    for piece in read_rows(batches):
        by_block[piece["side"], piece["block"]].append(piece)
    for (side, block), pieces in by_block.items():
        own, _, strengths = joined(pieces)
        ids, broken = np.unique(own[strengths > 0]), int((~np.isfinite(strengths)).sum())
        yield as_row(side=side, block=block, pairs=len(own), broken=broken, rows=len(ids), ids=ids)


def read_rows(batches: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
    """Few rows, with cells of many bytes."""
    return [row for batch in batches for row in batch.to_pylist()]


def joined(pieces: list[dict[str, Any]]) -> tuple[Ints32, Ints32, Floats32]:
    """Own and other ids and strengths of all pairs."""
    own, other, strengths = (b"".join(piece[name] for piece in pieces) for name in ("own", "other", "strengths"))
    return np.frombuffer(own, np.int32), np.frombuffer(other, np.int32), np.frombuffer(strengths, np.float32)


def as_row(**values: str | int | npt.NDArray[np.generic]) -> pa.RecordBatch:
    """One row; arrays as their bytes."""
    cells = [value.tobytes() if isinstance(value, np.ndarray) else value for value in values.values()]
    return pa.RecordBatch.from_arrays([pa.array([cell]) for cell in cells], list(values))
