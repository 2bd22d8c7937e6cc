"""Pairs as sparse rows: nothing lost, blocks of like cost, the same bytes in any order."""

import numpy as np
from pyspark.sql import SparkSession

from lakerec.model.pair_blocks import Side, balanced_bounds, chunks_of, collect_side, pair_blocks, read_chunks


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


def test_blocks_are_equally_dear_not_equally_long() -> None:
    assert balanced_bounds(np.array([9, 1, 1, 1, 1]), 2).tolist() == [1]  # 10 | 2 + 2 + 2 + 2
    assert balanced_bounds(np.array([1, 1, 1, 1]), 2).tolist() == [2]
    assert balanced_bounds(np.array([3]), 3).tolist() == [1, 1]  # two blocks stay empty
    assert balanced_bounds(np.array([3, 3]), 1).tolist() == []


def test_the_chunks_of_both_sides_hold_every_pair_by_position(spark: SparkSession) -> None:
    pairs = [(10, 7, 1.0), (30, 5, 2.0), (10, 5, -1.0), (20, 9, 3.0), (30, 9, 4.0)]
    learned = spark.createDataFrame(pairs, "user_ix int, item_ix int, strength float")
    users, items = collect_side(learned, "user_ix", 2, 3), collect_side(learned, "item_ix", 1, 3)
    assert users is not None
    assert items is not None

    table = pair_blocks(learned, users, items, ("user_ix", "item_ix")).toArrow()

    assert collect_side(learned, "user_ix", 2, 2) is None  # more than may be
    assert (users.ids.tolist(), items.ids.tolist()) == ([10, 20, 30], [5, 7, 9])
    chunks = sorted(read_chunks(table.to_batches()), key=lambda chunk: chunk.first)
    assert len(chunks) == 2
    found = [
        (chunk.first + row, int(chunk.positions[entry]), float(chunk.strengths[entry]))
        for chunk in chunks
        for row in range(len(chunk.starts) - 1)
        for entry in range(chunk.starts[row], chunk.starts[row + 1])
    ]
    assert found == [(0, 0, -1.0), (0, 1, 1.0), (1, 2, 3.0), (2, 0, 2.0), (2, 2, 4.0)]


def test_more_blocks_than_rows_leave_some_empty(spark: SparkSession) -> None:
    learned = spark.createDataFrame([(1, 1, 1.0)], "user_ix int, item_ix int, strength float")
    side = Side(np.array([1], np.int32), balanced_bounds(np.array([1]), 3))

    assert pair_blocks(learned, side, side, ("user_ix", "item_ix")).count() == 1
