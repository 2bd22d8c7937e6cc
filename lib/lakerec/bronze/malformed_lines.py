"""bronze.malformed_lines: every line that could not be read, byte for byte, and why."""

from datetime import datetime

import pyarrow as pa
from pyspark.sql import types as T

from lakerec.bronze.columns import as_declared, of_kind
from lakerec.bronze.mapping import Source
from lakerec.contract import Column, Table, Write

MALFORMED_LINES = Table(
    name="bronze.malformed_lines",
    comment="One row per line, quoted record of several lines, or element of an exploded array, that is no record.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from."),
        Column("file_id", T.StringType(), "File it was delivered in; see bronze.files."),
        Column("line_number", T.LongType(), "Line of the file it starts at, from 1."),
        Column("record_number", T.IntegerType(), "Record within the line, from 1."),
        Column("batch", T.LongType(), "Batch that wrote it; see bronze.files."),
        Column("raw", T.BinaryType(), "The delivered bytes, exactly; a line's without the line feed that ends it."),
        Column("reason", T.StringType(), "Why it could not be read, such as: not JSON."),
        Column("ingested_at", T.TimestampType(), "Start of the run that read it; UTC."),
        Column("size_bytes", T.LongType(), "Bytes of the whole line where it was too long: then raw is its first."),
        Column("content_hash", T.StringType(), "sha256 (hex) of the whole line where it was too long."),
    ),
    key=("source", "file_id", "line_number", "record_number"),
    write=Write.APPEND,
    indexed=("source", "file_id", "batch"),
    incompressible=("raw",),
)


def read_malformed_lines(read: pa.Table, *, source: Source, batch: int, ingested_at: datetime) -> pa.Table:
    """The rows of bronze.malformed_lines among what a batch of files held.

    Args:
        read: rows of `columns.READ_SCHEMA`, of files that are to be taken.
        source: where they came from.
        batch: number of the batch.
        ingested_at: start of the run, UTC.
    """
    rows = of_kind(read, "malformed")
    others = {
        "source": source.name,
        "batch": batch,
        "ingested_at": ingested_at,
    }
    return as_declared(rows, MALFORMED_LINES, others)
