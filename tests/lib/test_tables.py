"""Reading tables, on real Delta."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, View, Write
from lakerec.lakehouse import Lakehouse, LakeSettings
from tests.lib.test_lakehouse import DAILY_PAGES, MONDAY, VISITS, visits


def test_a_table_that_was_never_written_reads_as_empty_with_its_declared_columns(lake: Lakehouse) -> None:
    frame = lake.read(VISITS)

    assert (frame.columns, frame.count()) == (VISITS.names, 0)
    assert not lake.exists(VISITS)


def test_rows_are_counted_by_the_log(lake: Lakehouse) -> None:
    before = lake.row_count(VISITS)
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7), (MONDAY, "b", 7)))
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7), (MONDAY, "b", 7), (MONDAY, "c", 7)))

    assert (before, lake.row_count(VISITS)) == (0, 3)


def test_tables_are_read_in_sql_by_their_names(lake: Lakehouse) -> None:
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7)))

    names = lake.register([VISITS, DAILY_PAGES])

    assert names == ["silver.visits"]
    assert lake.spark.sql("SELECT pages FROM silver.visits").first().pages == 7


def test_a_name_shows_the_lake_that_was_registered_last_be_it_a_table_or_a_stand_in(
    lake: Lakehouse, lake_settings: LakeSettings, tmp_path: Path
) -> None:
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7)))
    empty = Lakehouse(lake.spark, lake_settings.model_copy(update={"root": str(tmp_path / "empty")}))
    view = View("live.visits", "Every visit.", "SELECT pages FROM silver.visits", (VISITS,))

    seen = []
    for each in (lake, empty, lake, empty):
        each.register_views([view])
        seen.append([row.pages for row in lake.spark.table("live.visits").collect()])

    assert seen == [[7], [], [7], []]


def test_a_few_rows_become_part_of_the_query_and_keep_their_values(lake: Lakehouse) -> None:
    columns = (
        Column("name", T.StringType(), "A name.", nullable=False),
        Column("at", T.TimestampType(), "UTC."),
        Column("day", T.DateType(), "A day."),
        Column("price", T.DecimalType(18, 4), "A price."),
        Column("share", T.DoubleType(), "A share."),
        Column("counts", T.ArrayType(T.LongType()), "Counts."),
    )
    table = Table("silver.things", "One row per thing.", columns, key=("name",), write=Write.APPEND)
    full = ("a", datetime(2026, 3, 1, 10, tzinfo=UTC), MONDAY, Decimal("2.5000"), 1, [1, None])
    rows = [full, ("b", *[None] * 5)]

    frame = lake.frame(table, rows)

    stated = frame.withColumn("at", F.date_format("at", "yyyy-MM-dd HH:mm XXX")).collect()
    assert [tuple(row) for row in stated] == [("a", "2026-03-01 10:00 Z", *full[2:]), rows[1]]
    assert frame.isLocal()
    assert frame.schema == table.schema
    assert lake.frame(table, []).schema == table.schema
    assert lake.frame(table, []).isEmpty()
