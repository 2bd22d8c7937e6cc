from datetime import UTC, datetime

from lakerec.bronze.rereading import reread_rejected
from lakerec.silver.rejected_events import REJECTED_EVENTS
from tests.records import READ_AT, a_record, at, on, raw_events, rows_of

TODAY = datetime(2026, 7, 1, tzinfo=UTC)


def a_rejected(line_number: int) -> dict:
    return {"source": "shop", "file_id": "f1", "line_number": line_number, "record_number": 1}


def test_rejected_records_that_read_otherwise_are_corrected_and_keep_when_they_were_read(spark):
    stored = [a_record("e1", event_at=None, occurred_at="1 March"), a_record("e2", action="hover"), a_record("e3")]
    again = [{**stored[0], "event_at": at(1), "event_date": on(1)}, stored[1], stored[2]]
    again = [record | {"batch": 9, "ingested_at": TODAY} for record in again]
    rejected = rows_of(spark, REJECTED_EVENTS, [a_rejected(1), a_rejected(2)])

    reread = reread_rejected(raw_events(spark, stored), raw_events(spark, again), rejected)

    (row,) = reread.corrected.collect()
    assert (row.event_id, row.event_date, row.line_number, row.batch) == ("e1", on(1), 1, 1)
    assert row.ingested_at.replace(tzinfo=UTC) == READ_AT
    assert bytes(row.raw) == stored[0]["raw"]
    assert reread.strayed.collect() == []


def test_other_records_that_read_otherwise_appear_or_vanish_have_strayed(spark):
    stored = raw_events(spark, [a_record("e1"), a_record("e2"), a_record("e3", action="hover")])
    again = raw_events(spark, [a_record("e1"), a_record("e2", item_id="chair"), a_record("e3"), a_record("e4")])

    reread = reread_rejected(stored, again.where("line_number != 3"), rows_of(spark, REJECTED_EVENTS, [a_rejected(3)]))

    assert reread.corrected.collect() == []
    assert sorted(row.line_number for row in reread.strayed.collect()) == [2, 3, 4]
