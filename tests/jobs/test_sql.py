"""sql: every table by its name, a table of results, one clear line for a wrong query."""

from datetime import UTC, datetime

import pytest
from pyspark.errors import PySparkException

from jobs.sql import answer, named, one_line, require_reading
from lakerec.catalog import TABLES
from lakerec.errors import SettingsError
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.operations.stage_runs import STAGE_RUNS


@pytest.fixture
def timed_lake(lake: Lakehouse) -> Lakehouse:
    """A lake whose only table says that cleaning took 1.5 s."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    row = ("first", "run_pipeline", "clean", 10, 9, 1, 0, 1.5, 10 / 1.5, 1 / 10, "{}", noon, "done", 2)
    lake.append(STAGE_RUNS, lake.spark.createDataFrame([row], STAGE_RUNS.schema))
    return lake


def wrong(lake: Lakehouse, query: str) -> str:
    with pytest.raises(PySparkException) as caught:
        answer(lake.spark, lake.settings, query, rows=5)
    return one_line(caught.value)


def test_a_table_is_queried_by_its_name(timed_lake: Lakehouse, capsys: pytest.CaptureFixture[str]) -> None:
    answer(timed_lake.spark, timed_lake.settings, "SELECT stage, seconds FROM operations.stage_runs", rows=5)

    assert "|stage|seconds|" in capsys.readouterr().out.replace(" ", "")


def test_all_tables_that_exist_can_be_listed(timed_lake: Lakehouse, capsys: pytest.CaptureFixture[str]) -> None:
    answer(timed_lake.spark, timed_lake.settings, "SHOW TABLES IN operations", rows=5)

    assert "stage_runs" in capsys.readouterr().out


def test_only_the_first_rows_are_printed_and_it_says_so(
    timed_lake: Lakehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(timed_lake.spark, timed_lake.settings, "SELECT explode(sequence(1, 9)) AS n", rows=2)

    assert "only showing top 2 rows" in capsys.readouterr().out


def test_a_query_changes_no_table(timed_lake: Lakehouse) -> None:
    before = timed_lake.version(STAGE_RUNS)

    answer(timed_lake.spark, timed_lake.settings, "SELECT * FROM operations.stage_runs", rows=5)

    assert timed_lake.version(STAGE_RUNS) == before


def test_a_mistyped_table_is_named_with_its_nearest_names(timed_lake: Lakehouse) -> None:
    line = wrong(timed_lake, "SELECT * FROM operations.stage_run")

    assert line.startswith("there is no table operations.stage_run in this lake. Nearest names: operations.stage_runs")


def test_a_mistyped_column_is_named_with_its_nearest_names(timed_lake: Lakehouse) -> None:
    line = wrong(timed_lake, "SELECT secs FROM operations.stage_runs")

    assert "name `secs` cannot be resolved. Did you mean one of the following? " in line
    assert "`seconds`" in line
    assert "\n" not in line
    assert "SQLSTATE" not in line


def test_a_sentence_that_is_no_sql_is_told_where(timed_lake: Lakehouse) -> None:
    assert wrong(timed_lake, "SELECT 1 ORDER LIMIT") == "Syntax error at or near 'LIMIT': extra input 'LIMIT'."


@pytest.mark.parametrize("query", ["DROP TABLE silver.events", "  delete from silver.events", "", "-- "])
def test_what_would_change_the_lake_is_refused(query: str) -> None:
    with pytest.raises(SettingsError, match="only queries that read are answered"):
        require_reading(query)


@pytest.mark.parametrize("query", ["SELECT 1", "with t as (select 1) table t", "(SELECT 1)", "DESCRIBE silver.events"])
def test_what_reads_is_answered(query: str) -> None:
    require_reading(query)


def test_only_the_tables_that_a_query_names_are_registered() -> None:
    names = [table.name for table in named(TABLES, "SELECT * FROM Silver.Events JOIN gold.user_index USING (user_id)")]

    assert names == ["silver.events", "gold.user_index"]


def test_a_lake_that_is_not_there_is_named(lake: Lakehouse) -> None:
    elsewhere = LakeSettings(**{**lake.settings.model_dump(), "root": "/no/such/lake"})

    with pytest.raises(SettingsError, match="/no/such/lake: there is no lake"):
        answer(lake.spark, elsewhere, "SELECT 1", rows=5)
