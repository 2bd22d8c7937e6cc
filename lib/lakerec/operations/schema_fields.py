"""operations.schema_fields: which fields a producer's records held on each day, and of which types."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

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

PLACE = ("file_id", "line_number")
# What one run looks at; more are made by names that are ids. The rarest are then left out.
MOST_SHAPES = 100_000
NUMBER = r"(?<=[<: ])(BIGINT|DOUBLE|DECIMAL\(\d+,\d+\))(?=[,>]|$)"
TYPES = {"STRING": "string", "NUMBER": "number", "BOOLEAN": "boolean", "VARIANT": "mixed"}
TOKEN = re.compile(r"`(?:[^`]|``)*`|[^`<>:, ]+|[<>:,]")


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

    A record's fields are those of its bytes where they are JSON, else those that its source maps nowhere. A record with
    a key twice has no shape.

    Args:
        records: bronze.events of whole days.

    Returns:
        A row per (source, event_date, shape); the shape is what Spark calls the schema of a variant.
    """
    of_raw = F.schema_of_variant(F.try_parse_json(F.col("raw").cast("string")))
    of_rest = F.schema_of_variant(F.try_parse_json(F.coalesce("rescued", F.lit("{}"))))
    shape = F.when(of_raw.startswith("OBJECT"), of_raw).otherwise(of_rest)
    as_sparks = (
        records.where(F.col("raw").isNotNull())
        .select("source", "event_date", shape.alias("shape"), "event_at", *PLACE)
        .groupBy("source", "event_date", "shape")
        .agg(F.count(F.lit(1)).alias("record_count"), F.min(F.struct("event_at", *PLACE)).alias("earliest"))
    )
    one_number = F.regexp_replace("shape", NUMBER, "NUMBER").alias("shape")  # of few shapes, not of every record
    return as_sparks.groupBy("source", "event_date", one_number).agg(
        F.sum("record_count").alias("record_count"), F.min("earliest").alias("earliest")
    )


def fit_fields(records: DataFrame) -> list[FieldOfDay]:
    """The rows of operations.schema_fields for whole days. Acts: collects at most `MOST_SHAPES` shapes.

    Args:
        records: bronze.events of those days.
    """
    groups = group_by_shape(records).where("shape IS NOT NULL").orderBy(F.desc("record_count"), "shape")
    found: dict[tuple[str, date | None, str, str], FieldOfDay] = {}
    for row in groups.limit(MOST_SHAPES).orderBy("earliest").collect():
        for field, kind in fields_of(row.shape):
            key = (row.source, row.event_date, field, kind)
            seen = found.setdefault(key, FieldOfDay(*key, 0, row.earliest.file_id, row.earliest.line_number))
            found[key] = seen._replace(record_count=seen.record_count + row.record_count)
    return list(found.values())


def fields_of(shape: str) -> set[tuple[str, str]]:
    """(path, type) of everything in a variant's schema: `OBJECT<a: ARRAY<NUMBER>>` has '', 'a' and 'a[]'."""
    return set(_walk(iter(TOKEN.findall(shape)), ""))


def _walk(tokens: Iterator[str], path: str) -> Iterator[tuple[str, str]]:
    kind = next(tokens)
    if kind == "OBJECT":
        yield path, "object"
        yield from _walk_members(tokens, path)
    elif kind == "ARRAY":
        yield path, "array"
        next(tokens)  # <
        yield from _walk(tokens, f"{path}[]")
        next(tokens)  # >
    elif kind in TYPES:
        yield path, TYPES[kind]


def _walk_members(tokens: Iterator[str], path: str) -> Iterator[tuple[str, str]]:
    next(tokens)  # <
    while (name := next(tokens)) != ">":
        if name == ",":
            continue
        next(tokens)  # :
        member = name[1:-1].replace("``", "`") if name.startswith("`") else name
        yield from _walk(tokens, f"{path}.{member}" if path else member)
