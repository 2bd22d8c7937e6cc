"""Rows of Parquet to records: a row is a line, and its canonical JSON stands for the bytes that a line would have.

Canonical: members sorted by name; times and decimals as text; bytes as text where they are UTF-8, else
`{"base64": ...}`; NaN and infinities as text.
"""

from base64 import b64encode
from collections.abc import Collection, Iterator
from math import isfinite
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lakerec.bronze.formats import Records, UnreadableFileError, add_parts
from lakerec.bronze.lines import LINES_AT_ONCE
from lakerec.bronze.mapping import ParquetFormat

ROWS_AT_ONCE = LINES_AT_ONCE // 4
AS_TEXT = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time, pa.types.is_decimal, pa.types.is_duration)
AS_THEY_ARE = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string)


def open_parquet(file: pa.NativeFile, names: Collection[str]) -> pq.ParquetFile:
    """A Parquet file that has the columns of the mapped fields.

    Raises:
        UnreadableFileError: it is no Parquet file, or its columns are not as configured.
    """
    try:
        opened = pq.ParquetFile(file, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError(str(error).splitlines()[0]) from error
    columns = opened.schema_arrow.names
    if lacking := sorted({name for name in names if name not in columns and name.split(".")[0] not in columns}):
        raise UnreadableFileError(f"its columns lack {lacking}")
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise UnreadableFileError(f"it has {repeated} more than once")
    return opened


def read_parquet(opened: pq.ParquetFile, options: ParquetFormat, names: Collection[str]) -> Iterator[Records]:
    """Records of one file, a bounded stretch at a time.

    Raises:
        UnreadableFileError: a part of it cannot be read.
    """
    number = 0
    try:
        for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE):
            records = Records()
            columns = [_values(column) for column in batch.columns]
            for values in zip(*columns, strict=True):
                number += 1
                row = dict(zip(batch.schema.names, values, strict=True))
                raw = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
                add_parts(records, number, raw, 1, row, options.explode, names)
            yield records
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError(str(error).splitlines()[0]) from error


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        column = _as_microseconds(column)
    if any(is_kind(kind) for is_kind in AS_TEXT):
        return column.cast(pa.string()).to_pylist()
    values = column.to_pylist()
    return values if any(is_kind(kind) for is_kind in AS_THEY_ARE) else [_plain(value) for value in values]


def _as_microseconds(column: pa.Array) -> pa.Array:
    """Times in UTC where they have a zone; nanoseconds that are not zero stay."""
    zone = "UTC" if column.type.tz else None
    try:
        return column.cast(pa.timestamp("us", zone))
    except pa.ArrowInvalid:
        return column.cast(pa.timestamp(column.type.unit, zone))


def _plain(value: Any) -> Any:
    """A value of an inner column as JSON can have it."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": b64encode(value).decode()}
    return str(value)
