"""Lines of delivered files, from a look into some of them."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakerec.bronze.mapping import ParquetFormat, Source
from lakerec.config import load_source
from lakerec.landing import list_files
from lakerec.planning import delivered
from lakerec.planning.delivered import sample_delivered

LINE = b'{"event_id": "e"}\n'


def deliver(root: Path, **files: bytes) -> Source:
    for name, content in files.items():
        file = root / "events" / name.replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return a_source()


def a_source() -> Source:
    source = load_source("shop")
    return source.model_copy(update={"events": source.events.model_copy(update={"files": ("events/**/*.jsonl*",)})})


def sampled(root: Path, source: Source) -> delivered.Delivered:
    return sample_delivered(str(root), list_files(str(root), source), source)


def test_small_files_are_counted_whole_packed_or_not_also_without_a_last_line_feed(tmp_path: Path) -> None:
    source = deliver(tmp_path, a_jsonl_gz=gzip.compress(LINE * 5), b_jsonl_gz=gzip.compress(LINE * 2 + LINE[:-1]))

    found = sampled(tmp_path, source)

    assert (found.lines, found.files) == (5 + 3, 2)
    assert found.sampled_bytes == found.size_bytes


def test_of_a_large_file_the_beginning_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered, "MOST_BYTES", 10 * len(LINE))
    source = deliver(tmp_path, a_jsonl=LINE * 1000)

    found = sampled(tmp_path, source)

    assert found.lines == pytest.approx(1000)
    assert found.sampled_bytes == 10 * len(LINE)


def test_of_many_files_some_are_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered, "MOST_FILES", 2)
    source = deliver(tmp_path, **{f"{name}_jsonl": LINE * 10 for name in "abcdef"})

    found = sampled(tmp_path, source)

    assert (found.lines, found.files, found.sampled_bytes) == (60, 6, 2 * 10 * len(LINE))


def test_a_broken_file_is_passed_over_and_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    source = deliver(tmp_path, a_jsonl_gz=b"no gzip at all", b_jsonl=LINE * 4)

    assert sampled(tmp_path, source).lines == pytest.approx(4 * (14 + 4 * len(LINE)) / (4 * len(LINE)))
    assert sampled(tmp_path / "none", source).lines == 0


def test_parquet_states_its_rows(tmp_path: Path) -> None:
    source = a_source().model_copy(update={"format": ParquetFormat(kind="parquet")})
    (tmp_path / "events").mkdir()
    pq.write_table(pa.table({"event_id": ["e"] * 7}), tmp_path / "events" / "a.jsonl")

    assert sampled(tmp_path, source).lines == 7
