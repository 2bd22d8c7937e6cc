"""bronze.events: every record that could be read, as it was delivered."""

from datetime import datetime

import pyarrow as pa
from pyspark.sql import types as T

from lakerec.bronze.columns import as_declared, of_kind
from lakerec.bronze.mapping import Source
from lakerec.bronze.times import days_of
from lakerec.contract import Column, Table, Write

EVENTS = Table(
    name="bronze.events",
    comment="One row per accepted record of an event file; values are the delivered text, believed or not.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from."),
        Column("id_namespace", T.StringType(), "Whose user and item ids these are; empty: the lake's common ones."),
        Column("file_id", T.StringType(), "File it was delivered in; see bronze.files."),
        Column("line_number", T.LongType(), "Line of the file it starts at, from 1."),
        Column("record_number", T.IntegerType(), "Record within the line, from 1."),
        Column("batch", T.LongType(), "Batch that wrote it; see bronze.files."),
        Column("raw", T.BinaryType(), "The delivered bytes without the line feed; at record_number 1 only."),
        Column("event_at", T.TimestampType(), "occurred_at as the source's time rule reads it; null: unreadable; UTC."),
        Column("event_date", T.DateType(), "Day of event_at; null where that is; UTC."),
        Column("event_id", T.StringType(), "Producer's id, or one made of named fields (sha256, hex)."),
        Column("user_id", T.StringType(), "Who acted."),
        Column("session_id", T.StringType(), "Visit it belongs to."),
        Column("item_id", T.StringType(), "What was acted on."),
        Column("item_name", T.StringType(), "Its name, where the event states it."),
        Column("item_category", T.StringType(), "Its category, where the event states it."),
        Column("action", T.StringType(), "What was done, after the source's action rule."),
        Column("occurred_at", T.StringType(), "When the user acted, as delivered."),
        Column("quantity", T.StringType(), "Units."),
        Column("price", T.StringType(), "Price of one unit, in the shop's currency."),
        Column("list_id", T.StringType(), "List of items it was shown in."),
        Column("position", T.StringType(), "Place in that list."),
        Column("surface", T.StringType(), "Page or slot that showed the list."),
        Column("propensity", T.StringType(), "Probability with which it was shown there."),
        Column("rescued", T.StringType(), "Fields that are mapped nowhere; JSON object with sorted keys."),
        Column("ingested_at", T.TimestampType(), "Start of the run that read it; UTC."),
    ),
    key=("source", "file_id", "line_number", "record_number"),
    write=Write.APPEND,
    indexed=("source", "file_id", "batch", "event_at"),
    incompressible=("raw",),
    partition_by="event_date",
)


def read_events(read: pa.Table, *, source: Source, batch: int, ingested_at: datetime) -> pa.Table:
    """The rows of bronze.events among what a batch of files held.

    Args:
        read: rows of `columns.READ_SCHEMA`, of files that are to be taken.
        source: where they came from.
        batch: number of the batch.
        ingested_at: start of the run, UTC.
    """
    rows = of_kind(read, "event")
    others = {
        "source": source.name,
        "id_namespace": source.id_namespace,
        "batch": batch,
        "event_at": rows["at"],
        "event_date": days_of(rows["at"]),
        "ingested_at": ingested_at,
    }
    return as_declared(rows, EVENTS, others)
