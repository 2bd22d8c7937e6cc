"""Pairs as compressed sparse rows, a few rows of Arrow per task: what the cg solver reads in every half-step.

A chunk is a part of a block of `packed_pairs`, one row of the frame: some rows with their strengths, small enough for
Arrow.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from lakerec.model.packed_pairs import Floats32, Ints, Ints32, as_row, joined, read_rows

_CHUNKS = "first long, lengths binary, positions binary, strengths binary"

_CHUNK_PAIRS = 1 << 21
"""Pairs of a chunk, 8 bytes each; a row with more has a chunk of its own."""


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
    strengths: Floats32


def chunk_pairs(pairs: DataFrame, own_ids: Ints32, other_ids: Ints32) -> DataFrame:
    """The chunks of a side, a partition per block; without pairs whose other row is in no side.

    Args:
        pairs: `pairs_of_side`.
        own_ids, other_ids: as in `Sides`.
    """
    return pairs.mapInArrow(_arrow_chunker(own_ids, other_ids), _CHUNKS)


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


def chunks_of(own: Ints32, other: Ints32, strengths: Floats32, most_pairs: int) -> Iterator[Chunk]:
    """Distinct pairs in any order as chunks.

    Args:
        own: position of the pair's row; every row between the smallest and the largest occurs.
        other: position on the other side.
        most_pairs: of a chunk, unless a row alone has more.
    """
    if not len(own):
        return
    order = np.argsort(own.astype(np.int64) * (int(other.max()) + 1) + other)
    others, sorted_strengths = other[order].astype(np.uint32), strengths[order]
    lowest = int(own.min())
    starts = _starts(np.bincount(own - lowest))
    row = 0
    while row < len(starts) - 1:
        end = max(row + 1, int(np.searchsorted(starts, starts[row] + most_pairs, side="right")) - 1)
        inside = slice(starts[row], starts[end])
        yield Chunk(lowest + row, starts[row : end + 1] - starts[row], others[inside], sorted_strengths[inside])
        row = end


def _arrow_chunker(
    own_ids: Ints32, other_ids: Ints32
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on a block; holds its pairs, about 60 bytes each."""

    def chunk_block(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        own, other, strengths = joined(read_rows(batches))
        own, other = positions_among(own_ids, own), positions_among(other_ids, other)
        is_known = (own >= 0) & (other >= 0)
        for chunk in chunks_of(own[is_known], other[is_known], strengths[is_known], _CHUNK_PAIRS):
            lengths = np.diff(chunk.starts).astype(np.int32)
            yield as_row(first=chunk.first, lengths=lengths, positions=chunk.positions, strengths=chunk.strengths)

    return chunk_block


def positions_among(all_ids: Ints32, ids: Ints32) -> Ints32:
    """Places of some ids among all; -1 for those that are not there."""
    return pc.index_in(pa.array(ids), value_set=pa.array(all_ids)).fill_null(-1).to_numpy()


def _starts(lengths: npt.NDArray[np.integer]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
