"""How far factors are apart, and what keeps a model from being made again."""

import math
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakerec.config import load
from lakerec.model.replays import compare_factors, differing_settings, hindrances
from lakerec.model.runs import SERVING, Run

ALS = load("test", {}).als


def a_model(**changes: object) -> Run:
    settings = {"als": ALS.model_dump(mode="json")}
    model = Run("m", SERVING, "e", datetime(2026, 3, 1, tzinfo=UTC), settings, {}, "1.0", "cg", None, "4.2.0")
    return model._replace(**changes)


def factors(spark: SparkSession, *rows: tuple[int, list[float]]) -> DataFrame:
    return spark.createDataFrame(list(rows), "user_ix int, factors array<float>")


def test_the_largest_difference_counts_and_a_row_or_number_that_is_lacking_is_infinitely_far(
    spark: SparkSession,
) -> None:
    stored = factors(spark, (1, [1.0, 2.0]), (2, [0.5, 0.5]))
    same, near = factors(spark, (2, [0.5, 0.5]), (1, [1.0, 2.0])), factors(spark, (1, [1.0, 1.75]), (2, [0.5, 0.25]))
    shorter, fewer = factors(spark, (1, [1.0]), (2, [0.5, 0.5])), factors(spark, (1, [1.0, 2.0]))

    compared = [compare_factors(stored, again, "user_ix") for again in (same, near, shorter, fewer)]

    assert compared == [(0.0, 2), (0.25, 2), (math.inf, 2), (math.inf, 2)]
    broken = factors(spark, (1, [math.nan, 2.0]), (2, [0.5, 0.5]))
    assert math.isnan(compare_factors(broken, same, "user_ix")[0])


def test_other_versions_are_named() -> None:
    assert hindrances(a_model(), "1.0", "4.2.0") == []
    assert [line.split(";")[0] for line in hindrances(a_model(spark_version=None), "1.1", "4.2.0")] == [
        "model 'm' was trained by lakerec 1.0, this is lakerec 1.1",
        "model 'm' was trained by Spark of an unknown version, this is Spark 4.2.0",
    ]


@pytest.mark.parametrize(("blocks", "expected"), [(2, []), (4, ["als.user_blocks is 4 here and was 2 then"])])
def test_settings_of_today_that_are_not_those_of_then_are_named(blocks: int, expected: list[str]) -> None:
    assert differing_settings(a_model(), ALS.model_copy(update={"user_blocks": blocks})) == expected
