"""Reading, writing and following tables, on real Delta."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Expectation, Table, Write
from lakerec.errors import DuplicateKeyError, RebuildNeededError, SchemaMismatchError
from lakerec.lakehouse import Lakehouse
from lakerec.operations.progress import PROGRESS

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
DAY = Column("event_date", T.DateType(), "Day; UTC.")
VISITS = Table(
    name="silver.visits",
    comment="One row per visit.",
    columns=(DAY, Column("visit_id", T.StringType(), "Visit."), Column("pages", T.LongType(), "Pages seen.")),
    key=("event_date", "visit_id"),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
    expectations=(Expectation("has pages", "pages > 0", is_stored=True),),
)
DAILY_PAGES = Table(
    name="gold.daily_pages",
    comment="One row per day.",
    columns=(DAY, Column("pages", T.LongType(), "Pages seen.")),
    key=("event_date",),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
)
NOTES = Table(
    name="silver.notes",
    comment="One row per note.",
    columns=(Column("note", T.StringType(), "Text."),),
    key=("note",),
    write=Write.APPEND,
)


def visits(spark: SparkSession, *rows: tuple[date | None, str, int]) -> DataFrame:
    return spark.createDataFrame(rows, VISITS.schema)


def daily_pages(visits: DataFrame) -> DataFrame:
    return visits.groupBy("event_date").agg(F.sum("pages").alias("pages"))


def put(lake: Lakehouse, *rows: tuple[date | None, str, int], days: list[date | None]) -> None:
    increment = lake.increment(NOTES, VISITS, {})
    lake.replace_days(increment, {VISITS: visits(lake.spark, *rows)}, days)


def test_replacing_a_day_leaves_other_days_and_empties_days_without_rows(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), (TUESDAY, "b", 2), (None, "c", 3), days=[None, MONDAY, TUESDAY])

    put(lake, (MONDAY, "d", 4), days=[MONDAY])

    assert {(row.event_date, row.visit_id) for row in lake.read(VISITS).collect()} == {(MONDAY, "d"), (TUESDAY, "b")}


def test_a_row_outside_of_the_replaced_days_is_refused_whether_they_are_stored_or_not(
    lake: Lakehouse,
) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])

    for days in ([MONDAY], [date(2026, 3, 20)]):
        with pytest.raises(PySparkException):
            put(lake, (TUESDAY, "b", 2), days=days)

    assert [row.visit_id for row in lake.read(VISITS).collect()] == ["a"]


def test_new_days_without_rows_are_a_commit_that_records_the_progress(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    increment = lake.increment(VISITS, DAILY_PAGES, {})
    lake.replace_days(increment, {DAILY_PAGES: daily_pages(lake.read(VISITS))})
    put(lake, (TUESDAY, "b", 2), days=[TUESDAY])
    nothing = daily_pages(lake.read(VISITS)).limit(0)

    rows = lake.replace_days(lake.increment(VISITS, DAILY_PAGES, {}), {DAILY_PAGES: nothing})

    assert rows == {"gold.daily_pages": 0}
    assert not lake.increment(VISITS, DAILY_PAGES, {}).is_needed


def test_rows_written_are_counted_by_the_commit(lake: Lakehouse) -> None:
    increment = lake.increment(NOTES, VISITS, {})

    rows = lake.replace_days(increment, {VISITS: visits(lake.spark, (MONDAY, "a", 1), (MONDAY, "b", 1))}, [MONDAY])

    assert rows == {"silver.visits": 2}


def test_a_consumer_is_told_exactly_the_days_that_changed_since_it_last_read(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), (TUESDAY, "b", 2), days=[MONDAY, TUESDAY])
    first = lake.increment(VISITS, DAILY_PAGES, {})
    lake.replace_days(first, {DAILY_PAGES: daily_pages(lake.read(VISITS, first.days))})
    caught_up = lake.increment(VISITS, DAILY_PAGES, {})
    lake.append(VISITS, visits(lake.spark, (TUESDAY, "c", 5)))

    second = lake.increment(VISITS, DAILY_PAGES, {})

    assert [row.visit_id for row in lake.read_new(second).collect()] == ["c"]
    assert (first.days, first.is_needed) == ([MONDAY, TUESDAY], True)
    assert (caught_up.days, caught_up.is_needed) == ([], False)
    assert (second.days, second.is_needed) == ([TUESDAY], True)


def test_other_settings_are_refused_by_name_until_the_layer_is_rebuilt(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    first = lake.increment(VISITS, DAILY_PAGES, {"unit": "page"})
    lake.replace_days(first, {DAILY_PAGES: daily_pages(lake.read(VISITS))})

    with pytest.raises(RebuildNeededError, match=r'unit "page" -> "screen".*--rebuild gold'):
        lake.increment(VISITS, DAILY_PAGES, {"unit": "screen"})
    settings = lake.settings.model_copy(update={"rebuild": ("gold",), "run_id": "another"})
    rebuild = Lakehouse(lake.spark, settings).increment(VISITS, DAILY_PAGES, {"unit": "screen"})

    assert (rebuild.days, rebuild.epoch, rebuild.is_rebuild) == ([MONDAY], 2, True)


def test_days_that_are_named_to_be_computed_again_come_besides_and_other_settings_are_taken(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), (TUESDAY, "b", 2), days=[MONDAY, TUESDAY])
    nothing_stored = lake.shape(DAILY_PAGES, VISITS)
    first = lake.increment(VISITS, DAILY_PAGES, {"unit": "page"})
    lake.replace_days(first, {DAILY_PAGES: daily_pages(lake.read(VISITS))})
    lake.amend_days(VISITS, [TUESDAY], visits(lake.spark, (TUESDAY, "c", 5)))

    again = lake.increment(VISITS, DAILY_PAGES, {"unit": "screen"}, again=[MONDAY])

    assert (again.days, again.epoch, again.is_needed, again.is_rebuild) == ([MONDAY, TUESDAY], 1, True, False)
    assert (nothing_stored, lake.shape(DAILY_PAGES, VISITS)) == (None, first.settings)
    assert {row.visit_id for row in lake.read(VISITS).collect()} == {"a", "c"}


def test_a_source_whose_history_is_gone_asks_for_a_rebuild(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    lake.replace_days(lake.increment(VISITS, DAILY_PAGES, {}), {DAILY_PAGES: daily_pages(lake.read(VISITS))})
    put(lake, (MONDAY, "b", 1), days=[MONDAY])
    put(lake, (MONDAY, "c", 1), days=[MONDAY])
    Path(lake.location(VISITS), "_delta_log", f"{1:020d}.json").unlink()

    with pytest.raises(RebuildNeededError, match=r"gold.daily_pages: silver.visits no longer keeps .* --rebuild gold"):
        lake.increment(VISITS, DAILY_PAGES, {})


def test_a_frame_that_differs_from_its_declaration_is_refused_before_the_commit(lake: Lakehouse) -> None:
    frame = visits(lake.spark, (MONDAY, "a", 1)).withColumn("pages", F.lit(1)).withColumn("extra", F.lit(1))

    with pytest.raises(SchemaMismatchError, match=r"undeclared \['extra'\], retyped \['pages int, not bigint'\]"):
        lake.overwrite(VISITS, frame)

    assert not lake.exists(VISITS)


def test_a_few_rows_of_the_driver_are_one_file(lake: Lakehouse) -> None:
    lake.append(NOTES, lake.frame(NOTES, [("one",), ("two",), ("three",)]))

    assert len(list(Path(lake.location(NOTES)).glob("*.parquet"))) == 1
    assert {row.note for row in lake.read(NOTES).collect()} == {"one", "two", "three"}


def test_two_rows_with_one_key_are_refused_and_nothing_is_written(lake: Lakehouse) -> None:
    frame = visits(lake.spark, (MONDAY, "a", 1), (MONDAY, "a", 2))

    with pytest.raises(DuplicateKeyError, match=r"silver.visits: two rows share the key \(event_date, visit_id\)"):
        lake.overwrite(VISITS, frame)

    assert not lake.exists(VISITS)


def test_an_append_with_a_known_transaction_writes_nothing(lake: Lakehouse) -> None:
    notes = lake.spark.createDataFrame([("once",)], NOTES.schema)

    written = [lake.append(NOTES, notes, ("intake", 1)) for _ in range(2)]

    assert (written, lake.read(NOTES).count()) == ([1, 0], 1)


def test_stored_expectations_become_constraints_and_outside_readers_need_no_new_protocol(lake: Lakehouse) -> None:
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 1)))

    details = lake.spark.sql(f"DESCRIBE DETAIL delta.`{lake.location(VISITS)}`").first()

    assert details.minReaderVersion == 1
    assert details.properties["delta.constraints.has_pages"] == "pages > 0"


def test_a_nullable_column_declared_later_reads_as_null_and_is_added_by_the_next_write(lake: Lakehouse) -> None:
    lake.append(NOTES, lake.spark.createDataFrame([("old",)], NOTES.schema))
    wider = Table(
        NOTES.name, NOTES.comment, (*NOTES.columns, Column("author", T.StringType(), "Who.")), ("note",), Write.APPEND
    )
    before = [tuple(row) for row in lake.read(wider).collect()]

    lake.append(wider, lake.spark.createDataFrame([("new", "me")], wider.schema))

    assert before == [("old", None)]
    assert {tuple(row) for row in lake.read(wider).collect()} == {("old", None), ("new", "me")}


def test_progress_says_who_read_what_up_to_where(lake: Lakehouse) -> None:
    lake.append(NOTES, lake.spark.createDataFrame([("once",)], NOTES.schema))
    put(lake, (MONDAY, "a", 1), days=[None, MONDAY])

    row = lake.read(PROGRESS).first()

    assert (row.consumer, row.source, row.dates) == ("silver.visits", "silver.notes", [None, "2026-03-02"])


def test_progress_is_in_the_consumers_own_commit_so_that_a_lost_ledger_row_costs_nothing(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    first = lake.increment(VISITS, DAILY_PAGES, {})
    lake.replace_days(first, {DAILY_PAGES: daily_pages(lake.read(VISITS))})
    lake.overwrite(PROGRESS, lake.read(PROGRESS).limit(0))

    assert not lake.increment(VISITS, DAILY_PAGES, {}).is_needed


def test_progress_beyond_the_reach_of_the_log_is_read_from_the_ledger(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    frames = {DAILY_PAGES: daily_pages(lake.read(VISITS))}
    lake.replace_days(lake.increment(VISITS, DAILY_PAGES, {}), frames)
    lake.overwrite(DAILY_PAGES, lake.read(DAILY_PAGES).localCheckpoint())
    Path(lake.location(DAILY_PAGES), "_delta_log", f"{0:020d}.json").unlink()

    assert not lake.increment(VISITS, DAILY_PAGES, {}).is_needed


def test_one_commit_of_the_ledger_holds_what_happened_under_one_lock(lake: Lakehouse) -> None:
    put(lake, (MONDAY, "a", 1), days=[MONDAY])
    increments = [lake.increment(VISITS, table, {}) for table in (DAILY_PAGES, NOTES)]

    with lake.writing("gold", "silver"):
        lake.replace_days(increments[0], {DAILY_PAGES: daily_pages(lake.read(VISITS))})
        lake.replace([increments[1]], {NOTES: lake.spark.createDataFrame([("seen",)], NOTES.schema)})
        before = lake.version(PROGRESS)

    assert (before, lake.version(PROGRESS), lake.read(PROGRESS).count()) == (-1, 0, 2)


def test_the_run_has_one_time_for_all_that_it_writes(spark: SparkSession, lake_settings: object) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert Lakehouse(spark, lake_settings, now=noon).now == noon
