from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.silver.events import EVENTS, CleanedEvents, EventSettings, clean_events, judge_events
from lakerec.silver.gap_sessions import make_sessions
from lakerec.silver.sessions import SESSIONS, SessionSettings, summarise_sessions
from tests import oracle
from tests.records import READ_AT, a_record, at, each_once, on, raw_events, rows_of, unkept

SETTINGS = EventSettings(
    actions=("view", "cart", "purchase", "return"),
    return_actions=("return",),
    max_future_skew_minutes=60,
    max_id_bytes=64,
)
SESSION = SessionSettings(
    max_days=1, gap_minutes=30, bot_min_events=3, bot_max_events_per_minute=0.05, bot_max_share=0.5
)


def cleaned(spark: SparkSession, records: list[dict]) -> CleanedEvents:
    belief = each_once(raw_events(spark, records), SETTINGS)
    return clean_events(belief, rows_of(spark, SESSIONS, []), SESSION, unkept)


def believed(spark: SparkSession, *records: dict) -> list:
    return cleaned(spark, list(records)).believed.orderBy("event_date", "event_id").collect()


def test_of_two_records_with_one_key_the_earlier_wins_whichever_came_first(spark):
    late = a_record("e1", at(1, 13), action="cart")
    early = a_record("e1", at(1, 12), action="view")

    assert [row.action for row in believed(spark, late, early)] == ["view"]
    assert [row.action for row in believed(spark, early, late)] == ["view"]


def test_of_two_records_at_one_time_the_smaller_sha256_of_raw_wins(spark):
    first, second = sorted((b"one", b"two"), key=lambda raw: sha256(raw).hexdigest())
    loser = a_record("e1", raw=second, item_id="chair")
    winner = a_record("e1", raw=first, item_id="lamp")

    assert [row.item_id for row in believed(spark, loser, winner)] == ["lamp"]


def test_records_of_a_line_without_raw_are_told_apart_by_their_number_then_their_content(spark):
    third = a_record("e1", raw=None, record_number=3, item_id="a")
    second = a_record("e1", raw=None, record_number=2, item_id="c")
    other_second = a_record("e1", raw=None, record_number=2, item_id="b")

    assert [row.item_id for row in believed(spark, third, second, other_second)] == ["b"]


def test_a_record_that_bronze_holds_twice_is_one_event(spark):
    record = a_record("e1")

    belief = each_once(rows_of(spark, RAW_EVENTS, [record, record]), SETTINGS)

    assert [row.event_id for row in belief.believed.collect()] == ["e1"]


def test_strings_as_delivered_stay_beside_rejected_records_alone(spark):
    records = raw_events(spark, [a_record("e1", price="2.5"), a_record("e2", price="two")])

    judged = judge_events(records, SETTINGS).orderBy("event_id").collect()

    assert [(row.price, row.price_sent) for row in judged] == [(Decimal("2.5"), None), (None, "two")]


def test_a_record_that_is_not_believed_cannot_displace_one_that_is(spark):
    unbelieved = a_record("e1", at(1, 11), action="hover")
    kept = a_record("e1", at(1, 12))

    assert [row.occurred_at.hour for row in believed(spark, unbelieved, kept)] == [12]


def test_one_id_on_two_days_or_from_two_sources_is_several_events(spark):
    rows = believed(spark, a_record("e1", at(1)), a_record("e1", at(2)), a_record("e1", at(2), source="till"))

    assert [(row.event_date, row.source) for row in sorted(rows)] == [
        (on(1), "shop"),
        (on(2), "shop"),
        (on(2), "till"),
    ]


FAULTS = [
    ({"event_id": ""}, ["has an event id"]),
    ({"event_at": None, "occurred_at": "yesterday"}, ["has a readable time"]),
    ({"item_id": None}, ["has an item"]),
    ({"item_id": "  "}, ["has an item"]),
    ({"user_id": "u" * 65}, ["has ids that are not too long"]),
    ({"item_id": "i" * 10_000, "event_id": "e" * 10_000}, ["has ids that are not too long"]),
    ({"session_id": "\u00e9" * 33}, ["has ids that are not too long"]),
    ({"action": "hover"}, ["is a known action"]),
    ({"action": None}, ["is a known action"]),
    ({"quantity": "two"}, ["has a readable quantity"]),
    ({"quantity": "1.5"}, ["has a readable quantity"]),
    ({"quantity": "99999999999"}, ["has a readable quantity"]),
    ({"action": "purchase", "quantity": "0"}, ["has a positive quantity"]),
    ({"action": "purchase", "quantity": "-3"}, ["has a positive quantity"]),
    ({"action": "return", "quantity": "0"}, ["has a positive quantity"]),
    ({"price": "cheap"}, ["has a readable price"]),
    ({"price": "-0.01"}, ["has a price that is not negative"]),
    ({"position": "first"}, ["has a readable position"]),
    ({"propensity": "NaN"}, ["has a readable propensity"]),
    ({"event_at": READ_AT + timedelta(minutes=61)}, ["acted before we read of it"]),
    (
        {"event_id": None, "event_at": None, "item_id": "", "action": "hover", "quantity": "?", "price": "-1"},
        [
            "has an event id",
            "has a readable time",
            "has an item",
            "is a known action",
            "has a readable quantity",
            "has a price that is not negative",
        ],
    ),
]


def test_a_record_is_rejected_with_every_reason_in_order(spark):
    records = [a_record("e1", at(1)) | sent for sent, _ in FAULTS]

    both = cleaned(spark, records)

    found = {row.line_number: row.reasons for row in both.rejected.collect()}
    assert found == {line: reasons for line, (_, reasons) in enumerate(FAULTS, start=1)}
    assert both.believed.collect() == []


def test_what_is_absent_is_null_and_what_is_readable_is_typed(spark):
    bare = a_record("e1")
    full = a_record(
        "e2",
        action=" Purchase",
        quantity="2.0",
        price="12.50",
        position="3",
        propensity="0.25",
        surface="",
        list_id="l1",
    )

    nothing, everything = believed(spark, bare, full)

    assert (nothing.quantity, nothing.price, nothing.position, nothing.propensity) == (None, None, None, None)
    assert (everything.action, everything.quantity, everything.price) == ("purchase", 2, Decimal("12.5000"))
    assert (everything.position, everything.propensity) == (3, 0.25)
    assert (everything.list_id, everything.surface) == ("l1", None)


def test_a_returns_negative_quantity_is_units_given_back(spark):
    assert [row.quantity for row in believed(spark, a_record("e1", action="return", quantity="-6"))] == [6]


def test_user_and_item_ids_get_their_sources_namespace_and_empty_ones_are_null(spark):
    named = a_record("e1", id_namespace="uk", user_id="17850.0", item_id="A")
    anonymous = a_record("e2", id_namespace="uk", user_id="", item_id="A")

    rows = believed(spark, named, anonymous)

    assert [(row.user_id, row.item_id) for row in rows] == [("uk:17850.0", "uk:A"), (None, "uk:A")]


def test_a_clock_that_runs_ahead_by_less_than_the_skew_is_believed(spark):
    assert len(believed(spark, a_record("e1", READ_AT + timedelta(minutes=59)))) == 1


def test_every_record_of_a_day_is_believed_duplicate_or_rejected(spark):
    records = [
        a_record("e1", at(1, 9)),
        a_record("e1", at(1, 9)),
        a_record("e1", at(1, 10)),
        a_record("e2", at(1, 9), action="hover"),
        a_record("e3", at(2, 9)),
    ]

    both = cleaned(spark, records)

    kept, rejected, duplicates = 2, 1, 2
    assert (both.believed.count(), both.rejected.count()) == (kept, rejected)
    assert kept + rejected + duplicates == len(records)


# Days apart and around midnight; ids in several spellings; the last time is years ahead of the reading.
MOMENTS = [(1, 9, 0), (1, 9, 20), (1, 10, 0), (1, 23, 45), (2, 0, 5), (2, 0, 30), (2, 23, 50), (3, 0, 10), (4, 9, 0)]
TIMES = st.sampled_from([*(at(*moment) for moment in MOMENTS), datetime(2031, 1, 1, tzinfo=UTC)])
RECORDS = st.builds(
    a_record,
    event_id=st.sampled_from(["e1", " e1", "e2", "e3", "e4", "e5", "e6", "e7", "", "e" * 65]),
    moment=TIMES,
    user_id=st.sampled_from([None, None, "ann", "ann\t", "caf\u00e9", "cafe\u0301"]),
    session_id=st.sampled_from([None, None, "s1", "s1 ", "s2", ""]),
    item_id=st.sampled_from(["lamp", "lamp", "chair", None]),
    action=st.sampled_from(["view", "view", "view", "hover"]),
    id_namespace=st.sampled_from(["", "", "uk"]),
)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds=st.lists(st.lists(RECORDS, max_size=14), min_size=12, max_size=12), chance=st.randoms())
def test_many_small_worlds_in_any_order_are_what_plain_python_says(spark, worlds, chance):
    records = [record | {"source": f"world {n}"} for n, world in enumerate(worlds) for record in world]
    chance.shuffle(records)
    placed = [{**record, "line_number": n} for n, record in enumerate(records, start=1)]

    raw = raw_events(spark, records)
    events = make_sessions(each_once(raw, SETTINGS).believed, SESSION.gap_minutes)
    sessions = summarise_sessions(events, SESSION)
    both = clean_events(each_once(raw, SETTINGS), sessions, SESSION, unkept)

    told = oracle.predict(placed, SETTINGS, SESSION)
    assert oracle.events_of(both.believed.collect()) == oracle.shown(told.events)
    assert oracle.sessions_of(sessions.collect()) == told.sessions
    assert {(row.source, row.file_id, row.line_number): row.reasons for row in both.rejected.collect()} == told.rejected


def test_no_records_give_no_events_in_the_declared_columns(spark):
    both = cleaned(spark, [])

    assert both.believed.columns == EVENTS.names
    assert (both.believed.count(), both.rejected.count()) == (0, 0)
