"""operations.schema_fields: which fields a producer's records held on each day, and of which types."""

from datetime import date
from typing import NamedTuple

import orjson
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


class FieldOfDay(NamedTuple):
    """A row of operations.schema_fields."""

    source: str
    event_date: date | None
    field: str
    type: str
    record_count: int
    file_id: str
    line_number: int


def fit_fields(shapes: DataFrame) -> list[FieldOfDay]:
    """The rows of operations.schema_fields for whole days. Acts: collects at most `MOST_SHAPES` shapes.

    Args:
        shapes: what `record_shapes.sum_by_shape` gives of those days' records.
    """
    groups = shapes.orderBy(F.desc("record_count"), "shape")
    found: dict[tuple[str, date | None, str, str], FieldOfDay] = {}
    for row in groups.limit(MOST_SHAPES).orderBy("earliest").collect():
        for field, kind in orjson.loads(row.shape):
            key = (row.source, row.event_date, field, kind)
            seen = found.setdefault(key, FieldOfDay(*key, 0, row.earliest.file_id, row.earliest.line_number))
            found[key] = seen._replace(record_count=seen.record_count + row.record_count)
    return list(found.values())
