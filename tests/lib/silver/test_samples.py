"""Drawing whole visitors, and what bronze keeps of them."""

from collections import Counter
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.files import FILES
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.silver.events import EVENTS
from lakerec.silver.samples import draw_visitors, records_of_visitors, recount_files, single_records
from tests.records import a_record, at, on, raw_events, rows_of


def event(event_id: str, user_id: str | None, day: int = 1, **more: Any) -> dict[str, Any]:
    facts = {"source": "shop", "event_date": on(day), "event_id": event_id, "user_id": user_id, "is_bot": False}
    return {**facts, "occurred_at": at(day), "item_id": "lamp", "action": "view", **more}


def drawn(visitors: DataFrame) -> set[str]:
    return {row.visitor for row in visitors.where("is_drawn").collect()}


def test_each_stratum_gives_its_share_the_same_each_time_and_another_seed_draws_others(spark: SparkSession) -> None:
    busy = [event(f"b{user}-{n}", f"busy{user:02}") for user in range(10) for n in range(8)]
    early = [event(f"e{user}", f"early{user:02}", day=1) for user in range(20)]
    late = [event(f"l{user}", f"late{user:02}", day=9) for user in range(30)]
    events = rows_of(spark, EVENTS, [*busy, *early, *late]).persist()

    first, again, other = (drawn(draw_visitors(events, 0.5, seed)) for seed in (7, 7, 8))

    assert Counter(visitor[:-2] for visitor in first) == {"busy": 5, "early": 10, "late": 15}
    assert first == again
    assert first != other


def test_a_visitor_keeps_every_record_repeated_rejected_and_anonymous_ones_alike(spark: SparkSession) -> None:
    records = raw_events(
        spark,
        [
            a_record("a1", user_id="ann"),
            a_record(" a1 ", at(1) + timedelta(seconds=1), user_id="ann"),  # the same event again
            a_record("a2", session_id="s1"),  # she signed in later in that session
            a_record("a3", user_id="ann", action="sneezed"),  # not believed
            a_record(None, session_id="s1"),  # not believed, without a user
            a_record("b1", user_id="ben"),
            a_record(None, user_id="ben"),
            a_record("c1", session_id="s2"),
        ],
    )
    events = rows_of(
        spark,
        EVENTS,
        [
            event("a1", "ann"),
            event("a2", "ann", session_id="s1", session_id_sent="s1"),
            event("b1", "ben"),
            event("c1", None, session_id="s2", session_id_sent="s2"),
        ],
    )
    visitors = spark.createDataFrame(
        [("ann", True), ("ben", False), ("session:shop:s2", False)], "visitor string, is_drawn boolean"
    )

    kept = records_of_visitors(records, events, visitors, share=0.5, seed=7)

    assert kept.columns == records.columns
    assert sorted(row.line_number for row in kept.collect()) == [1, 2, 3, 4, 5]


def test_the_ledger_accounts_for_what_is_left_and_still_knows_the_file(spark: SparkSession) -> None:
    file = {"file_id": "f1", "path": "day.jsonl", "source": "shop", "size_bytes": 900, "content_hash": "abc"}
    counts = {"line_count": 12, "header_count": 1, "blank_count": 1, "malformed_line_count": 2}
    counts |= {"accepted_line_count": 8, "accepted_record_count": 9, "malformed_record_count": 3}
    held = {"file_id": "f2", "status": "held", "reason": "cut short"}
    files = rows_of(spark, FILES, [{**file, **counts, "status": "read", "batch": 1}, held])
    left = [{"file_id": "f1", "line_number": line, "record_number": nth} for line, nth in ((2, 1), (2, 2), (5, 1))]
    malformed = [{"file_id": "f1", "line_number": line, "record_number": 3} for line in (2, 7)]

    recounted = recount_files(files, [rows_of(spark, EVENTS, left)], rows_of(spark, MALFORMED_LINES, malformed))

    read, unread = sorted((row.asDict() for row in recounted.collect()), key=lambda row: row["file_id"])
    assert (read["accepted_line_count"], read["accepted_record_count"]) == (2, 3)
    assert (read["malformed_line_count"], read["malformed_record_count"]) == (1, 2)
    assert (read["header_count"], read["blank_count"], read["line_count"]) == (1, 0, 1 + 2 + 1)
    assert (read["size_bytes"], read["content_hash"]) == (900, "abc")
    assert (unread["status"], unread["line_count"]) == ("held", None)


def test_single_records_are_a_share_of_the_rows(spark: SparkSession) -> None:
    rows = [{"file_id": "f1", "line_number": line, "record_number": 1} for line in range(2000)]
    records = rows_of(spark, EVENTS, rows)

    count = single_records(records, 0.25, 7).count()

    assert abs(count - 500) < 4 * (2000 * 0.25 * 0.75) ** 0.5
