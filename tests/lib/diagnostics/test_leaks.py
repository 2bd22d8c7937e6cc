"""The leak detector: ten planted leaks, each caught and named; a clean evaluation passes."""

from datetime import UTC, date, datetime, time

import pytest

from lakerec.diagnostics.leaks import Knowledge, find_leaks, require_no_leaks, spanning_pairs
from lakerec.errors import LeakError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.model.split import SplitSettings, last_moment

CUT = date(2026, 3, 10)
SPLIT = SplitSettings(calibrate_days=1, test_days=1, relevant_actions=("purchase",))
LEARNED = [(1, 10, 3.0, 10), (2, 10, 1.0, 9), (1, 11, 4.0, 8)]  # user, item, strength, day
LISTS = [("als", 1, 12, 0.5), ("popularity", 2, 11, 4.0 / 8), ("popularity", 3, 10, 4.0 / 8)]
SCHEMAS = {
    "learned": "user_ix int, item_ix int, strength float, event_count long, last_at timestamp",
    "user_factors": "user_ix int",
    "item_factors": "item_ix int",
    "masked": "user_ix int, item_ix int",
    "relevant": "split string, user_ix int, item_ix int",
    "lists": "recommender string, user_ix int, item_ix int, score double",
    "item_index": "item_id string, item_ix int",
    "spanning": "split string, user_ix int, item_ix int",
}


def learned(user, item, strength, day, hour=12):
    return (user, item, strength, 1, datetime.combine(date(2026, 3, day), time(hour)))


def acted(day, user, item):
    noon = datetime.combine(date(2026, 3, day), time(12))
    return (date(2026, 3, day), user, item, "purchase", 1, None, noon, noon)


def clean_rows():
    """Users 1 and 2 know items 10 and 11; item 12 was had by somebody before the cut, too."""
    return {
        "learned": [*[learned(*row) for row in LEARNED], learned(2, 12, 0.0, 7)],
        "user_factors": [(1,), (2,)],
        "item_factors": [(10,), (11,), (12,)],
        "masked": [(1, 10), (1, 11), (2, 10), (2, 12)],
        "relevant": [("validation", 1, 12), ("test", 2, 11), ("test", 3, 10)],
        "lists": LISTS,
        "item_index": [("a", 10), ("b", 11), ("c", 12), ("d", 13)],
        "spanning": [("test", 1, 10)],
    }


DAILY = [acted(11, 1, 12), acted(12, 2, 11), acted(12, 3, 10)]


def knowledge(spark, daily=DAILY, **rows):
    frames = {name: spark.createDataFrame(values, SCHEMAS[name]) for name, values in {**clean_rows(), **rows}.items()}
    days = spark.createDataFrame(daily, DAILY_INTERACTIONS.schema)
    return Knowledge(as_of=last_moment(CUT), split=SPLIT, daily=days, **frames)


def test_a_clean_evaluation_passes_though_the_register_knows_later_items(spark):
    require_no_leaks(knowledge(spark))


def test_ten_planted_leaks_are_each_caught_with_their_rows(spark):
    clean = clean_rows()
    planted = knowledge(
        spark,
        daily=[*DAILY, acted(12, 5, 12)],
        learned=[*clean["learned"], learned(7, 12, 0.0, 11, hour=0)],  # midnight after the cut
        user_factors=[*clean["user_factors"], (8,)],
        item_factors=[*clean["item_factors"], (13,), (99,)],  # 13 was never had before; nobody ever heard of 99
        relevant=[
            *clean["relevant"],
            ("test", 1, 10),  # known to user 1, bought on no day, and of a session that began before
            ("validation", 5, 12),  # bought in the test window: the calibration would learn from it
        ],
        lists=[
            *LISTS,
            ("als", 2, 12, 0.1),  # user 2 knows it
            ("recent_popularity", 2, 13, 0.1),
            ("popularity", 8, 12, 0.9),  # a share that it did not have at the cut
        ],
    )

    found = {}
    for row in find_leaks(planted).collect():
        found.setdefault(row.kind, set()).add((row.split, row.user_ix, row.item_ix))

    assert found == {
        "training event at or after the cut": {(None, 7, 12)},
        "user with factors but no training event": {(None, 8, None)},
        "item with factors but no training event": {(None, None, 13), (None, None, 99)},
        "held-out pair in train": {("test", 1, 10)},
        "training pair listed": {(None, 2, 12)},
        "item listed that training does not know": {(None, 2, 13)},
        "popularity of another time than the cut": {(None, None, 12)},
        "held-out pair without an event in its window": {("test", 1, 10), ("validation", 5, 12)},
        "item with factors that the index does not know": {(None, None, 99)},
        "held-out pair of a session that began before the window": {("test", 1, 10)},
    }
    with pytest.raises(
        LeakError, match=r"leak: held-out pair in train: 1 rows, such as \(split test, user_ix 1, item_ix 10\)"
    ):
        require_no_leaks(planted)


def test_what_was_bought_in_a_session_that_had_begun_before_the_window_is_named(spark):
    def day(nth):
        return date(2026, 3, nth)

    sessions = spark.createDataFrame(
        [
            ("shop", day(10), "over"),
            ("shop", day(11), "over"),
            ("shop", day(11), "own"),
            ("web", day(11), "late"),
            ("web", day(12), "late"),
        ],
        "source string, event_date date, session_id string",
    )
    events = spark.createDataFrame(
        [
            ("shop", day(11), "over", "ann", "i0", "purchase"),
            ("shop", day(11), "over", "ann", "i1", "view"),
            ("shop", day(11), "own", "ann", "i1", "purchase"),
            ("web", day(11), "late", "ben", "i0", "purchase"),
            ("web", day(12), "late", "ben", "i1", "purchase"),
        ],
        "source string, event_date date, session_id string, user_id string, item_id string, action string",
    )
    users = spark.createDataFrame([("ann", 1), ("ben", 2)], "user_id string, user_ix int")
    items = spark.createDataFrame([("i0", 0), ("i1", 1)], "item_id string, item_ix int")

    found = spanning_pairs(sessions, events, (users, items), datetime(2026, 3, 10, 23, tzinfo=UTC), SPLIT).collect()

    assert {tuple(row) for row in found} == {("validation", 1, 0), ("test", 2, 1)}
