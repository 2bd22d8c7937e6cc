import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from jobs import ingest_events
from lakerec.bronze.events import EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.items import ITEMS
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.config import Config, load
from lakerec.errors import LandingError
from lakerec.lakehouse import Lakehouse

TABLES = (FILES, EVENTS, ITEMS, MALFORMED_LINES)
UNSTABLE = ("batch", "ingested_at")
SHIRT = {"item_id": "i1", "name": "Linen shirt", "changed_at": "2024-03-01T00:00:00Z"}


def an_event(event_id: str, day: int = 1) -> dict[str, object]:
    return {"event_id": event_id, "item_id": "i1", "action": "view", "occurred_at": f"2024-03-{day:02}T10:00:00Z"}


def lines(*records: object) -> bytes:
    """JSON lines; bytes stand for themselves."""
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Two days of events and one of items, with malformed and blank lines."""
    folder = tmp_path / "landing"
    deliver(folder, "events/2024-03-01/10.jsonl.gz", lines(an_event("e1"), b"{broken", b"", an_event("e2")))
    deliver(
        folder, "events/2024-03-02/10.jsonl.gz", lines(an_event("e3", day=2), {**an_event("e4"), "occurred_at": "?"})
    )
    deliver(folder, "items/2024-03-01.jsonl.gz", lines(SHIRT, b"[]"))
    return folder


def deliver(landing: Path, path: str, data: bytes) -> None:
    target = landing / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(data, mtime=0) if path.endswith(".gz") else data)


def config(lake: Lakehouse, landing: Path, **flags: object) -> Config:
    given = {"lake.root": lake.root, "lake.run_id": "test", "landing.root": str(landing), "landing.source": "shop"}
    return load("test", given | {name.replace("__", "."): value for name, value in flags.items()})


def ingest(lake: Lakehouse, landing: Path, **flags: object) -> dict[str, int]:
    return ingest_events.main(lake.spark, config(lake, landing, **flags))


def ledger(lake: Lakehouse) -> dict[str, dict]:
    return {row["path"]: row for row in lake.read(FILES).toArrow().to_pylist()}


def contents(lake: Lakehouse) -> dict[str, list]:
    """All rows of all tables, but for what differs between runs."""
    frames = {table.name: lake.read(table).drop(*UNSTABLE).orderBy(*table.key) for table in TABLES}
    return {name: frame.toArrow().to_pylist() for name, frame in frames.items()}


def versions(lake: Lakehouse) -> dict[str, int]:
    return lake.source_versions(*TABLES)


def test_delivered_files_come_into_bronze_and_every_line_is_accounted_for(lake, landing):
    counts = ingest(lake, landing)

    assert counts == {
        "files": 3,
        "duplicate_files": 0,
        "held_files": 0,
        "rows_in": 4 + 2 + 2,
        "rows_out": 2 + 2 + 1,
        "rows_rejected": 2,
        "rows_duplicate": 0,
    }
    first = ledger(lake)["events/2024-03-01/10.jsonl.gz"]
    assert (first["status"], first["kind"], first["reason"]) == ("read", "event", None)
    assert (first["line_count"], first["blank_count"], first["malformed_line_count"]) == (4, 1, 1)
    assert (first["accepted_line_count"], first["accepted_record_count"], first["malformed_record_count"]) == (2, 2, 1)
    events = lake.read(EVENTS).orderBy("event_id").toArrow().to_pylist()
    assert [(row["event_id"], str(row["event_date"])) for row in events] == [
        ("e1", "2024-03-01"),
        ("e2", "2024-03-01"),
        ("e3", "2024-03-02"),
        ("e4", "None"),
    ]
    assert [row["name"] for row in lake.read(ITEMS).collect()] == ["Linen shirt"]
    malformed = lake.read(MALFORMED_LINES).orderBy("raw").collect()
    assert [(bytes(row.raw), row.reason, row.line_number) for row in malformed] == [
        (b"[]", "not an object", 2),
        (b"{broken", "not JSON", 2),
    ]


def test_a_rerun_commits_nothing_even_while_a_file_is_held(lake, landing, capsys):
    (landing / "events/late.jsonl.gz").write_bytes(gzip.compress(lines(an_event("e9")))[:-4])
    first = ingest(lake, landing)
    before = versions(lake)

    second = ingest(lake, landing)

    assert (first["files"], first["held_files"]) == (3, 1)
    assert second == {**dict.fromkeys(first, 0), "held_files": 1}
    assert versions(lake) == before
    assert capsys.readouterr().out.count("held back: events/late.jsonl.gz: Truncated compressed stream") == 2


def test_a_held_file_leaves_no_row_until_it_is_whole(lake, landing):
    whole = gzip.compress(lines(*[an_event(f"late{n}") for n in range(100)]))
    (landing / "events/late.jsonl.gz").write_bytes(whole[:-4])
    ingest(lake, landing)
    held = lake.read(EVENTS).where("event_id LIKE 'late%'").count()
    (landing / "events/late.jsonl.gz").write_bytes(whole)

    counts = ingest(lake, landing)

    assert held == 0
    assert (counts["files"], counts["rows_out"], counts["held_files"]) == (1, 100, 0)
    assert lake.read(EVENTS).where("event_id LIKE 'late%'").count() == 100
    assert ledger(lake)["events/late.jsonl.gz"]["status"] == "read"


def test_content_that_was_read_under_another_name_is_read_once(lake, landing):
    ingest(lake, landing)
    deliver(landing, "events/2024-03-01/10-again.jsonl.gz", lines(an_event("e1"), b"{broken", b"", an_event("e2")))

    counts = ingest(lake, landing)

    again = ledger(lake)["events/2024-03-01/10-again.jsonl.gz"]
    assert (counts["files"], counts["duplicate_files"], counts["rows_duplicate"]) == (0, 1, 3)
    assert (again["status"], again["reason"]) == ("duplicate", "same content as events/2024-03-01/10.jsonl.gz")
    assert again["accepted_record_count"] == 2
    assert lake.read(EVENTS).count() == 4


def test_a_file_that_grew_after_it_was_read_is_held_and_its_rows_stay(lake, landing):
    ingest(lake, landing)
    deliver(
        landing, "events/2024-03-01/10.jsonl.gz", lines(an_event("e1"), b"{broken", b"", an_event("e2"), an_event("e5"))
    )

    counts = ingest(lake, landing)

    assert counts["held_files"] == 1
    assert "changed after it was read" in ledger(lake)["events/2024-03-01/10.jsonl.gz"]["reason"]
    assert sorted(row.event_id for row in lake.read(EVENTS).collect()) == ["e1", "e2", "e3", "e4"]


@pytest.mark.parametrize("written", [1, 3])
def test_a_run_that_dies_is_finished_by_the_next_as_if_it_had_not(lake, landing, monkeypatch, written):
    append = Lakehouse.append
    done = []

    def append_until_killed(self, table, frame, transaction=None):
        if len(done) == written:
            raise KeyboardInterrupt
        done.append(table.name)
        return append(self, table, frame, transaction)

    with monkeypatch.context() as patched:
        patched.setattr(Lakehouse, "append", append_until_killed)
        if written < 3:
            with pytest.raises(KeyboardInterrupt):
                ingest(lake, landing)
        else:
            patched.setattr(ingest_events, "_append_rows", killed_after(ingest_events._append_rows))
            with pytest.raises(KeyboardInterrupt):
                ingest(lake, landing)
    statuses = {entry["status"] for entry in ledger(lake).values()}
    deliver(landing, "events/2024-03-03/10.jsonl.gz", lines(an_event("e7", day=3)))

    ingest(lake, landing)

    untouched = Lakehouse(lake.spark, lake.settings.model_copy(update={"root": f"{lake.root}-untouched"}))
    ingest(untouched, landing)
    assert statuses == {"pending"}
    assert contents(lake) == contents(untouched)


def killed_after(function):
    def run(*args):
        function(*args)
        raise KeyboardInterrupt

    return run


def test_any_split_into_batches_gives_the_same_tables(lake, landing):
    ingest(lake, landing, landing__max_files_per_batch=1)

    at_once = Lakehouse(lake.spark, lake.settings.model_copy(update={"root": f"{lake.root}-at-once"}))
    ingest(at_once, landing)
    assert contents(lake) == contents(at_once)
    assert lake.read(FILES).select("batch").distinct().count() == 3
    assert at_once.read(FILES).select("batch").distinct().count() == 1


def test_a_rebuild_reads_a_sources_files_again_and_leaves_other_sources_alone(lake, landing, tmp_path):
    deliver(tmp_path / "other", "2010-12-01.csv", ONLINE_RETAIL)
    ingest(lake, tmp_path / "other", landing__source="online_retail")
    ingest(lake, landing)
    before = contents(lake)

    counts = ingest(lake, landing, lake__rebuild=["bronze"])

    assert counts["files"] == 3
    assert contents(lake) == before


def test_a_rebuild_without_all_the_files_is_refused_and_changes_nothing(lake, landing):
    ingest(lake, landing)
    before = versions(lake)
    (landing / "items/2024-03-01.jsonl.gz").unlink()

    with pytest.raises(LandingError) as caught:
        ingest(lake, landing, lake__rebuild=["bronze"])

    assert "but 1 are gone, the first 'items/2024-03-01.jsonl.gz'" in str(caught.value)
    assert versions(lake) == before


def test_a_missing_landing_folder_is_an_error_of_its_own(lake, tmp_path):
    with pytest.raises(LandingError, match=r"landing\.root: no folder"):
        ingest(lake, tmp_path / "nowhere")


ONLINE_RETAIL = (
    b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    b'536365,85123a,"HEART, ""T-LIGHT""",6,2011-06-01 00:26:00,2.55,17850.0,United Kingdom\n'
    b'536365,85123a,"HEART, ""T-LIGHT""",6,2011-06-01 00:26:00,2.55,17850.0,United Kingdom\n'
    b"C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,EIRE\n"
    b"A563185,B,Adjust bad debt,1,2010-12-01 14:50:00,11062.06,,United Kingdom\n"
    b"536366,short\n"
)


def test_a_csv_without_ids_becomes_events_by_configuration_alone(lake, tmp_path):
    deliver(tmp_path / "retail", "2010-12-01.csv", ONLINE_RETAIL)

    counts = ingest(lake, tmp_path / "retail", landing__source="online_retail")

    rows = lake.read(EVENTS).orderBy("line_number").toArrow().to_pylist()
    assert (counts["rows_in"], counts["rows_out"], counts["rows_rejected"]) == (6, 4, 1)
    assert [row["line_number"] for row in rows] == [2, 3, 4, 5]
    assert [row["action"] for row in rows] == ["purchase", "purchase", "return", "adjustment"]
    assert [row["user_id"] for row in rows] == ["17850.0", "17850.0", None, None]
    assert rows[0]["item_id"] == "85123a"
    assert rows[0]["item_name"] == 'HEART, "T-LIGHT"'
    assert (rows[0]["occurred_at"], rows[0]["event_at"].isoformat()) == (
        "2011-06-01 00:26:00",
        "2011-05-31T23:26:00+00:00",
    )
    assert (rows[2]["quantity"], rows[2]["price"], rows[2]["rescued"]) == ("-1", "27.5", '{"Country":"EIRE"}')
    assert len({row["event_id"] for row in rows}) == 4


OTTO = (
    b'{"session":1,"events":[{"aid":5,"ts":1659304800025,"type":"clicks"},7,'
    b'{"aid":6,"ts":1659304900000,"type":"orders"}]}\n'
    b'{"session":2,"session":3,"events":[{"aid":5,"ts":1659304800025,"type":"carts"}]}\n'
    b'{"session":4,"events":[]}\n'
)


def test_records_of_exploded_lines_and_what_is_none_add_up_to_the_file(lake, tmp_path):
    deliver(tmp_path / "otto", "train.jsonl", OTTO)

    ingest(lake, tmp_path / "otto", landing__source="otto")

    rows = lake.read(EVENTS).orderBy("line_number", "record_number").toArrow().to_pylist()
    first, second, third = OTTO.splitlines()
    assert [(row["line_number"], row["record_number"], row["raw"]) for row in rows] == [
        (1, 1, first),
        (1, 3, None),
        (2, 1, second),
    ]
    assert [(row["user_id"], row["item_id"], row["action"]) for row in rows] == [
        ("1", "5", "view"),
        ("1", "6", "purchase"),
        ("3", "5", "cart"),
    ]
    malformed = lake.read(MALFORMED_LINES).orderBy("line_number").collect()
    assert [(row.line_number, row.record_number, bytes(row.raw), row.reason) for row in malformed] == [
        (1, 2, b"7", "not an object"),
        (3, 1, third, "empty array to explode"),
    ]
    entry = ledger(lake)["train.jsonl"]
    assert (entry["accepted_line_count"], entry["malformed_line_count"], entry["line_count"]) == (2, 1, 3)
    assert (entry["accepted_record_count"], entry["malformed_record_count"], entry["duplicate_key_count"]) == (3, 2, 1)


def predicted_by_hand(data: bytes) -> tuple[int, int]:
    """The oracle: records that the standard library's CSV reader accepts, and those it does not, header apart."""
    rows = [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if row]
    good = sum(len(row) == len(rows[0]) for row in rows[1:])
    return good, len(rows) - 1 - good


def test_days_of_a_real_shop_are_taken_as_a_plain_reader_predicts(lake, shared_data, tmp_path):
    days = sorted((shared_data / "online_retail").glob("*.csv"))[:3]
    for day in days:
        deliver(tmp_path / "retail", day.name, day.read_bytes())

    counts = ingest(lake, tmp_path / "retail", landing__source="online_retail")

    predicted = {day.name: predicted_by_hand(day.read_bytes()) for day in days}
    entries = ledger(lake)
    assert {n: (e["accepted_record_count"], e["malformed_record_count"]) for n, e in entries.items()} == predicted
    assert counts["rows_out"] == sum(good for good, _ in predicted.values()) == lake.read(EVENTS).count()
