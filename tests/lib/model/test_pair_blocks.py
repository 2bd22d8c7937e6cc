"""Pairs as sparse rows: nothing lost, the same bytes in any order."""

import numpy as np
from pyspark.sql import SparkSession

from lakerec.model.packed_pairs import Packed, Sides, block_numbers, collect_sides
from lakerec.model.pair_blocks import Chunk, chunk_pairs, chunks_of
from tests.lib.model.test_als import WITH_HOPELESS_ROWS
from tests.lib.model.test_packed_pairs import pack


def test_chunks_hold_each_row_whole_in_order_and_no_more_pairs_than_asked_unless_a_row_has() -> None:
    own = np.array([5, 3, 4, 3, 4, 4, 4, 6])
    other = np.array([0, 2, 9, 1, 7, 8, 6, 5])
    strengths = np.array([1, 2, 3, 4, 5, 6, 7, 8], np.float32)

    chunks = list(chunks_of(own, other, strengths, most_pairs=3))

    assert [(chunk.first, chunk.starts.tolist()) for chunk in chunks] == [(3, [0, 2]), (4, [0, 4]), (5, [0, 1, 2])]
    assert [chunk.positions.tolist() for chunk in chunks] == [[1, 2], [6, 7, 8, 9], [0, 5]]
    assert [chunk.strengths.tolist() for chunk in chunks] == [[4, 2], [7, 5, 6, 3], [1, 8]]


def test_no_pairs_make_no_chunks() -> None:
    assert list(chunks_of(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), 10)) == []


def test_the_chunks_of_both_sides_hold_every_pair_by_position_and_rows_in_their_order(spark: SparkSession) -> None:
    pairs = [(10, 7, 1.0), (30, 5, 2.0), (10, 5, -1.0), (20, 9, 3.0), (30, 9, 4.0)]

    sides, of_users, of_items = chunked(spark, pairs, user_blocks=2, item_blocks=1)

    assert pairs_in(of_users, *sides) == sorted(pairs)
    assert pairs_in(of_items, sides.items, sides.users) == sorted((item, user, r) for user, item, r in pairs)
    assert [chunk.first + row for chunk in of_users for row in range(len(chunk.starts) - 1)] == [0, 1, 2]


def test_rows_without_a_positive_strength_are_left_out_and_their_pairs_with_them(spark: SparkSession) -> None:
    sides, of_users, _ = chunked(spark, WITH_HOPELESS_ROWS, user_blocks=1, item_blocks=1)

    assert (sides.users.tolist(), sides.items.tolist()) == ([1, 2], [1, 2])
    assert pairs_in(of_users, *sides) == [(1, 1, 2.0), (1, 2, -1.0), (2, 2, 1.0)]


def chunked(
    spark: SparkSession, pairs: list[tuple[int, int, float]], user_blocks: int, item_blocks: int
) -> tuple[Sides, list[Chunk], list[Chunk]]:
    """Both sides, and the chunks of each in the order of its blocks."""
    pieces = pack(spark, pairs, user_blocks, item_blocks)
    blocks = block_numbers(user_blocks, item_blocks)
    found = collect_sides(pieces, blocks[0], most_rows=9)
    assert found.sides is not None
    by_block = chunk_pairs(Packed(pieces, *blocks, found), found.sides).glom().collect()
    users, items = ([chunk for number in side for chunk in by_block[number]] for side in blocks)
    return found.sides, users, items


def pairs_in(chunks: list[Chunk], own_ids: np.ndarray, other_ids: np.ndarray) -> list[tuple[int, int, float]]:
    return sorted(
        (int(own_ids[chunk.first + row]), int(other_ids[chunk.positions[entry]]), float(chunk.strengths[entry]))
        for chunk in chunks
        for row in range(len(chunk.starts) - 1)
        for entry in range(chunk.starts[row], chunk.starts[row + 1])
    )
