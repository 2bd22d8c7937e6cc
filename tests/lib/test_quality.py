"""Which rows are believed."""

from pyspark.sql import SparkSession

from lakerec.contract import Expectation
from lakerec.quality import split_by_belief

EXPECTATIONS = (
    Expectation("has an item", "item_id IS NOT NULL"),
    Expectation("has a positive price", "price > 0", null_passes=True),
    Expectation("has a known action", "action IN ('view', 'cart')"),
)


def test_a_row_is_rejected_with_every_reason_in_declared_order(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [("a", 1.0, "view"), (None, -1.0, "dance")], "item_id string, price double, action string"
    )

    believed, rejected = split_by_belief(rows, EXPECTATIONS)

    assert [row.item_id for row in believed.collect()] == ["a"]
    assert [row.reasons for row in rejected.collect()] == [
        ["has an item", "has a positive price", "has a known action"]
    ]


def test_null_fails_an_expectation_unless_it_says_otherwise(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("a", None, None)], "item_id string, price double, action string")

    _, rejected = split_by_belief(rows, EXPECTATIONS)

    assert [row.reasons for row in rejected.collect()] == [["has a known action"]]


def test_without_expectations_everything_is_believed(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("a",), (None,)], "item_id string")

    believed, rejected = split_by_belief(rows, ())

    assert (believed.count(), rejected.count()) == (2, 0)
