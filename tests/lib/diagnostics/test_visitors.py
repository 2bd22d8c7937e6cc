"""Sessions that began without a sign-in: what is known of them, and what is to be found."""

from datetime import UTC, datetime

from lakerec.diagnostics.newcomers import judge_newcomers
from lakerec.diagnostics.visitors import find_visitors
from lakerec.silver.events import EVENTS
from tests.lib.diagnostics.test_newcomers import MODEL
from tests.records import rows_of, unkept


def event(day, hour, session, item, action="view", signed_in=False, user="ann", **others):
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return {
        "source": "shop",
        "event_date": at.date(),
        "event_id": f"{day}-{hour}-{session}-{item}",
        "user_id": user,
        "user_id_sent": user if signed_in else None,
        "session_id": session,
        "item_id": item,
        "action": action,
        "occurred_at": at,
        "is_bot": False,
        **others,
    }


def visitors(spark, *events):
    users = spark.createDataFrame([("ann", 1), ("bob", 2)], "user_id string, user_ix int")
    items = spark.createDataFrame([("hat", 10), ("scarf", 11), ("glove", 12)], "item_id string, item_ix int")
    # trained until the 10th; calibrate 11 and 12, test 13 and 14
    return find_visitors(rows_of(spark, EVENTS, events), (users, items), MODEL, unkept)


def test_only_what_was_done_before_the_sign_in_is_known_and_only_what_came_after_it_is_to_be_found(spark):
    found = visitors(
        spark,
        event(12, 9, "s0", "glove", "purchase", signed_in=True),  # an old customer, which the session does not tell
        event(13, 9, "s1", "scarf", "purchase", signed_in=True),  # before the session
        event(13, 12, "s2", "hat"),
        event(13, 13, "s2", "scarf"),
        event(13, 14, "s2", "glove", signed_in=True),
        event(13, 15, "s2", "glove", "purchase", signed_in=True),
        event(14, 9, "s3", "hat", "purchase", signed_in=True),  # wanted, but known from the session
        event(15, 9, "s4", "scarf", "purchase", signed_in=True),  # after the window
    )

    assert [tuple(row) for row in found.strangers.users.collect()] == [(1, "test")]
    seen = found.strangers.observed.orderBy("item_ix").collect()
    assert [(row.user_ix, row.item_ix, row.action) for row in seen] == [(1, 10, "view"), (1, 11, "view")]
    assert sorted(map(tuple, found.relevant.collect())) == [("test", 1, 10), ("test", 1, 12)]
    judged = judge_newcomers(found.strangers, found.relevant, unkept)
    assert [(row.split, row.user_ix, row.item_ix) for row in judged.relevant.collect()] == [("test", 1, 12)]


def test_each_user_comes_once_in_the_test_window_where_possible_and_bots_and_strangers_to_the_end_never(spark):
    found = visitors(
        spark,
        event(11, 9, "s1", "hat"),
        event(13, 9, "s2", "scarf"),
        event(13, 11, "s3", "glove"),
        event(12, 9, "s4", "hat", user="bob"),
        event(12, 10, "s5", "hat", user="bob", is_bot=True),
        event(13, 9, "s6", "hat", user=None),
    )

    assert sorted(map(tuple, found.strangers.users.collect())) == [(1, "test"), (2, "validation")]
    seen = {(row.user_ix, row.item_ix) for row in found.strangers.observed.collect()}
    assert seen == {(1, 11), (2, 10)}
