"""Ranked lists from Spark, against brute force."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakerec.model.best_items import Masked
from lakerec.model.scorer import ItemSide, collect_items, nth_of, top_n, with_masked
from tests.lib.model.test_best_items import brute_force, matrix


def test_items_are_collected_in_the_order_of_their_ids(spark: SparkSession) -> None:
    factors = spark.createDataFrame(
        [(0, [0.5, 1.0]), (7, [1.5, 2.0]), (3, [2.5, 3.0])], "item_ix int, factors array<float>"
    )
    index = spark.createDataFrame([("b", 0), ("a", 3), ("B", 7), ("c", 9)], "item_id string, item_ix int")

    items = collect_items(factors, index)

    assert items.item_ix.tolist() == [7, 3, 0]  # B, a, b
    assert items.factors.tolist() == [[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]]
    assert items.positions(np.array([0, 3, 7, 9], np.int32)).tolist() == [2, 1, 0, -1]


def test_no_items_are_collected_as_none(spark: SparkSession) -> None:
    factors = spark.createDataFrame([], "item_ix int, factors array<float>")
    index = spark.createDataFrame([], "item_id string, item_ix int")

    items = collect_items(factors, index)

    assert len(items.item_ix) == 0
    assert items.positions(np.array([1], np.int32)).tolist() == [-1]


def test_spark_gives_each_user_their_own_ranked_list(spark: SparkSession) -> None:
    items = ItemSide(np.array([30, 10, 20], np.int32), matrix((1, 0), (0, 1), (1, 1)))
    factors = spark.createDataFrame(
        [(1, [1.0, 2.0]), (2, [1.0, 0.0]), (3, [0.0, 0.0])], "user_ix int, factors array<float>"
    )
    known = spark.createDataFrame([(1, 20), (1, 99), (2, 10), (2, 20), (2, 30), (4, 10)], "user_ix int, item_ix int")

    ranked = top_n(with_masked(factors, known), items, n=2).orderBy("user_ix", "rank").collect()

    assert [tuple(row) for row in ranked] == [
        (1, 1, 10, 2.0),
        (1, 2, 30, 1.0),
        (3, 1, 30, 0.0),  # all equal: in the order of item_id
        (3, 2, 10, 0.0),
    ]


def test_spark_equals_brute_force_over_many_users_and_batches(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    users, items = rng.integers(-2, 3, (90, 4)).astype(np.float32), rng.integers(-2, 3, (60, 4)).astype(np.float32)
    masked = Masked(*np.nonzero(rng.random((90, 60)) < 0.3))
    side = ItemSide((np.arange(60)[::-1] + 100).astype(np.int32), items)
    factors = spark.createDataFrame(list(enumerate(users.tolist())), "user_ix int, factors array<float>")
    pairs = list(zip(masked.rows.tolist(), side.item_ix[masked.positions].tolist(), strict=True))
    known = spark.createDataFrame(pairs, "user_ix int, item_ix int")

    before = spark.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    try:
        found = top_n(with_masked(factors, known), side, n=10).orderBy("user_ix", "rank").collect()
    finally:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", before)

    assert [tuple(row) for row in found] == [
        (user_ix, rank, int(side.item_ix[position]), score)
        for user_ix, entries in enumerate(brute_force(users, items, masked, 10))
        for rank, (position, score) in enumerate(entries, 1)
    ]


@pytest.mark.parametrize(("groups", "nth"), [([], []), ([3], [0]), ([5, 2, 5, 5, 2], [0, 0, 1, 2, 1])])
def test_places_are_counted_within_their_group(groups, nth):
    assert nth_of(np.array(groups, np.int64)).tolist() == nth
