from lakerec.silver.events import EventSettings, clean_events
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.sessions import SESSIONS, SessionSettings
from tests.records import a_record, each_once, on, raw_events, rows_of, unkept

SETTINGS = EventSettings(actions=("view",), return_actions=(), max_future_skew_minutes=60, max_id_bytes=64)
SESSION = SessionSettings(max_days=1, gap_minutes=0, bot_min_events=9, bot_max_events_per_minute=9, bot_max_share=1)


def test_a_rejected_record_tells_where_it_was_read_and_what_it_said(spark):
    records = raw_events(
        spark, [a_record("e1", action=" Hover"), a_record("e2", event_at=None, occurred_at="soon", file_id="f2")]
    )

    rejected = clean_events(each_once(records, SETTINGS), rows_of(spark, SESSIONS, []), SESSION, unkept).rejected

    hover, soon = rejected.orderBy("line_number").collect()
    assert rejected.columns == REJECTED_EVENTS.names
    assert (hover.event_date, hover.file_id, hover.line_number, hover.action) == (on(1), "f1", 1, "hover")
    assert (soon.event_date, soon.file_id, soon.line_number, soon.occurred_at) == (None, "f2", 2, "soon")
