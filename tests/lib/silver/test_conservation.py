"""Does every delivered line and record stand somewhere?"""

from lakerec.bronze.files import FILES
from lakerec.silver.conservation import count_days, count_files
from lakerec.silver.events import EVENTS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from tests.records import a_record, at, on, raw_events, rows_of

LEDGER = {"source": "shop", "status": "read", "line_count": 4, "header_count": 1, "blank_count": 0} | {
    "malformed_line_count": 1,
    "accepted_line_count": 2,
    "accepted_record_count": 2,
    "malformed_record_count": 1,
}


def test_a_file_is_kept_where_the_tables_hold_as_many_records_as_the_ledger_says(spark):
    files = rows_of(
        spark,
        FILES,
        [
            {**LEDGER, "file_id": "whole", "path": "whole.csv"},
            {**LEDGER, "file_id": "lost", "path": "lost.csv"},
            {**LEDGER, "file_id": "crooked", "path": "crooked.csv", "line_count": 5},
            {**LEDGER, "file_id": "held", "path": "held.csv", "status": "held"},
        ],
    )
    events = spark.createDataFrame([("whole",), ("lost",), ("crooked",), ("crooked",)], "file_id string")
    items = spark.createDataFrame([("whole",)], "file_id string")
    malformed = spark.createDataFrame([("whole",), ("lost",), ("crooked",)], "file_id string")

    rows = count_files(files, events, items, malformed).collect()

    assert {row.name: (row.accepted_found, row.is_kept) for row in rows} == {
        "whole.csv": (2, True),
        "lost.csv": (1, False),
        "crooked.csv": (2, False),
    }


def test_a_days_records_are_believed_duplicate_or_rejected_and_a_lost_one_shows(spark):
    unreadable = {"event_at": None, "event_date": None}
    records = raw_events(
        spark,
        [
            a_record("a", at(1)),
            a_record(" a ", at(1)),  # the same id, spelled otherwise
            a_record("b", at(1)),
            a_record("c", at(2)),
            {**a_record("d", at(2)), **unreadable},
        ],
    )
    events = rows_of(spark, EVENTS, [{"source": "shop", "event_date": on(1), "event_id": "a"}])
    refused = {"source": "shop", "file_id": "f1", "record_number": 1}
    rejected = rows_of(
        spark, REJECTED_EVENTS, [{**refused, "line_number": 3, "event_date": on(1)}, {**refused, "line_number": 5}]
    )

    rows = count_days(records, events, rejected).collect()

    assert {row.name: (row.records, row.believed, row.duplicate, row.rejected, row.is_kept) for row in rows} == {
        "2026-03-01": (3, 1, 1, 1, True),
        "2026-03-02": (1, 0, 0, 0, False),
        "unreadable": (1, 0, 0, 1, True),
    }
