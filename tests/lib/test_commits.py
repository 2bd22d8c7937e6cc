"""One commit, by Delta's own library and by Spark: both have to leave the same table behind."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import types as T

from lakerec.contract import Column, Expectation, Table, Write
from lakerec.delta_log import DeltaLog
from lakerec.errors import DuplicateKeyError
from lakerec.lakehouse import Lakehouse

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
SCORES = Table(
    name="diagnostics.scores",
    comment="One row per (model, item).",
    columns=(
        Column("model_id", T.StringType(), "Model."),
        Column("item_id", T.StringType(), "Item.", nullable=False),
        Column("score", T.DoubleType(), "Raw score."),
        Column("price", T.DecimalType(18, 4), "Price."),
        Column("day", T.DateType(), "Day; UTC."),
        Column("made_at", T.TimestampType(), "When; UTC."),
        Column("parts", T.ArrayType(T.FloatType()), "What it is the sum of."),
    ),
    key=("model_id", "item_id"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)
LEDGER = Table("bronze.ledger", "Lines.", (Column("n", T.LongType(), "Number."),), key=("n",), write=Write.REPLACE)


def score(model: str, item: str) -> tuple[Any, ...]:
    return (model, item, 0.25, Decimal("1.5000"), date(2026, 3, 2), NOON, [0.125, None])


@pytest.fixture(params=["by Delta's library", "by Spark"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Rows of the driver, in a lake here and in one elsewhere."""
    if request.param == "by Spark":
        monkeypatch.setattr("lakerec.commits.is_local", lambda _: False)
    return str(request.param)


def engine(lake: Lakehouse, table: Table) -> str:
    log = DeltaLog(lake.location(table))
    return str(log.commit(log.version()).info["engineInfo"])


def test_a_few_rows_are_written_without_spark_where_the_lake_is_here(lake: Lakehouse, way: str) -> None:
    lake.append(LEDGER, [(1,)])

    assert ("delta-rs" in engine(lake, LEDGER)) == (way == "by Delta's library")


def test_rows_are_read_as_they_were_given_by_spark_and_by_the_driver(lake: Lakehouse) -> None:
    given = [score("m1", "a"), ("m/é 2", "b", None, None, None, None, None)]

    written = [lake.replace_partition(SCORES, row[0], [row]) for row in given]

    assert written == [1, 1]
    assert sorted(tuple(row.values()) for row in lake.rows(SCORES)) == sorted(given)
    read = lake.read(SCORES).collect()
    assert sorted(tuple(row)[:5] for row in read) == sorted(row[:5] for row in given)


def test_the_stored_table_says_what_the_declaration_says(lake: Lakehouse) -> None:
    lake.replace_partition(SCORES, "m1", [score("m1", "a")])

    stored = T.StructType.fromJson(DeltaLog(lake.location(SCORES)).snapshot(0).schema)
    detail = lake.spark.sql(f"DESCRIBE DETAIL delta.`{lake.location(SCORES)}`").first()
    assert {field.name: (field.dataType, field.metadata) for field in stored} == {
        column.name: (column.type, {"comment": column.comment}) for column in SCORES.columns
    }
    assert detail is not None
    assert (detail.partitionColumns, detail.minReaderVersion) == (["model_id"], 1)
    assert detail.properties == {"delta.dataSkippingNumIndexedCols": "0", "delta.checkpointInterval": "10"}


def test_a_partition_is_replaced_whole_others_stay_and_one_can_be_emptied(lake: Lakehouse) -> None:
    lake.replace_partition(SCORES, "m1", [score("m1", "a"), score("m1", "b")])
    lake.replace_partition(SCORES, "m2", [score("m2", "a")])
    lake.replace_partition(SCORES, "m1", [score("m1", "c")])
    after_three = {(row["model_id"], row["item_id"]) for row in lake.rows(SCORES)}

    lake.delete_partitions(SCORES, ["m1"])

    assert after_three == {("m1", "c"), ("m2", "a")}
    assert [row["model_id"] for row in lake.rows(SCORES)] == ["m2"]


@pytest.mark.parametrize("stored", [[], ["m2"], ["m1", "m2"]])
def test_a_row_of_another_partition_is_refused_whatever_is_stored(lake: Lakehouse, stored: list[str]) -> None:
    for model in stored:
        lake.replace_partition(SCORES, model, [score(model, "a")])

    with pytest.raises(Exception, match=r"outside of what is replaced|failed validation|CHECK constraint"):
        lake.replace_partition(SCORES, "m1", [score("m1", "b"), score("m2", "b")])

    assert {(row["model_id"], row["item_id"]) for row in lake.rows(SCORES)} == {(model, "a") for model in stored}


def test_two_rows_with_one_key_are_refused_and_nothing_is_written(lake: Lakehouse) -> None:
    with pytest.raises(DuplicateKeyError, match=r"diagnostics\.scores: two rows share the key \(model_id, item_id\)"):
        lake.replace_partition(SCORES, "m1", [score("m1", "a"), score("m1", "a")])

    assert not lake.exists(SCORES)


def test_a_row_that_a_constraint_forbids_is_refused(lake: Lakehouse) -> None:
    positive = replace(LEDGER, expectations=(Expectation("is positive", "n > 0", is_stored=True),))
    lake.overwrite(positive, [(1,)])

    with pytest.raises(Exception, match=r"(?i)constraint|failed validation"):
        lake.overwrite(positive, [(0,)])

    assert [row["n"] for row in lake.rows(positive)] == [1]


def test_a_column_declared_since_is_added_by_an_append_and_one_no_longer_declared_goes_with_all_rows(
    lake: Lakehouse,
) -> None:
    wider = replace(LEDGER, columns=(*LEDGER.columns, Column("who", T.StringType(), "Who.")))
    lake.append(LEDGER, [(1,)])
    lake.append(wider, [(2, "me")])
    appended = sorted((row["n"], row["who"]) for row in lake.rows(wider))

    lake.overwrite(LEDGER, [(3,)])

    log = DeltaLog(lake.location(LEDGER))
    assert appended == [(1, None), (2, "me")]
    assert log.column_names(1) == ["n", "who"]
    assert log.column_names(2) == ["n"]


def test_each_commit_says_which_run_made_it_and_how_many_rows_it_wrote(lake: Lakehouse) -> None:
    written = [lake.append(LEDGER, [(1,), (2,)]), lake.append(LEDGER, [(3,)]), lake.append(LEDGER, [])]

    notes = list(DeltaLog(lake.location(LEDGER)).notes())
    assert written == [2, 1, 0]
    assert [note["run_id"] for note in notes] == ["test"] * 3


def test_spark_reads_on_from_a_checkpoint_that_the_library_made_after_one_of_its_own(lake: Lakehouse, way: str) -> None:
    if way == "by Spark":
        pytest.skip("only the library leaves Hadoop's checksums as they were")
    for n in range(20):
        row = (n,)
        lake.append(LEDGER, lake.spark.createDataFrame([row], LEDGER.schema) if n <= 10 else [row])
    folder = Path(lake.location(LEDGER), "_delta_log")
    made = sorted(int(path.name[:20]) for path in folder.glob("*.checkpoint.parquet"))
    for version in range(19):
        (folder / f"{version:020d}.json").unlink()
    assert lake.spark._jvm is not None
    lake.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()

    read = lake.spark.read.format("delta").load(lake.location(LEDGER)).collect()

    assert made == [10, 19]
    assert not (folder / "._last_checkpoint.crc").exists()
    assert sorted(row.n for row in read) == sorted(row["n"] for row in lake.rows(LEDGER)) == list(range(20))
