"""What goes with an item: more than chance, never itself, never what is barred."""

from datetime import date, datetime, time
from math import log

import numpy as np
import pytest

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.similar_items import (
    SimilarSettings,
    find_similar,
    log_likelihood_ratio,
    name_similar,
    together,
)
from tests.records import unkept

SETTINGS = SimilarSettings(
    top_n=2,
    viewed_actions=("view",),
    bought_actions=("purchase",),
    min_users=2,
    significance=0.05,
    max_items_per_user=50,
)
MONDAY = date(2026, 3, 2)


def daily(spark, pairs, action="view"):
    noon = datetime.combine(MONDAY, time(12))
    rows = [(MONDAY, user, item, action, 1, None, noon, noon) for user, item in pairs]
    return spark.createDataFrame(rows, DAILY_INTERACTIONS.schema)


# items 1 and 2 go together; item 9 is had by everybody, so it is together with all and says nothing
PAIRS = [(user, item) for user in range(6) for item in (1, 2)] + [(user, 3 + user % 3) for user in range(6, 18)]
PAIRS += [(user, 9) for user in range(18)]


NOTHING = np.empty(0, np.int32)


def test_the_ratio_by_hand():
    together, one, other = np.array([6.0, 8.0]), np.array([7.0, 8.0]), np.array([8.0, 8.0])

    ratio, of_the_same = log_likelihood_ratio(together, one, other, users=20)

    cells = [(6, 7 * 8 / 20), (1, 7 * 12 / 20), (2, 13 * 8 / 20), (11, 13 * 12 / 20)]
    assert ratio == pytest.approx(2 * sum(k * log(k / expected) for k, expected in cells))
    assert of_the_same == pytest.approx(2 * (8 * log(20 / 8) + 12 * log(20 / 12)))


def test_what_goes_together_is_found_and_a_bestseller_that_is_everywhere_is_not(spark):
    rows = together(daily(spark, PAIRS), ["view"], NOTHING, SETTINGS, unkept).collect()

    found = {(row.item_ix, row.similar_item_ix): row for row in rows}
    assert found.keys() == {(1, 2), (2, 1)}
    cells = [(6, 6 * 6 / 18), (12, 12 * 12 / 18)]
    assert found[1, 2].score == pytest.approx(2 * sum(k * log(k / expected) for k, expected in cells))
    assert found[1, 2].user_count == 6


def test_chance_few_users_and_barred_items_are_left_out(spark):
    barred = np.array([2], np.int32)
    sure = SETTINGS.model_copy(update={"significance": 1e-9})
    many = SETTINGS.model_copy(update={"min_users": 7})

    assert [
        row.similar_item_ix for row in together(daily(spark, PAIRS), ["view"], barred, SETTINGS, unkept).collect()
    ] == [1]
    assert together(daily(spark, PAIRS), ["view"], NOTHING, sure, unkept).collect() == []
    assert together(daily(spark, PAIRS), ["view"], NOTHING, many, unkept).collect() == []


def test_three_methods_stand_side_by_side_under_names(spark):
    items = ItemSide(np.array([1, 2, 3], np.int32), np.array([[1, 0], [2, 0.1], [0, 3]], np.float32))
    names = spark.createDataFrame([(ix, f"i{ix}") for ix in range(10)], "item_ix int, item_id string")

    rows = name_similar(find_similar(daily(spark, PAIRS), items, NOTHING, SETTINGS, unkept), names).collect()

    near = {(row.item_id, row.rank): row for row in rows if row.method == "factors"}
    assert near["i1", 1].similar_item_id == "i2"
    assert near["i1", 1].score == pytest.approx(2 / np.hypot(2, 0.1), abs=1e-6)
    assert near["i3", 1].similar_item_id == "i2"
    assert {row.method for row in rows} == {"factors", "viewed_together"}
    assert all(row.item_id != row.similar_item_id for row in rows)
