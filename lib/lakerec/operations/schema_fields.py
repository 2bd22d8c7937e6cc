"""operations.schema_fields: which fields a producer's records held on each day, and of which types."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

SCHEMA_FIELDS = Table(
    name="operations.schema_fields",
    comment="One row per (source, day, field, type) with which the producer's records came.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from."),
        Column("event_date", T.DateType(), "Day of the records; null where their time is unreadable; UTC."),
        Column("field", T.StringType(), "Path in the producer's record, such as a.b or a[].b; empty: the record."),
        Column("type", T.StringType(), "string, number, boolean, object, array or mixed; null has none."),
        Column("record_count", T.LongType(), "Records of the day that hold it so."),
        Column("file_id", T.StringType(), "File of the earliest of them."),
        Column("line_number", T.LongType(), "Its line there, from 1."),
    ),
    key=("source", "event_date", "field", "type"),
    write=Write.REPLACE,
)

# What one run looks at; more are made by names that are ids. The rarest are then left out.
MOST_SHAPES = 100_000
TYPES = {str: "string", int: "number", float: "number", bool: "boolean", dict: "object", list: "array"}
MIXED = "mixed"
_GROUP = ("source", "event_date", "shape")
_EARLIEST = ("event_at", "file_id", "line_number")
_COUNTED = (
    "source string, event_date date, shape string, record_count bigint,"
    " earliest struct<event_at: timestamp, file_id: string, line_number: bigint>"
)
_SHAPES_REMEMBERED = 10_000


class FieldOfDay(NamedTuple):
    """A row of operations.schema_fields."""

    source: str
    event_date: date | None
    field: str
    type: str
    record_count: int
    file_id: str
    line_number: int


def group_by_shape(records: DataFrame) -> DataFrame:
    """How many records of each source and day have the same fields and types, and where the earliest is.

    A record's fields are those of its bytes where they are JSON, else those that its source maps nowhere.

    Args:
        records: bronze.events of whole days.

    Returns:
        A row per (source, event_date, shape) with record_count and earliest; see `shape_of`.
    """
    held = records.where(F.col("raw").isNotNull()).select("source", "event_date", *_EARLIEST, "raw", "rescued")
    return (
        held.mapInArrow(_count_shapes, _COUNTED)
        .groupBy(*_GROUP)
        .agg(F.sum("record_count").alias("record_count"), F.min("earliest").alias("earliest"))
    )


def fit_fields(records: DataFrame) -> list[FieldOfDay]:
    """The rows of operations.schema_fields for whole days. Acts: collects at most `MOST_SHAPES` shapes.

    Args:
        records: bronze.events of those days.
    """
    groups = group_by_shape(records).orderBy(F.desc("record_count"), "shape")
    found: dict[tuple[str, date | None, str, str], FieldOfDay] = {}
    for row in groups.limit(MOST_SHAPES).orderBy("earliest").collect():
        for field, kind in orjson.loads(row.shape):
            key = (row.source, row.event_date, field, kind)
            seen = found.setdefault(key, FieldOfDay(*key, 0, row.earliest.file_id, row.earliest.line_number))
            found[key] = seen._replace(record_count=seen.record_count + row.record_count)
    return list(found.values())


def shape_of(record: Any) -> str:
    """(path, type) of everything in a value of JSON, as JSON: `{"a": [1]}` has '', 'a' and 'a[]'."""
    kinds: dict[str, set[str]] = {}
    to_see = [("", record)]
    while to_see:
        path, value = to_see.pop()
        if value is None:
            continue
        kinds.setdefault(path, set()).add(TYPES[type(value)])
        if isinstance(value, dict):
            to_see += [(f"{path}.{name}", member) for name, member in value.items()]
        elif isinstance(value, list):
            to_see += [(f"{path}[]", element) for element in value]
    fields = sorted((path.removeprefix("."), min(of) if len(of) == 1 else MIXED) for path, of in kinds.items())
    return orjson.dumps(fields).decode()


def _count_shapes(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    known: dict[Any, str] = {}
    for batch in batches:
        records = map(_fields_of, batch["raw"].to_pylist(), batch["rescued"].to_pylist())
        shapes = pa.array([_remembered_shape(record, known) for record in records], pa.string())
        rows = pa.table({"shape": shapes, **{name: batch[name] for name in ("source", "event_date", *_EARLIEST)}})
        in_order = rows.sort_by([(name, "ascending") for name in _EARLIEST])
        firsts = [(name, "first") for name in _EARLIEST]
        groups = in_order.group_by(list(_GROUP), use_threads=False).aggregate([([], "count_all"), *firsts])
        for group in groups.to_batches():
            earliest = pa.StructArray.from_arrays([group[f"{name}_first"] for name in _EARLIEST], list(_EARLIEST))
            columns = [*(group[name] for name in _GROUP), group["count_all"], earliest]
            yield pa.RecordBatch.from_arrays(columns, [*_GROUP, "record_count", "earliest"])


def _fields_of(raw: bytes, rescued: str | None) -> dict[str, Any]:
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        record = None
    return record if isinstance(record, dict) else orjson.loads(rescued or "{}")


def _remembered_shape(record: dict[str, Any], known: dict[Any, str]) -> str:
    """The shape of a record; of one without objects and arrays, names and types tell it."""
    types = tuple(map(type, record.values()))
    names = (tuple(record), types)
    if names not in known:
        if len(known) == _SHAPES_REMEMBERED:
            known.clear()
        known[names] = "" if {dict, list} & set(types) else shape_of(record)
    return known[names] or shape_of(record)
