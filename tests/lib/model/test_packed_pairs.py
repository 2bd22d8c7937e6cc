"""Pairs packed by block: what is known of both sides before a solver begins."""

import numpy as np
from pyspark import RDD
from pyspark.sql import SparkSession

from lakerec.model.packed_pairs import Found, Piece, block_numbers, blocks_of, collect_sides, pack_pairs


def pack(
    spark: SparkSession, pairs: list[tuple[int, int, float | None]], user_blocks: int, item_blocks: int
) -> RDD[Piece]:
    interactions = spark.createDataFrame(pairs, "user_ix int, item_ix int, strength double")
    return pack_pairs(interactions, *block_numbers(user_blocks, item_blocks))


def test_of_few_enough_rows_the_ids_come_block_after_block(spark: SparkSession) -> None:
    pairs = [(10, 7, 1.0), (30, 5, 2.0), (10, 5, -1.0), (20, 9, 3.0), (30, 9, 4.0)]
    pieces = pack(spark, pairs, user_blocks=2, item_blocks=1)

    found = collect_sides(pieces, range(2), most_rows=3)

    assert (found.pairs, found.broken) == (5, 0)
    assert found.sides is not None
    assert sorted(found.sides.users.tolist()) == [10, 20, 30]
    assert blocks_of(found.sides.users, 2).tolist() == sorted(blocks_of(found.sides.users, 2).tolist())
    assert found.sides.items.tolist() == [5, 7, 9]
    assert collect_sides(pieces, range(2), most_rows=2) == Found(pairs=5, broken=0, sides=None)


def test_blocks_have_about_equally_many_rows_whatever_the_ids_have_in_common() -> None:
    for ids in (np.arange(10_000), np.arange(0, 100_000, 10), np.arange(1 << 30, (1 << 30) + 10_000)):
        sizes = np.bincount(blocks_of(ids.astype(np.int32), 4), minlength=4)

        assert len(sizes) == 4
        assert np.abs(sizes - 2_500).max() < 250


def test_strengths_that_are_no_finite_numbers_are_counted(spark: SparkSession) -> None:
    pieces = pack(
        spark, [(1, 1, 1.0), (1, 2, None), (2, 1, float("nan")), (2, 2, float("-inf"))], user_blocks=2, item_blocks=2
    )

    assert collect_sides(pieces, range(2), most_rows=9)[:2] == (4, 3)


def test_no_pairs_have_no_rows(spark: SparkSession) -> None:
    pieces = pack(spark, [], user_blocks=2, item_blocks=2)

    found = collect_sides(pieces, range(2), most_rows=9)

    assert found.sides is not None
    assert (found.pairs, len(found.sides.users), len(found.sides.items)) == (0, 0, 0)
