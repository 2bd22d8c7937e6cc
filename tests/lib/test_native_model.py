"""Factors of whatever solver as Spark's own model."""

from pathlib import Path

import pytest
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import SparkSession

from lakerec.native_model import native_model


def test_it_is_saved_loaded_and_asked_like_a_model_that_spark_fitted(spark: SparkSession, tmp_path: Path) -> None:
    users = spark.createDataFrame([(3, [1.0, 2.0]), (5, [0.0, -1.0])], "user_ix int, factors array<float>")
    items = spark.createDataFrame([(7, [0.5, 0.25]), (9, [1.0, 1.0])], "item_ix int, factors array<float>")

    native_model(users, items, rank=2).save(str(tmp_path / "model"))
    loaded = ALSModel.load(str(tmp_path / "model"))

    asked = spark.createDataFrame([(3, 7), (5, 9), (4, 7)], "user_ix int, item_ix int")
    answers = {(row.user_ix, row.item_ix): row.prediction for row in loaded.transform(asked).collect()}
    assert answers == {(3, 7): pytest.approx(1 * 0.5 + 2 * 0.25), (5, 9): pytest.approx(-1.0)}  # nobody knows user 4
    assert loaded.rank == 2
    assert [row.item_ix for row in loaded.recommendForAllUsers(1).where("user_ix = 3").first()[1]] == [9]


def test_it_lists_without_having_been_saved(spark: SparkSession) -> None:
    users = spark.createDataFrame([(3, [1.0, 2.0])], "user_ix int, factors array<float>")
    items = spark.createDataFrame([(7, [0.5, 0.25]), (9, [1.0, 1.0])], "item_ix int, factors array<float>")

    lists = native_model(users, items, rank=2).recommendForAllUsers(1)

    assert [(row.item_ix, row.rating) for row in lists.first()[1]] == [(9, 1 * 1.0 + 2 * 1.0)]
