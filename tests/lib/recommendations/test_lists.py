"""Lists with rules and without."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.errors import PythonException

from lakerec.model.scorer import ItemSide
from lakerec.recommendations.lists import Audience, Bars, make_lists
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.rules import Barred, RuleSettings
from lakerec.recommendations.user_items import RecommendSettings

RECOMMEND = RecommendSettings(top_n=2, mask_actions=(), only_available=True, session_days=0, new_item_slots=0)
NONE = RuleSettings(blocked_items=(), blocked_categories=(), max_per_category=0, rest_days={}, look_ahead=5)
SIDE = ItemSide(np.arange(5, dtype=np.int32), np.array([[5.0], [4.0], [3.0], [2.0], [1.0]], np.float32))
NOTHING = ItemSide(np.empty(0, np.int32), np.empty((0, 1), np.float32))
OFFER = Offer(SIDE, NOTHING, ItemSide(np.array([9, 8], np.int32), np.array([[0.7], [0.5]], np.float32)))


@pytest.fixture
def audience(spark):
    placed = spark.createDataFrame([(0, "als", [1.0])], "user_ix int, source string, factors array<float>")
    everybody = spark.createDataFrame([("ann", 0), ("ben", 1)], "user_id string, user_ix int")
    return Audience(everybody, placed, spark.createDataFrame([(1, 9)], "user_ix int, item_ix int"))


def bars(spark, barred, categories=()):
    pairs = spark.createDataFrame([(0, 1, "purchase within 30 days")], "user_ix int, item_ix int, rule string")
    known = Barred(np.array(sorted(barred), np.int32), pa.array([barred[ix] for ix in sorted(barred)], pa.string()))
    return Bars(known, pairs, spark.createDataFrame(categories, "item_ix int, category string"))


def unkept(frame):
    return frame


def ann(frame, *columns):
    rows = sorted(frame.where("user_id = 'ann'").collect(), key=lambda row: row[columns[0]])
    return [tuple(row[column] for column in columns) for row in rows]


def test_without_a_rule_the_raw_rank_is_the_rank_and_nothing_is_refused(spark, audience):
    lists = make_lists(audience, OFFER, bars(spark, {}), (RECOMMEND, NONE), unkept)

    assert ann(lists.final, "rank", "raw_rank", "item_ix", "source") == [(1, 1, 0, "als"), (2, 2, 1, "als")]
    assert lists.refused is None


def test_whoever_is_not_placed_gets_bestsellers_but_what_is_masked(spark, audience):
    lists = make_lists(audience, OFFER, bars(spark, {}), (RECOMMEND, NONE), unkept)

    rows = lists.final.where("user_id = 'ben'").collect()
    assert [(row["user_ix"], row["rank"], row["item_ix"], row["score"]) for row in rows] == [(1, 1, 8, 0.5)]
    assert {row["source"] for row in rows} == {"popularity"}


def test_a_new_item_is_named_after_what_found_it_unless_it_is_barred(spark, audience):
    offer = OFFER._replace(new=ItemSide(np.array([-1], np.int32), np.array([[9.0]], np.float32)))
    with_slot = RECOMMEND.model_copy(update={"new_item_slots": 1})

    lists = make_lists(audience, offer, bars(spark, {}), (with_slot, NONE), unkept)
    barred = make_lists(audience, offer, bars(spark, {-1: "not available"}), (with_slot, NONE), unkept)

    assert ann(lists.final, "rank", "item_ix", "source") == [(1, 0, "als"), (2, -1, "item_attributes")]
    assert ann(barred.final, "rank", "item_ix", "source") == [(1, 0, "als"), (2, 1, "als")]
    assert barred.refused.collect() == []


def test_a_few_barred_items_are_passed_over_and_who_moves_up_keeps_its_raw_rank(spark, audience):
    lists = make_lists(audience, OFFER, bars(spark, {0: "not available"}), (RECOMMEND, NONE), unkept)

    assert ann(lists.final, "rank", "raw_rank", "item_ix", "score") == [(1, 2, 1, 4.0), (2, 3, 2, 3.0)]
    assert ann(lists.refused, "raw_rank", "item_ix", "score", "rule") == [(1, 0, 5.0, "not available")]


def test_barred_and_resting_items_make_room_and_scores_stay(spark, audience):
    resting = NONE.model_copy(update={"rest_days": {"purchase": 30}})

    lists = make_lists(audience, OFFER, bars(spark, {0: "not available"}), (RECOMMEND, resting), unkept)

    assert ann(lists.final, "rank", "raw_rank", "item_ix", "score") == [(1, None, 2, 3.0), (2, None, 3, 2.0)]
    assert ann(lists.refused, "raw_rank", "item_ix", "score", "rule") == [
        (1, 0, 5.0, "not available"),
        (2, 1, 4.0, "purchase within 30 days"),
    ]
    assert lists.final.where("user_id = 'ben'").count() == 1  # for whom nothing rests


def test_where_much_is_barred_a_list_is_full_all_the_same(spark, audience):
    barred = dict.fromkeys((0, 1, 2), "blocked item")
    short = NONE.model_copy(update={"look_ahead": 0})

    lists = make_lists(audience, OFFER, bars(spark, barred), (RECOMMEND, short), unkept)

    assert ann(lists.final, "rank", "raw_rank", "item_ix") == [(1, None, 3), (2, None, 4)]
    assert ann(lists.refused, "raw_rank", "item_ix") == [(1, 0), (2, 1)]


def test_a_category_that_is_full_lets_others_move_up(spark, audience):
    one_each = NONE.model_copy(update={"max_per_category": 1})
    alike = bars(spark, {}, [(0, "coats"), (1, "coats")])

    lists = make_lists(audience, OFFER, alike, (RECOMMEND, one_each), unkept)

    assert ann(lists.final, "rank", "raw_rank", "item_ix") == [(1, 1, 0), (2, 3, 2)]
    assert ann(lists.refused, "raw_rank", "item_ix", "rule") == [(2, 1, "at most 1 per category")]


def test_an_audience_that_names_a_user_twice_is_refused(spark, audience):
    twice = audience._replace(everybody=audience.everybody.union(audience.everybody))

    with pytest.raises(PythonException, match=r"recommendations\.user_items: a user is named twice"):
        make_lists(twice, OFFER, bars(spark, {}), (RECOMMEND, NONE), unkept).final.collect()
