"""Pairs as sparse rows: nothing lost, the same bytes in any order."""

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from lakerec.model.packed_pairs import collect_sides
from lakerec.model.pair_blocks import chunk_pairs, chunks_of, read_chunks
from tests.lib.model.test_als import WITH_HOPELESS_ROWS
from tests.lib.model.test_packed_pairs import both_sides


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


def test_the_chunks_of_both_sides_hold_every_pair_by_position(spark: SparkSession) -> None:
    pairs = [(10, 7, 1.0), (30, 5, 2.0), (10, 5, -1.0), (20, 9, 3.0), (30, 9, 4.0)]
    users, items = both_sides(spark, pairs, user_blocks=2, item_blocks=1)

    sides = collect_sides(users, items, most_rows=3).sides

    assert sides is not None
    of_users, of_items = chunk_pairs(users, *sides), chunk_pairs(items, sides.items, sides.users)
    assert pairs_in(of_users, *sides) == sorted(pairs)
    assert pairs_in(of_items, sides.items, sides.users) == sorted((item, user, r) for user, item, r in pairs)


def pairs_in(chunks: DataFrame, own_ids: np.ndarray, other_ids: np.ndarray) -> list[tuple[int, int, float]]:
    return sorted(
        (int(own_ids[chunk.first + row]), int(other_ids[chunk.positions[entry]]), float(chunk.strengths[entry]))
        for chunk in read_chunks(chunks.toArrow().to_batches())
        for row in range(len(chunk.starts) - 1)
        for entry in range(chunk.starts[row], chunk.starts[row + 1])
    )


def test_rows_without_a_positive_strength_are_left_out_and_their_pairs_with_them(spark: SparkSession) -> None:
    users, items = both_sides(spark, WITH_HOPELESS_ROWS, user_blocks=1, item_blocks=1)

    sides = collect_sides(users, items, most_rows=9).sides

    assert sides is not None
    assert (sides.users.tolist(), sides.items.tolist()) == ([1, 2], [1, 2])
    kept = pairs_in(chunk_pairs(users, *sides), *sides)
    assert kept == [(1, 1, 2.0), (1, 2, -1.0), (2, 2, 1.0)]
