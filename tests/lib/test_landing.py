import gzip
import os
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from lakerec.bronze.columns import accepted_batch
from lakerec.bronze.events import EVENTS, read_events
from lakerec.bronze.files import COUNTS, make_file_id
from lakerec.bronze.formats import read_records
from lakerec.bronze.mapping import Source
from lakerec.config import load, load_source
from lakerec.errors import LandingError
from lakerec.landing import LandingSettings, kind_of, list_files, read_files, rows_of_table

EVENT = b'{"event_id":"e1","item_id":"i1","action":"view","occurred_at":"2024-03-01T00:00:00Z"}\n'


def deliver(landing: Path, path: str, data: bytes) -> None:
    target = landing / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(data) if path.endswith(".gz") else data)


def a_source(*patterns: str) -> Source:
    fields = {"event_id": "event_id", "action": "action", "occurred_at": "occurred_at"}
    events = {"files": patterns, "fields": fields, "time": {"format": "iso"}}
    return Source.model_validate({"name": "here", "format": {"kind": "jsonl"}, "events": events})


def settings(landing: Path) -> LandingSettings:
    return load("test", {"landing.root": str(landing), "lake.run_id": "test"}).landing


def test_files_are_listed_in_path_order_with_what_they_hold(tmp_path):
    for path in (
        "events/2024-03-02/00.jsonl.gz",
        "events/2024-03-01/10.jsonl.gz",
        "items/2024-03-01.jsonl.gz",
        "x.csv",
    ):
        deliver(tmp_path, path, b"")

    files = list_files(str(tmp_path), load_source("shop"))

    assert [(file.path, file.kind) for file in files] == [
        ("events/2024-03-01/10.jsonl.gz", "event"),
        ("events/2024-03-02/00.jsonl.gz", "event"),
        ("items/2024-03-01.jsonl.gz", "item"),
    ]
    assert files[0].file_id == make_file_id("shop", files[0].path)
    assert files[0].size_bytes == (tmp_path / files[0].path).stat().st_size


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("*.log", ["a.log"]),
        ("**/*.log", ["a.log", "d/b.log", "d/e/.hidden.log", "d/e/_c.log"]),
        ("d/**", ["d/b.log", "d/e/.hidden.log", "d/e/_c.log"]),
        ("d/?.log", ["d/b.log"]),
        ("[d]/b.log", []),
    ],
)
def test_patterns_stay_in_a_folder_unless_told_otherwise(tmp_path, pattern, matching):
    for path in ("a.log", "d/b.log", "d/e/_c.log", "d/e/.hidden.log", "d/b.log.tmp", "d/e.tmp"):
        deliver(tmp_path, path, b"x")

    assert [file.path for file in list_files(str(tmp_path), a_source(pattern))] == matching


def test_a_file_whose_name_is_no_utf8_is_listed_with_what_is_wrong(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.log")).touch()
    deliver(tmp_path, "a:b 100%[x]*.log", b"")

    files = list_files(str(tmp_path), a_source("*.log"))

    assert [(file.path, file.fault) for file in files] == [
        ("a:b 100%[x]*.log", None),
        ("bad\\xff.log", "its name is not UTF-8"),
    ]


def test_what_is_no_regular_file_is_listed_with_what_is_wrong(tmp_path):
    os.mkfifo(tmp_path / "pipe.log")

    [file] = list_files(str(tmp_path), a_source("*.log"))

    assert (file.path, file.fault) == ("pipe.log", "it is no regular file")


def test_what_a_file_holds_follows_from_its_path():
    assert kind_of("events/2024-03-01/10.jsonl.gz", load_source("shop")) == "event"
    assert kind_of("items/2024-03-01.jsonl.gz", load_source("shop")) == "item"
    assert kind_of("events/2024-03-01/10.jsonl.gz.tmp", load_source("shop")) is None


def test_a_missing_folder_is_named_with_the_flag_that_gives_another(tmp_path):
    missing = str(tmp_path / "nowhere")

    with pytest.raises(LandingError) as caught:
        list_files(missing, a_source("*"))

    assert (
        str(caught.value) == f"landing.root: no folder '{missing}'. Name the one that is delivered to with --landing."
    )


def test_files_are_read_with_their_lines_hashes_and_counts_and_bad_ones_say_why(spark, tmp_path):
    deliver(tmp_path, "a.jsonl", EVENT + b"\n{broken\n" + EVENT.rstrip())
    deliver(tmp_path, "b c#%é.jsonl.gz", EVENT * 2)
    deliver(tmp_path, "cut.jsonl.gz", EVENT * 50)
    (tmp_path / "cut.jsonl.gz").write_bytes((tmp_path / "cut.jsonl.gz").read_bytes()[:-9])
    (tmp_path / "empty.jsonl.gz").touch()
    deliver(tmp_path, "plain.jsonl", EVENT)
    (tmp_path / "plain.jsonl").rename(tmp_path / "notgzip.jsonl.gz")
    deliver(tmp_path, "grown.jsonl", EVENT)
    deliver(tmp_path, "vanished.jsonl", EVENT)
    files = list_files(str(tmp_path), a_source("*"))
    deliver(tmp_path, "grown.jsonl", EVENT * 2)
    (tmp_path / "vanished.jsonl").unlink()

    rows = read_files(spark, files, a_source("*"), settings(tmp_path)).toArrow().to_pylist()

    paths = {file.file_id: file.path for file in files}
    found = {paths[row["file_id"]]: row for row in rows if row["kind"] == "file"}
    assert {path: row["reason"] for path, row in found.items()} == {
        "a.jsonl": None,
        "b c#%é.jsonl.gz": None,
        "cut.jsonl.gz": "Truncated compressed stream",
        "empty.jsonl.gz": "it is empty, which no gzip file is",
        "grown.jsonl": "its size changed while it was read: is it still being delivered?",
        "notgzip.jsonl.gz": "zlib inflate failed: incorrect header check",
        "vanished.jsonl": "it vanished before it was read",
    }
    assert [found["a.jsonl"][name] for name in COUNTS] == [4, 0, 1, 1, 2, 2, 1, 0]
    assert [found["b c#%é.jsonl.gz"][name] for name in COUNTS] == [2, 0, 0, 0, 2, 2, 0, 0]
    delivered = (tmp_path / "b c#%é.jsonl.gz").read_bytes()
    assert found["b c#%é.jsonl.gz"]["content_hash"] == sha256(delivered).hexdigest()
    lines = [(row["kind"], row["line_number"], row["raw"]) for row in rows if paths[row["file_id"]] == "a.jsonl"]
    assert sorted(lines[:3]) == [
        ("event", 1, EVENT.rstrip()),
        ("event", 4, EVENT.rstrip()),
        ("malformed", 3, b"{broken"),
    ]


def test_files_that_hold_more_than_fits_into_memory_at_once_are_read_in_stretches(spark, tmp_path):
    lines = [b'{"event_id":"e%d","occurred_at":"2024-03-01T00:00:00Z"}' % number for number in range(50_001)]
    deliver(tmp_path, "long.jsonl", b"\n".join(lines))
    files = list_files(str(tmp_path), a_source("*"))

    read = read_files(spark, files, a_source("*"), settings(tmp_path)).where("kind = 'event'").toArrow()

    assert read.column("event_id").to_pylist() == [f"e{number}" for number in range(50_001)]
    assert read.column("line_number").to_pylist() == list(range(1, 50_002))


def test_rows_of_a_bronze_table_are_made_of_what_was_read(spark, tmp_path):
    deliver(tmp_path, "a.jsonl", EVENT * 2 + b"{broken\n")
    source, noon = a_source("*"), datetime(2024, 3, 1, 12, tzinfo=UTC)
    read = read_files(spark, list_files(str(tmp_path), source), source, settings(tmp_path))

    events = rows_of_table(read, EVENTS, partial(read_events, source=source, batch=3, ingested_at=noon))

    assert events.schema.fieldNames() == EVENTS.names
    rows = events.orderBy("line_number").toArrow().to_pylist()
    assert [(row["line_number"], row["batch"], row["ingested_at"]) for row in rows] == [(1, 3, noon), (2, 3, noon)]


def test_every_row_of_a_real_shop_is_accepted_with_an_id_of_its_own(shared_data):
    source = load_source("online_retail")
    files = list_files(str(shared_data / "online_retail"), source)

    ids: list[str] = []
    made_from_repeated_lines = 0
    for file in files:
        seen: Counter[bytes] = Counter()
        data = (shared_data / "online_retail" / file.path).read_bytes()
        for records in read_records([data], source.format, source.required_fields(file.kind)):
            assert not records.malformed
            ids += accepted_batch(records, source, file.kind, file.file_id, seen).column("event_id").to_pylist()
        made_from_repeated_lines += sum(count - 1 for count in seen.values())

    assert len(files) == 305
    assert len(ids) == len(set(ids)) == 541_909
    assert made_from_repeated_lines == 5_268


@pytest.mark.parametrize(
    ("name", "folder", "actions", "user_count", "item_count"),
    [
        ("taobao_csv", "taobao_sample", {"view": 9_046, "cart": 536, "favourite": 212, "purchase": 206}, 114, 7_623),
        ("taobao_jsonl", "taobao_sample", {"view": 902, "cart": 43, "favourite": 35, "purchase": 20}, 945, 991),
        ("otto", "otto_sample", {"view": 1_517, "cart": 97, "purchase": 18}, 20, 510),
    ],
)
def test_published_logs_are_read_whole_by_configuration_alone(
    shared_data, name, folder, actions, user_count, item_count
):
    source = load_source(name)
    found: list[dict] = []
    for file in list_files(str(shared_data / folder), source):
        data = (shared_data / folder / file.path).read_bytes()
        for records in read_records([data], source.format, source.required_fields("event")):
            assert not records.malformed
            found += accepted_batch(records, source, "event", file.file_id, Counter()).to_pylist()

    assert Counter(row["action"] for row in found) == actions
    assert len({row["user_id"] for row in found}) == user_count
    assert len({row["item_id"] for row in found}) == item_count
    assert all(row["at"] and row["event_id"] and not row["rescued"] for row in found)
