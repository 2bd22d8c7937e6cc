"""Rules of the business: what they bar, what moves up, and what they are called."""

from datetime import date, datetime, time

import pytest

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.recommendations.rules import (
    Limit,
    RuleSettings,
    barred_items,
    name_refusals,
    resting_pairs,
    within_rules,
)
from lakerec.silver.items import ITEMS

NONE = RuleSettings(blocked_items=(), blocked_categories=(), max_per_category=0, rest_days={}, look_ahead=10)
RANKED = "source string, user_ix int, rank int, item_ix int, score double"
MONDAY = date(2026, 3, 2)


def rules(**changes):
    return NONE.model_copy(update=changes)


@pytest.fixture
def catalogue(spark):
    values = [
        {"item_id": "i0", "category": "knives", "is_available": True},
        {"item_id": "i1", "category": "knives", "is_available": False},
        {"item_id": "i2", "category": None, "is_available": False},
        {"item_id": "i3", "category": "coats", "is_available": None},
    ]
    items = spark.createDataFrame([tuple(v.get(name) for name in ITEMS.names) for v in values], ITEMS.schema)
    return items, spark.createDataFrame([(f"i{ix}", ix) for ix in range(5)], ITEM_INDEX.schema)


def test_an_item_is_barred_by_the_first_rule_that_says_so_and_never_for_what_nobody_knows(catalogue):
    settings = rules(blocked_items=("i3", "i4"), blocked_categories=("knives",))

    found = {row.item_ix: row.rule for row in barred_items(*catalogue, settings).collect()}

    assert found == {
        0: "blocked category",
        1: "blocked category",
        2: "not available",
        3: "blocked item",
        4: "blocked item",
    }


def test_a_pair_rests_for_the_days_of_its_action(spark):
    def did(day, user, item, action):
        noon = datetime.combine(date(2026, 3, day), time(12))
        return (date(2026, 3, day), user, item, action, 1, None, noon, noon)

    events = [did(2, 1, 1, "view"), did(1, 1, 2, "view"), did(1, 1, 3, "purchase"), did(2, 1, 3, "view")]
    daily = spark.createDataFrame(events, DAILY_INTERACTIONS.schema)

    pairs = resting_pairs(daily, MONDAY, rules(rest_days={"view": 1, "purchase": 30})).collect()

    assert sorted((row.item_ix, row.rule) for row in pairs) == [
        (1, "view within 1 days"),
        (3, "purchase within 30 days"),
    ]
    assert resting_pairs(daily, MONDAY, NONE).collect() == []


def test_a_full_category_lets_others_move_up_and_raw_ranks_stay(spark):
    raw = spark.createDataFrame([("als", 0, rank, rank, 1 / rank) for rank in (1, 2, 3)], RANKED)
    allowed = spark.createDataFrame([("als", 0, rank, rank, 1 / rank) for rank in (1, 2, 3, 4, 5)], RANKED)
    categories = spark.createDataFrame(
        [(1, "a"), (2, "a"), (3, "b"), (4, None), (5, None)], "item_ix int, category string"
    )

    rows = within_rules(allowed, raw, categories, Limit(3, 1)).orderBy("rank").collect()

    assert [(row.rank, row.item_ix, row.raw_rank) for row in rows] == [(1, 1, 1), (2, 3, 3), (3, 4, None)]


def test_what_was_taken_off_is_named_with_its_rule(spark):
    raw = spark.createDataFrame([("als", 0, rank, rank, 1 / rank) for rank in (1, 2, 3, 4)], RANKED)
    final = spark.createDataFrame([("als", 0, 1, 4, 1 / 4)], RANKED)
    barred = spark.createDataFrame([(1, "not available")], "item_ix int, rule string")
    resting = spark.createDataFrame(
        [(0, 2, "view within 1 days"), (9, 3, "other")], "user_ix int, item_ix int, rule string"
    )

    rows = name_refusals(raw, final, barred, resting, Limit(4, 2)).orderBy("raw_rank").collect()

    assert [(row.raw_rank, row.item_ix, row.rule) for row in rows] == [
        (1, 1, "not available"),
        (2, 2, "view within 1 days"),
        (3, 3, "at most 2 per category"),
    ]
    assert rows[0].score == 1.0


def test_candidates_beyond_the_list_are_only_ranked_where_a_category_can_be_full():
    assert (NONE.depth, rules(max_per_category=2).depth) == (0, 10)
