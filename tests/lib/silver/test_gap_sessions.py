from datetime import datetime

import pytest
from pyspark.sql import Row, SparkSession

from lakerec.silver.events import EventSettings
from lakerec.silver.gap_sessions import days_to_rejoin, make_sessions, may_lack_sessions
from lakerec.silver.sessions import SESSIONS
from tests.records import a_record, at, each_once, on, raw_events, rows_of

BELIEF = EventSettings(actions=("view",), return_actions=(), max_future_skew_minutes=60, max_id_bytes=64)
MIDNIGHT_TOUR = [at(1, 23, 40), at(1, 23, 59), at(2, 0, 10), at(2, 0, 50)]


def sessions_of(spark: SparkSession, records: list[dict], gap_minutes: int = 30) -> dict[str, Row]:
    events = each_once(raw_events(spark, records), BELIEF).believed
    return {row.event_id: row for row in make_sessions(events, gap_minutes).collect()}


def acts(*moments: datetime, user_id: str = "ann", **sent: object) -> list[dict]:
    """Events of one user, named by their time, without session."""
    return [
        a_record(f"{user_id} {moment:%d %H:%M}", moment, user_id=user_id, session_id=None, **sent) for moment in moments
    ]


def ids(rows: dict[str, Row]) -> dict[str, str | None]:
    return {event_id: row.session_id for event_id, row in rows.items()}


def test_a_pause_longer_than_the_gap_begins_a_session_named_by_user_and_first_event(spark):
    records = acts(at(1, 9), at(1, 9, 30), at(1, 10, 1)) + acts(at(1, 9, 20), user_id="bob")

    assert ids(sessions_of(spark, records)) == {
        "ann 01 09:00": "ann@2026-03-01T09:00:00.000000Z",
        "ann 01 09:30": "ann@2026-03-01T09:00:00.000000Z",
        "ann 01 10:01": "ann@2026-03-01T10:01:00.000000Z",
        "bob 01 09:20": "bob@2026-03-01T09:20:00.000000Z",
    }


def test_a_session_goes_on_over_midnight(spark):
    assert ids(sessions_of(spark, acts(*MIDNIGHT_TOUR))) == {
        "ann 01 23:40": "ann@2026-03-01T23:40:00.000000Z",
        "ann 01 23:59": "ann@2026-03-01T23:40:00.000000Z",
        "ann 02 00:10": "ann@2026-03-01T23:40:00.000000Z",
        "ann 02 00:50": "ann@2026-03-02T00:50:00.000000Z",
    }


def test_what_goes_on_over_a_second_midnight_is_cut_there_whichever_days_are_read(spark):
    hours = [at(day, hour) for day in (1, 2, 3) for hour in range(24)]
    of_all_days = sessions_of(spark, acts(*hours), gap_minutes=60)
    of_two_days = sessions_of(spark, acts(*hours[24:]), gap_minutes=60)

    on_the_third = {event_id for event_id in of_two_days if event_id.startswith("ann 03")}

    assert of_all_days["ann 02 23:00"].session_id == "ann@2026-03-01T00:00:00.000000Z"
    assert {of_all_days[event_id].session_id for event_id in on_the_third} == {"ann@2026-03-02T00:00:00.000000Z"}
    assert {of_two_days[event_id].session_id for event_id in on_the_third} == {"ann@2026-03-02T00:00:00.000000Z"}


def test_sent_sessions_strangers_and_other_sources_are_left_apart(spark):
    records = [
        *acts(at(1, 9)),
        a_record("sent", at(1, 9, 5), user_id="ann", session_id="s1"),
        a_record("stranger", at(1, 9, 6)),
        a_record("elsewhere", at(1, 9, 7), user_id="ann", source="till"),
    ]

    rows = sessions_of(spark, records)

    assert ids(rows) == {
        "ann 01 09:00": "ann@2026-03-01T09:00:00.000000Z",
        "sent": "s1",
        "stranger": None,
        "elsewhere": "ann@2026-03-01T09:07:00.000000Z",
    }
    assert {event_id: row.session_id_sent for event_id, row in rows.items() if row.session_id_sent} == {"sent": "s1"}


def test_without_a_gap_no_session_is_made(spark):
    rows = sessions_of(spark, acts(at(1, 9)), gap_minutes=0)

    assert [(row.session_id, row.session_id_sent) for row in rows.values()] == [(None, None)]


MORNING = {"source": "shop", "user_id": "ann", "is_made": True, "event_date": on(2), "session_id": "ann@"}


@pytest.mark.parametrize(
    ("session", "evening", "days"),
    [
        ({"first_at": at(2, 0, 20)}, {}, [on(2)]),
        ({"first_at": at(2, 0, 21)}, {}, []),
        ({"first_at": at(2, 0, 20), "user_id": "bob"}, {}, []),
        ({"first_at": at(2, 0, 20), "source": "till"}, {}, []),
        ({"first_at": at(2, 0, 20), "is_made": False}, {}, []),
        ({"first_at": at(2, 0, 20)}, {"session_id": "s1"}, []),
        ({"first_at": at(3, 0, 20), "event_date": on(3)}, {}, []),
    ],
)
def test_a_morning_is_computed_again_where_a_made_session_may_come_from_the_evening_before(
    spark, session, evening, days
):
    records = [a_record("e1", at(1, 9), user_id="ann"), a_record("e2", at(1, 23, 50), **{"user_id": "ann"} | evening)]
    mornings = rows_of(spark, SESSIONS, [MORNING | session])

    found = days_to_rejoin(mornings, raw_events(spark, records), 30).collect()

    assert [row.event_date for row in found] == days


def test_records_of_users_whose_session_is_missing_blank_or_unclear_may_lack_one(spark):
    sent = ["s1", "~", "  s1", "\t", None, "\xa0", "\u017d1"]
    records = [a_record(f"e{n}", user_id="ann", session_id=session) for n, session in enumerate(sent)]
    records.append(a_record("stranger", session_id=None))

    lacking = raw_events(spark, records).where(may_lack_sessions()).orderBy("event_id").collect()

    assert [row.session_id for row in lacking] == ["  s1", "\t", None, "\xa0", "\u017d1"]
