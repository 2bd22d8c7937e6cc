"""Pairs as compressed sparse rows, a few chunks per task: what the cg solver reads in every half-step.

A chunk is a part of a block of `packed_pairs`: some rows with their strengths, few enough to pass to a worker at once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import RDD

from lakerec.model.packed_pairs import Floats32, Ints, Ints32, Packed, Piece, Sides, joined

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


def chunk_pairs(packed: Packed, sides: Sides) -> RDD[Chunk]:
    """The chunks of all blocks, in the order of their rows; without pairs of which a row is in no side.

    Args:
        sides: of `packed`.
    """
    return packed.pieces.mapPartitionsWithIndex(_chunker(packed.user_blocks, sides))


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


def _chunker(user_blocks: range, sides: Sides) -> Callable[[int, Iterable[Piece]], Iterator[Chunk]]:
    """What an executor runs on a block; holds its pairs, about 60 bytes each."""

    def chunk_block(number: int, pieces: Iterable[Piece]) -> Iterator[Chunk]:
        own_ids, other_ids = sides if number in user_blocks else reversed(sides)
        own, other, strengths = joined(pieces)
        own, other = positions_among(own_ids, own), positions_among(other_ids, other)
        is_known = (own >= 0) & (other >= 0)
        yield from chunks_of(own[is_known], other[is_known], strengths[is_known], _CHUNK_PAIRS)

    return chunk_block


def positions_among(all_ids: Ints32, ids: Ints32) -> Ints32:
    """Places of some ids among all; -1 for those that are not there."""
    return pc.index_in(pa.array(ids), value_set=pa.array(all_ids)).fill_null(-1).to_numpy()


def _starts(lengths: npt.NDArray[np.integer]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
