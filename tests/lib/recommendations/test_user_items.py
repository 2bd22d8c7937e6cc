"""recommendations.user_items: lists by name, with a probability, and a batch's name."""

import numpy as np
import pytest

from lakerec.diagnostics.calibrations import Calibration
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.recommendations.user_items import batch_id, judge_recommendations, name_items

LISTS = "source string, user_ix int, rank int, item_ix int, score double"


def test_probability_and_recommendation_follow_the_calibration_of_the_source(spark):
    lists = spark.createDataFrame([("als", 0, 1, 0, 0.5), ("als", 0, 2, 1, 0.0), ("popularity", 1, 1, 0, 9.0)], LISTS)
    calibrations = {"als": Calibration(-1.0, 2.0), "popularity": Calibration(None, None, "too few")}

    rows = judge_recommendations(lists, calibrations, threshold=0.5).orderBy("source", "rank").collect()

    assert [row["probability"] for row in rows] == [pytest.approx(1 / 2), pytest.approx(1 / (1 + np.e)), None]
    assert [row["is_recommended"] for row in rows] == [True, False, False]


def test_without_a_threshold_nothing_is_recommended(spark):
    lists = spark.createDataFrame([("als", 0, 1, 0, 0.5)], LISTS)

    rows = judge_recommendations(lists, {"als": Calibration(-1.0, 2.0)}, threshold=None).collect()

    assert [row["is_recommended"] for row in rows] == [False]


def test_items_get_the_ids_that_people_know(spark):
    lists = spark.createDataFrame([("als", 1, 1, 0, 0.5)], LISTS)

    (row,) = name_items(lists, spark.createDataFrame([("shirt", 0), ("shoe", 1)], ITEM_INDEX.schema)).collect()

    assert row.asDict() == {"source": "als", "user_ix": 1, "rank": 1, "item_id": "shirt", "score": 0.5}


def test_a_batch_changes_its_name_with_anything_that_shapes_it_and_with_nothing_else():
    judgement, settings = {"coefficients": [{"value": 2.0}], "threshold": None}, {"recommend": {"top_n": 3}}
    name = batch_id("m1", judgement, settings, {"silver.items": 1})

    others = {
        batch_id("m2", judgement, settings, {"silver.items": 1}),
        batch_id("m1", {**judgement, "threshold": {"threshold": 0.6}}, settings, {"silver.items": 1}),
        batch_id("m1", judgement, {"recommend": {"top_n": 4}}, {"silver.items": 1}),
        batch_id("m1", judgement, settings, {"silver.items": 2}),
    }

    assert len(name) == 16
    assert len(others - {name}) == 4
    assert batch_id("m1", dict(reversed(judgement.items())), settings, {"silver.items": 1}) == name
