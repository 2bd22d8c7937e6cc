import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakerec.bronze.formats import UnreadableFileError
from lakerec.bronze.mapping import ParquetFormat
from lakerec.bronze.parquet_rows import ROWS_AT_ONCE, open_parquet, read_parquet

PLAIN = ParquetFormat(kind="parquet")


def stored(table: pa.Table, **options) -> io.BytesIO:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return io.BytesIO(target.getvalue())


def records(table: pa.Table, layout: ParquetFormat = PLAIN, names=(), **options):
    return list(read_parquet(open_parquet(stored(table, **options), names), layout, names))


def test_a_row_is_a_line_and_its_canonical_json_stands_for_its_bytes():
    columns = {
        "z": ["é", None],
        "i": [2**63 - 1, 0],
        "d": [Decimal("1.50"), None],
        "day": [date(2024, 3, 1), None],
        "at": pa.array([datetime(2024, 3, 1, 10, tzinfo=UTC), None], pa.timestamp("ms", "Europe/Berlin")),
        "f": [float("nan"), 0.5],
        "b": [b"text", b"\xff"],
        "s": [{"n": [1, None], "t": datetime(2024, 3, 1, tzinfo=UTC)}, None],
    }

    [found] = records(pa.table(columns))

    assert [json.loads(raw) for raw in found.raws] == [
        {
            "z": "é",
            "i": 2**63 - 1,
            "d": "1.50",
            "day": "2024-03-01",
            "at": "2024-03-01 10:00:00.000000Z",
            "f": "nan",
            "b": "text",
            "s": {"n": [1, None], "t": "2024-03-01 00:00:00+00:00"},
        },
        {"z": None, "i": 0, "d": None, "day": None, "at": None, "f": 0.5, "b": {"base64": "/w=="}, "s": None},
    ]
    assert found.raws[1] == b'{"at":null,"b":{"base64":"/w=="},"d":null,"day":null,"f":0.5,"i":0,"s":null,"z":null}'
    assert (found.line_numbers, found.record_numbers, found.accepted_line_count) == ([1, 2], [1, 1], 2)


def test_a_list_of_structs_can_be_exploded_like_an_array_of_json():
    table = pa.table({"session": [1, 2], "events": [[{"aid": 5}, {"aid": 6}], []]})

    [found] = records(table, ParquetFormat(kind="parquet", explode="events"), ["session", "events.aid"])

    assert found.rows == [{"session": 1, "events.aid": 5}, {"session": 1, "events.aid": 6}]
    assert (found.line_numbers, found.record_numbers) == ([1, 1], [1, 2])
    [bad] = found.malformed
    assert (bad.line_number, bad.raw, bad.reason) == (2, b'{"events":[],"session":2}', "empty array to explode")


def test_many_rows_come_some_at_a_time():
    found = records(pa.table({"a": range(ROWS_AT_ONCE + 1)}))

    assert [len(part.rows) for part in found] == [ROWS_AT_ONCE, 1]
    assert found[1].line_numbers == [ROWS_AT_ONCE + 1]


def test_a_dictionary_of_texts_is_read_as_its_texts():
    [found] = records(pa.table({"a": pa.array(["x", "y", "x"]).dictionary_encode()}))

    assert found.rows == [{"a": "x"}, {"a": "y"}, {"a": "x"}]


def test_a_file_that_is_no_parquet_or_lacks_a_mapped_column_says_so(tmp_path: Path):
    with pytest.raises(UnreadableFileError, match="Parquet magic bytes not found"):
        open_parquet(io.BytesIO(b"no Parquet at all"), ())
    with pytest.raises(UnreadableFileError, match=r"its columns lack \['b', 'c.d'\]"):
        open_parquet(stored(pa.table({"a": [1]})), ["a", "b", "c.d"])
    with pytest.raises(UnreadableFileError, match=r"it has \['a'\] more than once"):
        open_parquet(stored(pa.table([[1], [2]], names=["a", "a"])), ["a"])


def test_a_part_that_was_damaged_makes_the_file_unreadable():
    data = bytearray(stored(pa.table({"a": [f"value {n}" for n in range(1_000)]}), compression="snappy").getvalue())
    data[100:200] = b"\x00" * 100

    with pytest.raises(UnreadableFileError):
        list(read_parquet(open_parquet(io.BytesIO(bytes(data)), ()), PLAIN, ()))
