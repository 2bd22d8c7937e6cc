"""silver.rejected_events: the records we do not believe, each with every reason."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

REJECTED_EVENTS = Table(
    name="silver.rejected_events",
    comment="One row per record that is not believed; its bytes are in bronze.events.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from.", nullable=False),
        Column("event_date", T.DateType(), "Day of its time, UTC; null where the time is unreadable."),
        Column("event_id", T.StringType(), "Its id; may be missing, shared, or too long."),
        Column("file_id", T.StringType(), "Delivered file.", nullable=False),
        Column("line_number", T.LongType(), "Line in the file, from 1.", nullable=False),
        Column("record_number", T.IntegerType(), "Record within the line, from 1.", nullable=False),
        Column("action", T.StringType(), "Action as understood: lower case, without surrounding spaces."),
        Column("occurred_at", T.StringType(), "Time as delivered, which may be unreadable."),
        Column("reasons", T.ArrayType(T.StringType()), "Names of all expectations that it fails, in their order."),
        Column("ingested_at", T.TimestampType(), "When it was read; UTC."),
    ),
    key=("source", "file_id", "line_number", "record_number"),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
)
