"""operations.stage_runs: how each stage of each run went."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

STAGE_RUNS = Table(
    name="operations.stage_runs",
    comment="One row per (run, stage).",
    columns=(
        Column("run_id", T.StringType(), "Run, as given by --run-id or made from its start time."),
        Column("job", T.StringType(), "Job that was started."),
        Column("stage", T.StringType(), "Stage of it; a job alone is its own only stage."),
        Column("rows_in", T.LongType(), "Rows read, in the unit of the stage's input."),
        Column("rows_out", T.LongType(), "Rows written to the stage's main table."),
        Column("rows_rejected", T.LongType(), "Rows set aside with a reason."),
        Column("rows_duplicate", T.LongType(), "Rows left out because another row has their key."),
        Column("seconds", T.DoubleType(), "Wall time; s."),
        Column("rows_per_second", T.DoubleType(), "rows_in per second; null without rows."),
        Column("error_share", T.DoubleType(), "rows_rejected / rows_in, 0..1; null without rows."),
        Column("counts", T.StringType(), "Everything the stage counted; JSON object with sorted keys."),
        Column("started_at", T.TimestampType(), "Start of the stage; UTC."),
        Column("status", T.StringType(), "done, or the name of the error that ended it."),
        Column("core_count", T.LongType(), "Tasks that could run at once; null: not recorded."),
    ),
    key=("run_id", "stage"),
    write=Write.APPEND,
)
