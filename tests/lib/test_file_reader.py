import gzip
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from lakerec.bronze.files import COUNTS, DeliveredFile
from lakerec.bronze.mapping import Source
from lakerec.file_reader import Delivery, read_file

EVENT = b'{"event_id":"e1","item_id":"i1","action":"view","occurred_at":"2024-03-01T00:00:00Z"}\n'
FIELDS = {"event_id": "event_id", "action": "action", "occurred_at": "occurred_at"}
CSV = {"kind": "csv", "header": True, "delimiter": ",", "quote": '"'}


def a_source(**layout: Any) -> Source:
    events = {"files": ["*"], "fields": FIELDS, "time": {"format": "iso"}}
    return Source.model_validate({"name": "here", "format": layout or {"kind": "jsonl"}, "events": events})


def zstd(data: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(data)
    return target.getvalue().to_pybytes()


def read(file: Path, source: Source | None = None, size: int | None = None, longest: int = 1 << 20):
    """All rows of a file; the last is its own."""
    size = file.stat().st_size if size is None else size
    delivery = Delivery(pafs.LocalFileSystem(), str(file), DeliveredFile("f1", file.name, "event", size))
    return [row for batch in read_file(delivery, source or a_source(), longest) for row in batch.to_pylist()]


def delivered(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("cut.jsonl.gz", gzip.compress(EVENT * 500, mtime=0)[:-9], "Truncated compressed stream"),
        (
            "second-cut.jsonl.gz",
            gzip.compress(EVENT, mtime=0) + gzip.compress(EVENT, mtime=0)[:-3],
            "Truncated compressed stream",
        ),
        ("cut.jsonl.zst", zstd(EVENT * 500)[:-5], "Truncated compressed stream"),
        ("empty.jsonl.gz", b"", "it is empty, which no gzip file is"),
        ("plain.jsonl.gz", EVENT, "zlib inflate failed: incorrect header check"),
        ("plain.jsonl.zst", EVENT, "ZSTD decompress failed: Unknown frame descriptor"),
        (
            "damaged.jsonl.gz",
            gzip.compress(EVENT, mtime=0)[:-8] + b"\0" * 8,
            "zlib inflate failed: incorrect data check",
        ),
    ],
)
def test_a_compressed_file_that_is_not_whole_gives_its_reason(tmp_path, name, data, reason):
    last = read(delivered(tmp_path, name, data))[-1]

    assert (last["kind"], last["reason"], last["line_count"], last["content_hash"]) == ("file", reason, None, None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", EVENT * 3),
        ("a.jsonl.gz", gzip.compress(EVENT, mtime=0) + gzip.compress(EVENT * 2, mtime=0)),
        ("a.jsonl.GZ", gzip.compress(EVENT * 3, mtime=0)),
        ("a.jsonl.zst", zstd(EVENT * 2) + zstd(EVENT)),
    ],
)
def test_plain_gzip_and_zstd_files_hold_the_same_lines(tmp_path, name, data):
    *events, last = read(delivered(tmp_path, name, data))

    assert [(row["line_number"], row["raw"]) for row in events] == [(n, EVENT.rstrip()) for n in (1, 2, 3)]
    assert last["content_hash"] == sha256(data).hexdigest()
    assert (last["line_count"], last["accepted_line_count"]) == (3, 3)


def test_a_file_that_grew_vanished_or_has_no_name_arrow_can_say_is_held_for_that_reason(tmp_path):
    file = delivered(tmp_path, "a.jsonl", EVENT)
    nameless = DeliveredFile("f1", "bad\\xff.jsonl", "event", 1, fault="its name is not UTF-8")

    grown, vanished = read(file, size=10)[-1], read(tmp_path / "gone.jsonl", size=1)
    [refused] = read_file(Delivery(pafs.LocalFileSystem(), "bad", nameless), a_source(), 1 << 20)

    assert grown["reason"] == "its size changed while it was read: is it still being delivered?"
    assert [row["reason"] for row in vanished] == ["it vanished before it was read"]
    assert refused.to_pylist()[0]["reason"] == "its name is not UTF-8"


@pytest.mark.parametrize(
    "name", ["_x.log", ".x.log", "a:b.log", "100%25.log", "a b.log", "é.log", "[a]*?.log", "a\nb.log"]
)
def test_a_file_of_any_name_is_read(tmp_path, name):
    assert read(delivered(tmp_path, name, EVENT))[-1]["accepted_record_count"] == 1


def conserved(data: bytes, rows: list[dict]) -> bytes:
    """The file again, from the rows that hold its lines; blank lines are what is missing between them."""
    kept = {row["line_number"]: row["raw"] for row in rows[:-1] if row["record_number"] == 1}
    lines = data.split(b"\n")
    return b"\n".join(kept.get(number, line if not line.strip() else b"LOST") for number, line in enumerate(lines, 1))


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n \r\n"])
def test_every_byte_of_a_file_is_kept_whatever_its_lines_are_like(tmp_path, end):
    odd = [
        EVENT.rstrip(),
        b"",
        b"{broken",
        b"\xff\xfe",
        b"[1]",
        b" \t",
        b'{"a":"\x00"}',
        b"\xef\xbb\xbf{}",
        b'"x"',
        b"{}\r",
    ]
    data = b"\n".join(odd) + end

    rows = read(delivered(tmp_path, "a.jsonl", data))

    assert conserved(data, rows) == data
    last = rows[-1]
    parts = [last[f"{part}_count"] for part in ("header", "blank", "malformed_line", "accepted_line")]
    assert last["line_count"] == sum(parts) == data.count(b"\n") + (not data.endswith(b"\n"))


def test_a_header_and_records_of_several_lines_are_counted_by_their_lines(tmp_path):
    text = b'event_id,action,occurred_at\r\ne1,"vi\new",2024-03-01T00:00:00Z\r\n\r\ne2\r\n"e3,view,x'

    rows = read(delivered(tmp_path, "a.csv", text), a_source(**CSV))

    assert [rows[-1][name] for name in COUNTS] == [6, 1, 1, 2, 2, 1, 2, 0]
    assert [row["raw"] for row in rows[:-1]] == [b'e1,"vi\new",2024-03-01T00:00:00Z\r', b"e2\r", b'"e3,view,x']


def test_rows_of_parquet_are_lines_and_the_hash_is_of_the_files_bytes(tmp_path):
    columns = {"event_id": ["e1", "e2"], "action": ["view", None], "occurred_at": ["2024-03-01T00:00:00Z", "?"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    *events, last = read(tmp_path / "a.parquet", a_source(kind="parquet"))

    assert [row["raw"] for row in events] == [
        b'{"action":"view","event_id":"e1","occurred_at":"2024-03-01T00:00:00Z"}',
        b'{"action":null,"event_id":"e2","occurred_at":"?"}',
    ]
    assert last["content_hash"] == sha256((tmp_path / "a.parquet").read_bytes()).hexdigest()
    assert [last[name] for name in COUNTS] == [2, 0, 0, 0, 2, 2, 0, 0]


def test_a_parquet_file_that_is_cut_is_held(tmp_path):
    pq.write_table(pa.table({"event_id": ["e1"], "action": ["a"], "occurred_at": ["t"]}), tmp_path / "a.parquet")
    cut = delivered(tmp_path, "b.parquet", (tmp_path / "a.parquet").read_bytes()[:-3])

    [row] = read(cut, a_source(kind="parquet"))

    assert "Parquet magic bytes not found in footer" in row["reason"]


def test_a_long_line_takes_no_more_memory_than_the_longest_that_is_read(tmp_path):
    with (tmp_path / "a.jsonl").open("wb") as file:
        for _ in range(30):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + EVENT)
    tracemalloc.start()

    event, bad, last = read(tmp_path / "a.jsonl", longest=1 << 16)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (bad["size_bytes"], len(bad["raw"]), bad["line_number"]) == (30_000_000, 1_024, 1)
    assert (event["line_number"], last["malformed_line_count"]) == (2, 1)
    assert peak < 15_000_000
