"""operations.table_health: what each run wrote, column by column: nulls, distinct and top values, quantiles, age."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

TABLE_HEALTH = Table(
    name="operations.table_health",
    comment="One row per (run, table, column) of what a run wrote and left in place.",
    columns=(
        Column("run_id", T.StringType(), "Run that wrote the rows."),
        Column("table_name", T.StringType(), "Table, such as silver.events."),
        Column("column_name", T.StringType(), "Column of it."),
        Column("version", T.LongType(), "Delta version of the table after the run."),
        Column("row_count", T.LongType(), "Rows that the run wrote."),
        Column("null_share", T.DoubleType(), "Nulls among them, 0..1; of the sample where Delta counts none."),
        Column(
            "sample_count", T.LongType(), "Rows that the following columns were measured on; all where they are few."
        ),
        Column("distinct_count", T.LongType(), "Different values; an estimate where the sample is not all rows."),
        Column("quantiles", T.ArrayType(T.DoubleType()), "0, 5, 25, 50, 75, 95 and 100 % of a numeric column."),
        Column("top_values", T.StringType(), "Most frequent values with their share; JSON; null where most differ."),
        Column(
            "newest_at", T.TimestampType(), "Latest of a column of times; of the sample where Delta keeps none; UTC."
        ),
        Column("age_seconds", T.DoubleType(), "Start of the run minus that; s."),
        Column("measured_at", T.TimestampType(), "Start of the run; UTC."),
    ),
    key=("run_id", "table_name", "column_name"),
    write=Write.APPEND,
)
