"""Rules of the business: what they bar, what moves up, and what they are called."""

from datetime import date, datetime, time

import numpy as np
import pyarrow as pa
import pytest

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.recommendations.raw_lists import Listed
from lakerec.recommendations.rules import (
    Categories,
    Limit,
    RuleSettings,
    barred_items,
    collect_barred,
    collect_categories,
    name_refusals,
    raw_ranks_of,
    resting_of,
    resting_pairs,
    within_rules,
)
from lakerec.silver.items import ITEMS

NONE = RuleSettings(blocked_items=(), blocked_categories=(), max_per_category=0, rest_days={}, look_ahead=10)
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


def listed(*item_ix, row=0):
    """A list of items in their order, each of a score below the last."""
    ranks = np.arange(1, len(item_ix) + 1)
    columns = (np.full(len(item_ix), row), ranks.astype(np.int32), np.array(item_ix, np.int32), 1 / ranks)
    return Listed(*columns, np.zeros(len(item_ix), np.bool_))


def test_a_full_category_lets_others_move_up_and_raw_ranks_stay(spark):
    raw, allowed = listed(1, 2, 3), listed(1, 2, 3, 4, 5)
    categories = collect_categories(
        spark.createDataFrame([(2, "a"), (1, "a"), (3, "b"), (4, None)], "item_ix int, category string")
    )

    final = within_rules(allowed, categories, Limit(3, 1))

    assert (final.ranks.tolist(), final.item_ix.tolist()) == ([1, 2, 3], [1, 3, 4])
    assert raw_ranks_of(final, raw).to_pylist() == [1, 3, None]


def test_each_list_has_its_own_categories_and_length():
    both = listed(1, 2, 3).beside(listed(2, 1, row=1))
    categories = Categories(np.array([1, 2], np.int32), np.array([0, 0]))

    final = within_rules(both, categories, Limit(2, 1))

    assert final.rows.tolist() == [0, 0, 1]
    assert (final.ranks.tolist(), final.item_ix.tolist()) == ([1, 2, 1], [1, 3, 2])


def test_what_was_taken_off_is_named_with_its_rule(spark):
    barred = collect_barred(spark.createDataFrame([(7, "b"), (1, "not available")], "item_ix int, rule string"))
    entry = pa.list_(pa.struct([("item_ix", pa.int32()), ("rule", pa.string())]))
    rests = [[{"item_ix": 2, "rule": "view within 1 days"}], [{"item_ix": 3, "rule": "other"}]]

    rules = name_refusals(listed(1, 2, 3), barred, resting_of(pa.array(rests, entry)), Limit(4, 2))

    assert rules.to_pylist() == ["not available", "view within 1 days", "at most 2 per category"]


def test_where_nothing_is_barred_nothing_is_named(spark):
    barred = collect_barred(spark.createDataFrame([], "item_ix int, rule string"))

    assert barred.rules_of(np.array([1, 2], np.int32)).to_pylist() == [None, None]


def test_candidates_beyond_the_list_are_only_ranked_where_a_category_can_be_full():
    assert (NONE.depth, rules(max_per_category=2).depth) == (0, 10)
