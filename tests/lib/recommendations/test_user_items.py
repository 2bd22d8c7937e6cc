"""recommendations.user_items: lists by name, with a probability, and a batch's name."""

import numpy as np
import pytest

from lakerec.diagnostics.calibrations import Calibration
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.user_items import (
    Audience,
    RecommendSettings,
    batch_id,
    judge_recommendations,
    name_recommendations,
    rank_everybody,
)

SETTINGS = RecommendSettings(top_n=3, mask_actions=("view",), only_available=True, session_days=1, new_item_slots=0)
PLACED = "user_ix int, source string, factors array<float>"
NOTHING = ItemSide(np.empty(0, np.int32), np.empty((0, 1), np.float32))
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

    audience = Audience(
        spark.createDataFrame([(ix, "als", f.tolist()) for ix, f in users.items()], PLACED),
        spark.createDataFrame([(f"u{ix}", ix) for ix in range(15)], USER_INDEX.schema),
        spark.createDataFrame(sorted(masked), "user_ix int, item_ix int"),
    )
    rows = rank_everybody(audience, Offer(side(items), NOTHING, side(popular)), 10, SETTINGS).collect()

    found = {source: {} for source in ("als", "popularity")}
    for row in rows:
        found[row["source"]][row["user_ix"], row["rank"]] = (row["item_ix"], row["score"])
    assert found["als"] == brute_force(users, items, names, masked, 10)
    assert found["popularity"] == brute_force(cold, popular, names, masked, 10)


def test_new_items_get_the_last_places_and_the_model_goes_on_behind_them(spark):
    placed = spark.createDataFrame([(0, "als", [1.0]), (1, "fold_in", [2.0])], PLACED)
    model = ItemSide(np.arange(5, dtype=np.int32), np.array([[5.0], [4.0], [3.0], [2.0], [1.0]], np.float32))
    new = ItemSide(np.array([-1, -2], np.int32), np.array([[0.5], [9.0]], np.float32))
    nobody = spark.createDataFrame([], "user_ix int, user_id string")
    masked = spark.createDataFrame([(1, -2), (1, -1)], "user_ix int, item_ix int")
    settings = SETTINGS.model_copy(update={"new_item_slots": 1})

    rows = rank_everybody(Audience(placed, nobody, masked), Offer(model, new, NOTHING), 4, settings).collect()

    found = {
        user: [(r.source, r.item_ix) for r in sorted(rows, key=lambda r: r.rank) if r.user_ix == user]
        for user in (0, 1)
    }
    assert found[0] == [("als", 0), ("als", 1), ("item_attributes", -2), ("als", 2)]
    assert found[1] == [("fold_in", ix) for ix in range(4)]  # user 1 had both new items


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

    (row,) = named.collect()
    assert row.asDict() == {"source": "als", "user_id": "ben", "rank": 1, "item_id": "shirt", "score": 0.5}


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
