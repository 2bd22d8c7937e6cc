"""bronze.items: every catalogue record that could be read, as it was delivered."""

from datetime import datetime

import pyarrow as pa
from pyspark.sql import types as T

from lakerec.bronze.columns import as_declared, of_kind
from lakerec.bronze.mapping import Source
from lakerec.contract import Column, Table, Write

ITEMS = Table(
    name="bronze.items",
    comment="One row per accepted record of a catalogue file; values are the delivered text, believed or not.",
    columns=(
        Column("source", T.StringType(), "Which producer's catalogue it came from."),
        Column("id_namespace", T.StringType(), "Whose item ids these are; empty: the lake's common ones."),
        Column("file_id", T.StringType(), "File it was delivered in; see bronze.files."),
        Column("line_number", T.LongType(), "Line of the file it starts at, from 1."),
        Column("record_number", T.IntegerType(), "Record within the line, from 1."),
        Column("batch", T.LongType(), "Batch that wrote it; see bronze.files."),
        Column("raw", T.BinaryType(), "The delivered bytes without the line feed; at record_number 1 only."),
        Column("item_id", T.StringType(), "The item."),
        Column("name", T.StringType(), "Its name."),
        Column("category", T.StringType(), "Its category."),
        Column("attributes", T.StringType(), "Further properties; JSON object with sorted keys."),
        Column("price", T.StringType(), "Price of one unit, in the shop's currency."),
        Column("is_available", T.StringType(), "Whether it can be bought: true or false."),
        Column("changed_at", T.StringType(), "Since when this holds, as delivered."),
        Column("item_at", T.TimestampType(), "changed_at as the source's time rule reads it; null: unreadable; UTC."),
        Column("rescued", T.StringType(), "Fields that are mapped nowhere; JSON object with sorted keys."),
        Column("ingested_at", T.TimestampType(), "Start of the run that read it; UTC."),
    ),
    key=("source", "file_id", "line_number", "record_number"),
    write=Write.APPEND,
    indexed=("source", "file_id", "batch", "item_at"),
    incompressible=("raw",),
)


def read_items(read: pa.Table, *, source: Source, batch: int, ingested_at: datetime) -> pa.Table:
    """The rows of bronze.items among what a batch of files held.

    Args:
        read: rows of `columns.READ_SCHEMA`, of files that are to be taken.
        source: where they came from.
        batch: number of the batch.
        ingested_at: start of the run, UTC.
    """
    rows = of_kind(read, "item")
    others = {
        "source": source.name,
        "id_namespace": source.id_namespace,
        "batch": batch,
        "item_at": rows["at"],
        "ingested_at": ingested_at,
    }
    return as_declared(rows, ITEMS, others)
