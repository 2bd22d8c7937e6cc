from datetime import timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakerec.silver.events import EventSettings
from lakerec.silver.gap_sessions import make_sessions
from lakerec.silver.sessions import SESSIONS, SessionSettings, days_to_relink, link_users, summarise_sessions
from tests.records import a_record, at, each_once, on, raw_events, rows_of, unkept

BELIEF = EventSettings(actions=("view",), return_actions=(), max_future_skew_minutes=60, max_id_bytes=64)
RULES = SessionSettings(max_days=2, gap_minutes=0, bot_min_events=4, bot_max_events_per_minute=2, bot_max_share=0.5)


def events_of(spark: SparkSession, records: list[dict]) -> DataFrame:
    return make_sessions(each_once(raw_events(spark, records), BELIEF).believed, RULES.gap_minutes)


def summary(spark: SparkSession, records: list[dict]) -> list:
    return summarise_sessions(events_of(spark, records), RULES).orderBy("event_date", "session_id").collect()


def users(spark: SparkSession, records: list[dict], max_days: int = RULES.max_days) -> dict[str, str | None]:
    events = events_of(spark, records)
    linked = link_users(events, summarise_sessions(events, RULES), max_days, unkept)
    return {row.event_id: row.user_id for row in linked.collect()}


def test_a_session_day_tells_its_first_sign_in_its_span_and_its_events(spark):
    records = [
        a_record("e1", at(1, 9), session_id="s1"),
        a_record("e2", at(1, 10), session_id="s1", user_id="ann"),
        a_record("e3", at(1, 11), session_id="s1", user_id="bob"),
        a_record("e4", at(2, 8), session_id="s1"),
        a_record("e5", at(1, 8), session_id=None),
    ]

    first_day, second_day = summary(spark, records)

    assert (first_day.event_date, first_day.user_id, first_day.signed_in_event_id) == (on(1), "ann", "e2")
    assert (first_day.first_at.hour, first_day.signed_in_at.hour, first_day.last_at.hour) == (9, 10, 11)
    assert (first_day.last_signed_in_at.hour, first_day.last_signed_in_event_id) == (11, "e3")
    assert (first_day.event_count, first_day.anonymous_count, first_day.user_count) == (3, 1, 2)
    assert (second_day.event_date, second_day.user_id, second_day.anonymous_count) == (on(2), None, 1)
    assert (second_day.last_signed_in_at, second_day.last_signed_in_event_id, second_day.user_count) == (None, None, 0)


def test_of_two_sign_ins_at_one_time_the_smaller_event_id_is_the_first(spark):
    records = [a_record("e2", user_id="bob", session_id="s1"), a_record("e1", user_id="ann", session_id="s1")]

    [session] = summary(spark, records)

    assert (session.user_id, session.last_signed_in_event_id) == ("ann", "e2")


def test_a_bot_has_many_events_and_more_a_minute_than_a_person(spark):
    start = at(1, 9)
    seconds = {
        "fast and many": (0, 20, 40, 60),  # 4 events in 1 minute: 4 / min
        "fast but few": (0, 1, 2),
        "many but slow": (0, 60, 120, 180),  # 4 events in 3 minutes: 4 / 3 per min
        "at the limit": (0, 30, 60, 120),  # 4 events in 2 minutes: 2 / min
        "within a second": (0, 0.2, 0.4, 0.6),  # counts as one minute: 4 / min
        "an invoice of many lines": (0, 0, 0, 0, 0, 0),  # 1 moment
    }
    records = [
        a_record(f"{session} {n}", start + timedelta(seconds=second), session_id=session)
        for session, moments in seconds.items()
        for n, second in enumerate(moments)
    ]

    bots = {row.session_id for row in summary(spark, records) if row.is_bot}

    assert bots == {"fast and many", "within a second"}


def test_a_session_with_most_of_its_sources_events_of_a_day_is_a_bot(spark):
    hours = {"crawler": 5, "visitor": 3, None: 1}  # of 9 events: 5 / 9, 3 / 9
    records = [
        a_record(f"{session} {hour}", at(1, hour), session_id=session)
        for session, count in hours.items()
        for hour in range(count)
    ]
    elsewhere = [a_record(f"quiet {hour}", at(1, hour), session_id="quiet", source="till") for hour in range(3)]

    bots = {row.session_id for row in summary(spark, records + elsewhere) if row.is_bot}

    assert bots == {"crawler"}


def test_no_events_have_no_sessions(spark):
    assert summary(spark, []) == []


def test_an_event_without_user_takes_the_next_sign_in_of_its_session(spark):
    records = [
        a_record("before", at(1, 9), session_id="s1"),
        a_record("ann", at(1, 10), session_id="s1", user_id="ann"),
        a_record("between", at(1, 11), session_id="s1"),
        a_record("bob", at(1, 12), session_id="s1", user_id="bob"),
        a_record("after", at(1, 13), session_id="s1"),
        a_record("elsewhere", at(1, 9), session_id="s2"),
        a_record("other shop", at(1, 9), session_id="s1", source="till"),
    ]

    assert users(spark, records) == {
        "before": "ann",
        "ann": "ann",
        "between": "bob",
        "bob": "bob",
        "after": None,
        "elsewhere": None,
        "other shop": None,
    }


def test_at_one_time_the_smaller_event_id_comes_first(spark):
    records = [
        a_record("e1", session_id="s1"),
        a_record("e2", session_id="s1", user_id="ann"),
        a_record("e3", session_id="s1"),
    ]

    assert users(spark, records) == {"e1": "ann", "e2": "ann", "e3": None}


def test_a_sign_in_reaches_back_over_max_days_and_no_further(spark):
    records = [
        a_record("e1", at(1), session_id="s1"),
        a_record("e2", at(2), session_id="s1"),
        a_record("e4", at(4), session_id="s1", user_id="ann"),
        a_record("e5", at(5), session_id="s1", user_id="bob"),
    ]

    assert users(spark, records, max_days=2) == {"e1": None, "e2": "ann", "e4": "ann", "e5": "bob"}
    assert users(spark, records, max_days=0) == {"e1": None, "e2": None, "e4": "ann", "e5": "bob"}


@pytest.mark.parametrize("users_that_day", [["ann"], ["ann", "cleo"]])
def test_after_the_last_sign_in_of_a_day_the_next_days_counts(spark, users_that_day):
    signed_in = [
        a_record(f"as {user}", at(1, 9 + n), session_id="s1", user_id=user) for n, user in enumerate(users_that_day)
    ]
    others = [
        a_record("before", at(1, 8), session_id="s1"),
        a_record("after", at(1, 12), session_id="s1"),
        a_record("next day", at(2), session_id="s1", user_id="bob"),
    ]

    told = users(spark, [*signed_in, *others])

    assert (told["before"], told["after"]) == ("ann", "bob")


def test_events_without_session_are_never_linked_nor_bots(spark):
    records = [a_record("e1", at(1, 9)), a_record("e2", at(1, 10), user_id="ann")]
    events = events_of(spark, records)

    linked = link_users(events, summarise_sessions(events, RULES), 2, unkept).orderBy("event_id").collect()

    assert [(row.user_id, row.user_id_sent, row.is_bot) for row in linked] == [
        (None, None, False),
        ("ann", "ann", False),
    ]


def test_a_linked_event_keeps_what_was_sent(spark):
    events = events_of(
        spark, [a_record("e1", at(1), session_id="s"), a_record("e2", at(2), session_id="s", user_id="ann")]
    )

    linked = link_users(events, summarise_sessions(events, RULES), 2, unkept).orderBy("event_id").collect()

    assert [(row.user_id, row.user_id_sent) for row in linked] == [("ann", None), ("ann", "ann")]


@pytest.mark.parametrize(("max_days", "days"), [(0, []), (1, [on(3)]), (2, [on(2), on(3)])])
def test_earlier_days_with_anonymous_events_of_the_same_sessions_are_computed_again(spark, max_days, days):
    waiting = {"source": "shop", "session_id": "s1", "anonymous_count": 1}
    sessions = rows_of(
        spark,
        SESSIONS,
        [
            waiting | {"event_date": on(1)},
            waiting | {"event_date": on(2)},
            waiting | {"event_date": on(3)},
            waiting | {"event_date": on(3), "session_id": "s2"},
            waiting | {"event_date": on(5)},
        ],
    )
    signed_in = a_record("e1", at(4), session_id="s1", user_id="ann")
    records = raw_events(spark, [signed_in, a_record("e2", at(4), session_id="s2", user_id="bea")])

    found = days_to_relink(sessions, records, raw_events(spark, [signed_in]), max_days).orderBy("event_date").collect()

    assert [row.event_date for row in found] == days


def test_a_day_whose_sessions_were_all_signed_in_is_left_alone(spark):
    sessions = rows_of(
        spark, SESSIONS, [{"source": "shop", "session_id": "s1", "event_date": on(3), "anonymous_count": 0}]
    )

    new = raw_events(spark, [a_record("e1", at(4), session_id="s1", user_id="ann")])

    found = days_to_relink(sessions, new, new, 2)

    assert found.collect() == []


def test_events_are_shuffled_once_to_be_linked_where_sessions_are_too_many_to_broadcast(spark):
    columns = (
        "source string, event_date date, session_id string, event_id string, user_id string, occurred_at timestamp"
    )
    events, sessions = spark.createDataFrame([], columns), spark.createDataFrame([], SESSIONS.schema)
    broadcast = spark.conf.get("spark.sql.autoBroadcastJoinThreshold")
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", -1)
    try:
        plan = link_users(events, sessions, RULES.max_days, unkept)._jdf.queryExecution().executedPlan().toString()
    finally:
        spark.conf.set("spark.sql.autoBroadcastJoinThreshold", broadcast)

    assert "SortMergeJoin" in plan
    assert plan.count("Exchange ") == 3  # the sessions are shuffled twice
