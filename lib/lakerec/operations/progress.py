"""operations.progress: how far each table has followed its source."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

PROGRESS = Table(
    name="operations.progress",
    comment="One row per (consumer, source table, commit): the source version a table has been brought up to.",
    columns=(
        Column("consumer", T.StringType(), "Table that was brought up to date."),
        Column("source", T.StringType(), "Table it was computed from."),
        Column("epoch", T.IntegerType(), "Counts the rebuilds of the consumer, from 1."),
        Column("version", T.LongType(), "Delta version of the source that has been read."),
        Column("dates", T.ArrayType(T.StringType()), "Days recomputed; null where the table was written whole."),
        Column("run_id", T.StringType(), "Run that wrote it."),
        Column("config_hash", T.StringType(), "Hash of the settings and transform version that shaped the rows."),
        Column("settings", T.StringType(), "Those settings; JSON object with sorted keys."),
        Column("code_version", T.StringType(), "Version of lakerec."),
        Column("committed_at", T.TimestampType(), "Start of the run that committed; UTC."),
    ),
    key=("consumer", "source", "epoch", "version", "run_id"),
    write=Write.APPEND,
)
