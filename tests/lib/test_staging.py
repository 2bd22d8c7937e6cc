"""What a batch of files held, between its reading and its writing."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lakerec import staging
from lakerec.bronze.columns import READ_SCHEMA
from lakerec.bronze.events import EVENTS, read_events
from lakerec.bronze.mapping import Source
from lakerec.config import load
from lakerec.delta_log import DeltaLog
from lakerec.lakehouse import Lakehouse
from lakerec.landing import LandingSettings, list_files, read_files
from lakerec.staging import Staged, by_kind_and_day, read_pieces, staged_files

NOON = datetime(2024, 3, 9, 12, tzinfo=UTC)
FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)


def event(event_id: str, occurred_at: str) -> bytes:
    return f'{{"event_id":"{event_id}","occurred_at":"{occurred_at}"}}\n'.encode()


def source() -> Source:
    fields = {"event_id": "event_id", "occurred_at": "occurred_at"}
    events = {"files": ["*.jsonl"], "fields": fields, "time": {"format": "iso"}, "action": {"default": "view"}}
    return Source.model_validate({"name": "here", "format": {"kind": "jsonl"}, "events": events})


def settings(landing: Path) -> LandingSettings:
    return load("test", {"landing.root": str(landing), "lake.run_id": "test"}).landing


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(
        event("a1", "2024-03-02T00:00:00Z")
        + event("a2", "2024-03-01T23:59:59.999999Z")
        + event("a3", "one day")
        + b"{broken\n"
    )
    (folder / "b.jsonl").write_bytes(event("b1", "2024-03-02T01:00:00Z"))
    return folder


def kept(staged: Staged) -> pa.Table:
    return read_pieces(staged.folder, staged.pieces)


def test_what_is_staged_is_what_was_read_to_the_last_column(spark: SparkSession, landing: Path, tmp_path: Path) -> None:
    files = list_files(str(landing), source())

    read = read_files(spark, files, source(), settings(landing)).toArrow().to_pylist()
    with staged_files(spark, files, source(), settings(landing), str(tmp_path / "staging")) as staged:
        rows = kept(staged)

    assert rows.schema == READ_SCHEMA
    assert Counter(map(repr, rows.to_pylist())) == Counter(map(repr, read))
    assert Counter(row["kind"] for row in read) == {"event": 4, "malformed": 1, "file": 2}


def test_what_is_staged_stays_as_it_was_read_and_leaves_nothing_behind(
    spark: SparkSession, landing: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lake" / "_staging"
    folder.mkdir(parents=True)
    (folder / "of a run that was killed.parquet").write_bytes(b"half a file")

    files = list_files(str(landing), source())
    with staged_files(spark, files, source(), settings(landing), str(folder)) as staged:
        (landing / "b.jsonl").write_bytes(b"")
        found = {row["file_id"]: row["accepted_record_count"] for row in staged.files()}
        events = kept(staged)["event_id"].drop_null().to_pylist()

    assert sorted(found.values()) == [1, 3]
    assert sorted(events) == ["a1", "a2", "a3", "b1"]
    assert not folder.exists()


def test_each_day_becomes_a_file_of_the_table_without_the_rows_of_files_that_are_left_out(
    lake: Lakehouse, landing: Path
) -> None:
    files = list_files(str(landing), source())
    rows_of = partial(read_events, source=source(), batch=0, ingested_at=NOON)
    with staged_files(lake.spark, files, source(), settings(landing), f"{lake.root}/_staging") as staged:
        rows = staged.rows("event", EVENTS, rows_of, without=[files[1].file_id])
        written = [lake.append(EVENTS, rows, transaction=("bronze.events/here", 0)) for _ in range(2)]

    stored = lake.read(EVENTS).select("event_id", "event_date", "event_at").collect()
    log = DeltaLog(lake.location(EVENTS))
    assert written == [3, 0]
    assert {(row.event_id, row.event_date) for row in stored} == {("a1", SECOND), ("a2", FIRST), ("a3", None)}
    assert log.version() == 0
    assert "delta-rs" in log.commit(0).info["engineInfo"]
    assert len(log.files(0)) == 3


def test_a_second_batch_is_added_and_an_older_one_is_dropped(lake: Lakehouse, landing: Path) -> None:
    files = list_files(str(landing), source())
    written = []
    for number, file in ((0, files[0]), (1, files[1]), (0, files[0])):
        rows_of = partial(read_events, source=source(), batch=number, ingested_at=NOON)
        with staged_files(lake.spark, [file], source(), settings(landing), f"{lake.root}/_staging") as staged:
            rows = staged.rows("event", EVENTS, rows_of, without=[])
            written.append(lake.append(EVENTS, rows, transaction=("bronze.events/here", number)))

    assert written == [3, 1, 0]
    assert sorted(row["event_id"] for row in lake.rows(EVENTS)) == ["a1", "a2", "a3", "b1"]


def test_spark_writes_the_same_rows_where_the_lake_is_elsewhere(
    lake: Lakehouse, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list_files(str(landing), source())
    rows_of = partial(read_events, source=source(), batch=0, ingested_at=NOON)
    with staged_files(lake.spark, files, source(), settings(landing), f"{lake.root}/_staging") as staged:
        rows = staged.rows("event", EVENTS, rows_of, without=[])
        lake.append(EVENTS, rows, transaction=("bronze.events/here", 0))
        here = Counter(map(repr, lake.rows(EVENTS)))
        monkeypatch.setattr("lakerec.commits.is_local", lambda _: False)
        written = [lake.append(EVENTS, rows, transaction=("bronze.events/here", number)) for number in (0, 1)]

    assert written == [0, 4]
    assert "Spark" in DeltaLog(lake.location(EVENTS)).commit(1).info["engineInfo"]
    assert Counter(map(repr, lake.rows(EVENTS))) == here + here


def test_what_is_held_most_of_goes_first_and_nothing_is_lost_or_turned_round() -> None:
    def batch(kind: str, days: list[int | None], first_line: int) -> pa.RecordBatch:
        at = [None if day is None else datetime(2024, 3, day, 5, tzinfo=UTC) for day in days]
        columns = {"kind": [kind] * len(at), "line_number": range(first_line, first_line + len(at)), "at": at}
        arrays = [
            pa.array(list(columns[f.name]), f.type) if f.name in columns else pa.nulls(len(at), f.type)
            for f in READ_SCHEMA
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=READ_SCHEMA)

    read = [batch("event", [2, 1, 2, None, 2], 1), batch("malformed", [None], 9), batch("event", [1, 1], 6)]

    whole = [(kind, day, rows["line_number"].to_pylist()) for kind, day, rows in by_kind_and_day(read, 1 << 30)]
    early = [(kind, day, rows["line_number"].to_pylist()) for kind, day, rows in by_kind_and_day(read, 1)]

    assert whole == [
        ("event", FIRST, [2, 6, 7]),
        ("event", SECOND, [1, 3, 5]),
        ("event", None, [4]),
        ("malformed", None, [9]),
    ]
    assert early[0] == ("event", SECOND, [1, 3, 5])
    assert sorted(line for _, _, lines in early for line in lines) == [1, 2, 3, 4, 5, 6, 7, 9]
    assert len(early) > len(whole)


def test_a_day_that_is_too_large_for_one_file_becomes_several(
    lake: Lakehouse, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_DATA_FILE_BYTES", 1)
    files = list_files(str(landing), source())
    rows_of = partial(read_events, source=source(), batch=0, ingested_at=NOON)
    with staged_files(lake.spark, files, source(), settings(landing), f"{lake.root}/_staging") as staged:
        lake.append(EVENTS, staged.rows("event", EVENTS, rows_of, without=[]))

    of_day = Counter(file["partitionValues"]["event_date"] for file in DeltaLog(lake.location(EVENTS)).files(0))
    assert of_day == {"2024-03-01": 1, "2024-03-02": 2, None: 1}
