"""Lists with rules and without."""

import numpy as np
import pytest

from lakerec.model.scorer import ItemSide
from lakerec.recommendations.lists import Bars, make_lists
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.rules import RuleSettings
from lakerec.recommendations.user_items import Audience, RecommendSettings

RECOMMEND = RecommendSettings(top_n=2, mask_actions=(), only_available=True, session_days=0, new_item_slots=0)
NONE = RuleSettings(blocked_items=(), blocked_categories=(), max_per_category=0, rest_days={}, look_ahead=5)
SIDE = ItemSide(np.arange(5, dtype=np.int32), np.array([[5.0], [4.0], [3.0], [2.0], [1.0]], np.float32))
NOTHING = ItemSide(np.empty(0, np.int32), np.empty((0, 1), np.float32))


@pytest.fixture
def audience(spark):
    placed = spark.createDataFrame([(0, "als", [1.0])], "user_ix int, source string, factors array<float>")
    nobody = spark.createDataFrame([], "user_id string, user_ix int")
    return Audience(placed, nobody, spark.createDataFrame([], "user_ix int, item_ix int"))


def bars(spark, barred):
    pairs = spark.createDataFrame([(0, 1, "purchase within 30 days")], "user_ix int, item_ix int, rule string")
    items = spark.createDataFrame(sorted(barred.items()), "item_ix int, rule string")
    return Bars(items, frozenset(barred), pairs, spark.createDataFrame([], "item_ix int, category string"))


def test_without_a_rule_the_raw_rank_is_the_rank_and_nothing_is_refused(spark, audience):
    lists = make_lists(audience, Offer(SIDE, NOTHING, NOTHING), bars(spark, {}), (RECOMMEND, NONE), lambda frame: frame)

    assert [(row.rank, row.raw_rank, row.item_ix) for row in lists.final.orderBy("rank").collect()] == [
        (1, 1, 0),
        (2, 2, 1),
    ]
    assert lists.refused is None


def test_barred_and_resting_items_make_room_and_scores_stay(spark, audience):
    resting = NONE.model_copy(update={"rest_days": {"purchase": 30}})

    lists = make_lists(
        audience, Offer(SIDE, NOTHING, NOTHING), bars(spark, {0: "not available"}), (RECOMMEND, resting), lambda f: f
    )

    final = [(row.rank, row.raw_rank, row.item_ix, row.score) for row in lists.final.orderBy("rank").collect()]
    refused = [(row.raw_rank, row.item_ix, row.score, row.rule) for row in lists.refused.orderBy("raw_rank").collect()]
    assert final == [(1, None, 2, 3.0), (2, None, 3, 2.0)]
    assert refused == [(1, 0, 5.0, "not available"), (2, 1, 4.0, "purchase within 30 days")]
