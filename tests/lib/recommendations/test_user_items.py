"""recommendations.user_items: lists by name, with a probability, and a batch's name."""

from datetime import UTC, datetime

import numpy as np
import pytest

from lakerec.diagnostics.lists import Catalogue
from lakerec.diagnostics.probabilities import Calibration
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.user_items import (
    USER_ITEMS,
    RecommendSettings,
    available_items,
    batch_id,
    judge_recommendations,
    name_recommendations,
    newest_batch,
    rank_everybody,
)
from lakerec.silver.items import ITEMS

SETTINGS = RecommendSettings(top_n=3, mask_actions=("view",), only_available=True)
LISTS = "source string, user_ix int, rank int, item_ix int, score double"


def brute_force(users, items, names, masked, n):
    """Every score in Python's own arithmetic, sorted by (score descending, item_id)."""
    rows = {}
    for user, factors in users.items():
        scores = {
            ix: sum(float(a) * float(b) for a, b in zip(factors, items[ix], strict=True))
            for ix in items
            if (user, ix) not in masked
        }
        best = sorted(scores, key=lambda ix: (-scores[ix], names[ix]))[:n]
        rows |= {(user, rank): (ix, scores[ix]) for rank, ix in enumerate(best, start=1)}
    return rows


def test_known_users_get_what_brute_force_finds_and_cold_users_bestsellers(spark):
    random = np.random.default_rng(3)
    names = {ix: f"i{(ix * 7) % 40:02d}" for ix in range(40)}
    items = {
        ix: random.integers(-3, 4, 4).astype(np.float32) / 4 for ix in range(40)
    }  # a coarse grid, so that scores tie
    users = {ix: random.integers(-3, 4, 4).astype(np.float32) / 4 for ix in range(12)}
    popular = {ix: np.array([1 / (1 + ix // 4)], np.float32) for ix in range(20)}
    cold = {ix: np.ones(1, np.float32) for ix in (12, 13, 14)}
    masked = {(int(u), int(i)) for u, i in zip(random.integers(0, 14, 60), random.integers(0, 40, 60), strict=True)}

    def side(factors):
        order = sorted(factors, key=names.__getitem__)
        return ItemSide(np.array(order, np.int32), np.stack([factors[ix] for ix in order]))

    rows = rank_everybody(
        spark.createDataFrame([(ix, f.tolist()) for ix, f in users.items()], "user_ix int, factors array<float>"),
        spark.createDataFrame([(f"u{ix}", ix) for ix in range(15)], USER_INDEX.schema),
        spark.createDataFrame(sorted(masked), "user_ix int, item_ix int"),
        Catalogue(side(items), side(popular)),
        n=10,
    ).collect()

    found = {source: {} for source in ("als", "popularity")}
    for row in rows:
        found[row["source"]][row["user_ix"], row["rank"]] = (row["item_ix"], row["score"])
    assert found["als"] == brute_force(users, items, names, masked, 10)
    assert found["popularity"] == brute_force(cold, popular, names, masked, 10)


def test_an_item_stays_unless_the_catalogue_says_that_it_is_not_available(spark):
    factors = spark.createDataFrame(
        [(0, [1.0]), (1, [1.0]), (2, [1.0]), (3, [1.0])], "item_ix int, factors array<float>"
    )
    values = [{"item_id": "i0", "is_available": True}, {"item_id": "i1", "is_available": False}, {"item_id": "i2"}]
    items = spark.createDataFrame([tuple(v.get(name) for name in ITEMS.names) for v in values], ITEMS.schema)
    index = spark.createDataFrame([(f"i{ix}", ix) for ix in range(4)], ITEM_INDEX.schema)

    left = available_items(factors, items, index).collect()

    assert sorted(row["item_ix"] for row in left) == [0, 2, 3]


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


def test_lists_get_the_ids_that_people_know(spark):
    named = name_recommendations(
        spark.createDataFrame([("als", 1, 1, 0, 0.5)], LISTS),
        spark.createDataFrame([("ann", 0), ("ben", 1)], USER_INDEX.schema),
        spark.createDataFrame([("shirt", 0), ("shoe", 1)], ITEM_INDEX.schema),
    )

    assert [tuple(row) for row in named.collect()] == [("als", "ben", 1, "shirt", 0.5)]


def test_the_newest_batch_is_the_one_created_last(spark):
    def row(batch, hour):
        return (
            batch,
            "ann",
            1,
            "i1",
            0.5,
            None,
            False,
            "als",
            f"model of {batch}",
            datetime(2026, 3, 2, hour, tzinfo=UTC),
        )

    batches = spark.createDataFrame([row("b9", 8), row("b1", 9)], USER_ITEMS.schema)

    newest = newest_batch(batches)

    assert (newest["batch_id"], newest["model_id"]) == ("b1", "model of b1")
    assert newest_batch(batches.where("false")) is None


def test_a_batch_changes_its_name_with_anything_that_shapes_it_and_with_nothing_else():
    evaluation = {"calibrations": {"als": Calibration(-1.0, 2.0)}, "threshold": 0.5}
    name = batch_id("m1", evaluation, SETTINGS, {"silver.items": 1})

    others = {
        batch_id("m2", evaluation, SETTINGS, {"silver.items": 1}),
        batch_id("m1", {**evaluation, "threshold": 0.6}, SETTINGS, {"silver.items": 1}),
        batch_id("m1", evaluation, SETTINGS.model_copy(update={"top_n": 4}), {"silver.items": 1}),
        batch_id("m1", evaluation, SETTINGS, {"silver.items": 2}),
    }

    assert len(name) == 16
    assert len(others - {name}) == 4
    assert batch_id("m1", dict(reversed(evaluation.items())), SETTINGS, {"silver.items": 1}) == name
