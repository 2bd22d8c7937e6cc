"""Reading tables, on real Delta."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec import tables
from lakerec.contract import Column, Table, View, Write
from lakerec.errors import RebuildNeededError
from lakerec.lakehouse import Lakehouse, LakeSettings
from tests.lib.test_lakehouse import DAILY_PAGES, MONDAY, TUESDAY, VISITS, visits


def test_a_table_that_was_never_written_reads_as_empty_with_its_declared_columns(lake: Lakehouse) -> None:
    frame = lake.read(VISITS)

    assert (frame.columns, frame.count()) == (VISITS.names, 0)
    assert not lake.exists(VISITS)


ODD = ("plain", "a/b: 100%", "[x] *?", "ä {1}", "007", None)
LISTS = Table(
    name="model.lists",
    comment="One row per list.",
    columns=(
        Column("list_id", T.StringType(), "List."),
        Column("at", T.TimestampType(), "UTC."),
        Column("price", T.DecimalType(18, 4), "A price."),
        Column("factors", T.ArrayType(T.FloatType()), "Numbers."),
        Column("found", T.MapType(T.StringType(), T.LongType()), "Counts."),
    ),
    key=("list_id",),
    write=Write.APPEND,
    partition_by="list_id",
)


@pytest.mark.parametrize("is_uri", [False, True])
def test_files_near_by_give_the_rows_that_delta_gives_whatever_is_in_their_names(
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_uri: bool,
) -> None:
    root = f"file://{tmp_path}/lake" if is_uri else str(tmp_path / "a lake [1]")
    lake = Lakehouse(spark, LakeSettings(root=root, run_id="test", rebuild=(), wait_seconds=0))
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    lake.append(LISTS, lake.frame(LISTS, [(name, noon, Decimal("1.25"), [0.5, None], {"n": 1}) for name in ODD]))
    lake.append(VISITS, visits(spark, (MONDAY, "a", 7), (TUESDAY, "b", 8), (None, "c", 9)))

    near = {table: lake.read(table) for table in (LISTS, VISITS)}
    monkeypatch.setattr(tables, "_FEW_FILES", 0)
    by_delta = {table: lake.read(table) for table in (LISTS, VISITS)}

    for table in near:
        assert rows_as_text(near[table]) == rows_as_text(by_delta[table]) != []
        assert near[table].dtypes == by_delta[table].dtypes
        assert "InMemoryFileIndex" in plan_of(near[table], capsys)
        assert "InMemoryFileIndex" not in plan_of(by_delta[table], capsys)
    assert [row.visit_id for row in near[VISITS].where("event_date = '2026-03-03'").collect()] == ["b"]


def rows_as_text(frame: DataFrame) -> list[str]:
    return sorted(map(str, frame.collect()))


def plan_of(frame: DataFrame, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    frame.explain()
    return capsys.readouterr().out


def test_the_newest_value_is_looked_for_in_the_newest_day_alone(lake: Lakehouse) -> None:
    assert lake.newest(VISITS, "pages") is None

    lake.append(VISITS, visits(lake.spark, (None, "d", 9)))
    assert lake.newest(VISITS, "pages") is None

    lake.append(VISITS, visits(lake.spark, (MONDAY, "a", 7), (TUESDAY, "b", 2), (TUESDAY, "c", 3)))
    assert lake.newest(VISITS, "pages") == 3
    assert lake.newest(VISITS, "pages", until=MONDAY) == 7


def test_workers_take_the_rows_of_days_and_those_without_a_day_from_the_files(lake: Lakehouse) -> None:
    lake.append(VISITS, visits(lake.spark, (MONDAY, "a", 7), (TUESDAY, "b", 8), (None, "c", 9)))
    wider = replace(VISITS, columns=(*VISITS.columns, Column("author", T.StringType(), "Who.")))
    names = ("author", "visit_id", "event_date")
    schema = "author string, visit_id string, event_date date"

    of_monday = lake.map_in_arrow(wider, [MONDAY], names, lambda batches: batches, schema)
    of_no_day = lake.map_in_arrow(wider, [], ["visit_id"], lambda batches: batches, "visit_id string")

    assert {tuple(row) for row in of_monday.collect()} == {(None, "a", MONDAY), (None, "c", None)}
    assert [row.visit_id for row in of_no_day.collect()] == ["c"]
    assert lake.versions_read == {VISITS.name: 0}


def test_workers_have_nothing_to_take_from_a_table_that_was_never_written(lake: Lakehouse) -> None:
    mapped = lake.map_in_arrow(VISITS, [MONDAY], ["visit_id"], lambda batches: batches, "visit_id string")

    assert mapped.collect() == []


def test_a_version_reads_as_it_was_until_a_file_of_it_is_gone(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7)))
    (old,) = Path(lake.location(VISITS)).glob("*/*.parquet")
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "b", 8)))

    near = lake.read_at(VISITS, 0).collect()
    with monkeypatch.context() as patched:
        patched.setattr(tables, "_FEW_FILES", 0)
        by_delta = lake.read_at(VISITS, 0).collect()
    old.unlink()

    assert [row.visit_id for row in near] == [row.visit_id for row in by_delta] == ["a"]
    for version in (0, 2):
        with pytest.raises(RebuildNeededError, match=f"version {version} cannot be read any more"):
            lake.read_at(VISITS, version)


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
