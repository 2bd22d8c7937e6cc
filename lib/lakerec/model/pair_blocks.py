"""Pairs as compressed sparse rows, a few rows of Arrow per task: what the cg solver reads in every half-step.

The rows of a side (its users, or its items) stand in the order of their ids. A block is a range of them with about as
many pairs as any other block, and becomes one task. A chunk is a part of a block, one row of the frame: some rows with
their strengths, small enough for Arrow.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

Ints = npt.NDArray[np.int64]

CHUNK_SCHEMA = "first int, lengths binary, positions binary, strengths binary"

_CHUNK_PAIRS = 1 << 21
"""Pairs of a chunk, 8 bytes each; a row with more has a chunk of its own."""


class Side(NamedTuple):
    """One of the two kinds of rows.

    Attributes:
        ids: int32, ascending; a row's place among them is its position.
        bounds: position of the first row of each block but the first.
    """

    ids: npt.NDArray[np.int32]
    bounds: Ints


class Chunk(NamedTuple):
    """Neighbouring rows of one side.

    Attributes:
        first: position of the first row.
        starts: (rows + 1); row i holds the strengths from starts[i] up to starts[i + 1].
        positions: uint32, row of the other side.
        strengths: float32.
    """

    first: int
    starts: Ints
    positions: npt.NDArray[np.uint32]
    strengths: npt.NDArray[np.float32]


def collect_side(learned: DataFrame, column: str, block_count: int, most_rows: int) -> Side | None:
    """Bring the ids of a side to the driver, 12 bytes each, and divide them; nothing where they are too many.

    Args:
        learned: user_ix, item_ix.
        column: which of the two.
    """
    counts = learned.groupBy(column).agg(F.count("*").alias("pairs")).limit(most_rows + 1).toArrow()
    if len(counts) > most_rows:
        return None
    ids, pairs = counts[column].to_numpy(), counts["pairs"].to_numpy()
    order = np.argsort(ids)
    return Side(ids[order].astype(np.int32), balanced_bounds(pairs[order], block_count))


def balanced_bounds(pairs: Ints, block_count: int) -> Ints:
    """Where blocks begin, but the first, if they are to be equally dear: a row costs its pairs and one more."""
    cost = np.cumsum(pairs + 1)
    shares = cost[-1] * np.arange(1, block_count) / block_count
    return np.searchsorted(cost, shares, side="left") + 1


def pair_blocks(learned: DataFrame, own: Side, other: Side, names: tuple[str, str]) -> DataFrame:
    """The chunks of a side, a partition per block.

    Args:
        learned: user_ix, item_ix, strength. One row per pair.
        names: columns with the ids of the own and of the other side.
    """
    rows = learned.select(F.col(names[0]).alias("own"), F.col(names[1]).alias("other"), "strength")
    placed = rows.repartitionById(len(own.bounds) + 1, _block_of(F.col("own"), own))
    return placed.mapInArrow(_arrow_chunker(own.ids, other.ids), CHUNK_SCHEMA)


def read_chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[Chunk]:
    """The chunks in rows of a frame of chunks; views of Arrow's memory, not copies."""
    for batch in batches:
        for index in range(batch.num_rows):
            first, lengths, positions, strengths = (column[index] for column in batch.columns)
            starts = _starts(np.frombuffer(lengths.as_buffer(), np.int32))
            yield Chunk(
                first.as_py(),
                starts,
                np.frombuffer(positions.as_buffer(), np.uint32),
                np.frombuffer(strengths.as_buffer(), np.float32),
            )


def chunks_of(own: Ints, other: Ints, strengths: npt.NDArray[np.float32], most_pairs: int) -> Iterator[Chunk]:
    """Pairs in any order as chunks.

    Args:
        own: position of the pair's row; every row between the smallest and the largest occurs.
        other: position on the other side.
        most_pairs: of a chunk, unless a row alone has more.
    """
    if not len(own):
        return
    order = np.lexsort((other, own))
    others, sorted_strengths = other[order].astype(np.uint32), strengths[order]
    lowest = int(own.min())
    starts = _starts(np.bincount(own - lowest))
    row = 0
    while row < len(starts) - 1:
        end = max(row + 1, int(np.searchsorted(starts, starts[row] + most_pairs, side="right")) - 1)
        inside = slice(starts[row], starts[end])
        yield Chunk(lowest + row, starts[row : end + 1] - starts[row], others[inside], sorted_strengths[inside])
        row = end


def _block_of(ids: Column, side: Side) -> Column:
    """Number of the block: how many bounds are not beyond the row."""
    firsts = [int(side.ids[bound]) for bound in side.bounds if bound < len(side.ids)]
    return reduce(add, ((ids >= first).cast("int") for first in firsts), F.lit(0))


def _arrow_chunker(
    own_ids: npt.NDArray[np.int32], other_ids: npt.NDArray[np.int32]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on the pairs of a block; holds them all, about 50 bytes each."""

    def chunk_block(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        read = [batch for batch in batches if batch.num_rows]
        if not read:
            return
        own, other, strengths = (pa.chunked_array([batch[n] for batch in read]).to_numpy() for n in range(3))
        positions = np.searchsorted(own_ids, own), np.searchsorted(other_ids, other)
        for chunk in chunks_of(*positions, strengths, _CHUNK_PAIRS):
            yield _record(chunk)

    return chunk_block


def _record(chunk: Chunk) -> pa.RecordBatch:
    lengths = np.diff(chunk.starts).astype(np.int32)
    arrays = [pa.array([part.tobytes()], pa.binary()) for part in (lengths, chunk.positions, chunk.strengths)]
    names = ["first", "lengths", "positions", "strengths"]
    return pa.RecordBatch.from_arrays([pa.array([chunk.first], pa.int32()), *arrays], names)


def _starts(lengths: npt.NDArray[np.integer]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
