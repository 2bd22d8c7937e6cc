"""Bestsellers and random lists, out of the same kernel as the model's."""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.model.baselines import (
    popularity_items,
    random_items,
    random_users,
    rank_alike,
    rank_by_chance,
)
from lakerec.model.scorer import ItemSide, top_n, with_masked


def users(spark: SparkSession, count: int) -> DataFrame:
    return spark.createDataFrame([(ix,) for ix in range(count)], "user_ix int")


def test_everybody_gets_the_bestsellers_they_do_not_have(spark: SparkSession) -> None:
    popularity = spark.createDataFrame([(0, 5.0), (1, 9.0), (2, 5.0), (3, 0.0)], "item_ix int, strength double")
    index = spark.createDataFrame([("d", 0), ("c", 1), ("b", 2), ("a", 3)], "item_id string, item_ix int")
    known = spark.createDataFrame([(1, 1)], "user_ix int, item_ix int")

    [masked] = with_masked(users(spark, 2), known).orderBy("user_ix").toArrow().combine_chunks().to_batches()
    ranked = rank_alike(masked, popularity_items(popularity, index), n=4)

    assert [tuple(row.values()) for row in ranked.to_pylist()] == [
        (0, 1, 1, 9.0),
        (0, 2, 2, 5.0),  # b before d
        (0, 3, 0, 5.0),
        (1, 1, 2, 5.0),
        (1, 2, 0, 5.0),
    ]


def test_random_lists_depend_on_seed_and_user_alone(spark: SparkSession) -> None:
    catalogue = ItemSide(np.arange(50, dtype=np.int32), np.empty((50, 3), np.float32))

    def lists(seed: int, count: int, partitions: int) -> dict[int, list[int]]:
        drawn = random_users(users(spark, count).repartition(partitions), seed)
        ranked = top_n(drawn.withColumn("masked", F.array().cast("array<int>")), random_items(catalogue, seed), n=5)
        by_user: dict[int, list[int]] = {}
        for row in ranked.orderBy("user_ix", "rank").collect():
            by_user.setdefault(row.user_ix, []).append(row.item_ix)
        return by_user

    few, many, other = lists(7, 3, 1), lists(7, 40, 3), lists(8, 40, 2)

    assert few == {user: many[user] for user in range(3)}
    assert other != many
    assert len({tuple(items) for items in many.values()}) == 40
    assert len({item for items in many.values() for item in items}) > 40


def test_on_an_executor_the_same_lists_come_from_batches() -> None:
    items = ItemSide(np.array([4, 2, 9], np.int32), np.array([[0.5], [0.9], [0.5]], np.float32))
    batch = pa.RecordBatch.from_pydict(
        {
            "user_ix": pa.array([7, 8], pa.int32()),
            "masked": pa.array([[2, 99], []], pa.list_(pa.int32())),
            "chance": pa.array([[1.0], [-1.0]], pa.list_(pa.float32())),
        }
    )

    alike, by_chance = rank_alike(batch, items, n=2), rank_by_chance(batch, items, n=2)

    assert [tuple(row.values())[:3] for row in alike.to_pylist()] == [(7, 1, 4), (7, 2, 9), (8, 1, 2), (8, 2, 4)]
    assert [tuple(row.values())[:3] for row in by_chance.to_pylist()] == [(7, 1, 4), (7, 2, 9), (8, 1, 4), (8, 2, 9)]
