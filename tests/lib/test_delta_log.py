"""The log as the protocol states it, against a log written by Delta and one written by hand."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from lakerec.delta_log import DeltaLog, days_of

MONDAY = date(2026, 3, 2)


def test_a_folder_without_a_log_has_no_version(tmp_path: Path) -> None:
    assert DeltaLog(str(tmp_path)).version() == -1


def test_versions_rows_and_days_are_those_that_delta_wrote(spark: SparkSession, tmp_path: Path) -> None:
    frame = spark.createDataFrame([(MONDAY, 1), (MONDAY, 2), (None, 3)], "event_date date, n int")
    frame.write.format("delta").partitionBy("event_date").option("userMetadata", "hello").save(str(tmp_path / "t"))

    log = DeltaLog(str(tmp_path / "t"))
    commit = log.commit(0)

    assert (commit.rows_written, commit.days(), commit.user_metadata) == (3, {MONDAY, None}, "hello")
    assert days_of(log.files(0)) == {MONDAY, None}


@pytest.mark.parametrize("is_checkpointed", [False, True])
def test_a_snapshot_has_the_columns_and_the_protocol_of_its_version(
    spark: SparkSession, tmp_path: Path, is_checkpointed: bool
) -> None:
    place = str(tmp_path / "t")
    writer = spark.createDataFrame([(1,)], "n int").write.format("delta").option("delta.checkpointInterval", "2")
    writer.save(place)
    wider = spark.createDataFrame([(1, "a")], "n int, text string")
    for _ in range(2 if is_checkpointed else 1):
        wider.write.format("delta").mode("append").option("mergeSchema", "true").save(place)
    assert bool(list((tmp_path / "t" / "_delta_log").glob("*.checkpoint.*"))) is is_checkpointed
    if is_checkpointed:
        (tmp_path / "t" / "_delta_log" / f"{0:020d}.json").unlink()

    log = DeltaLog(place)
    snapshot = log.snapshot(log.version())

    assert log.column_names(log.version()) == ["n", "text"]
    assert [column["name"] for column in snapshot.schema["fields"]] == ["n", "text"]
    assert snapshot.protocol["minReaderVersion"] == 1
    assert len(snapshot.files) == log.version() + 1


def test_new_rows_are_in_the_files_that_a_commit_added(spark: SparkSession, tmp_path: Path) -> None:
    frame = spark.createDataFrame([(MONDAY, 1)], "event_date date, n int")
    frame.write.format("delta").partitionBy("event_date").save(str(tmp_path / "t"))

    (path,) = (tmp_path / "t").glob("*/*.parquet")

    assert DeltaLog(str(tmp_path / "t")).commit(0).new_files() == {path.name}


def test_files_that_were_only_rearranged_touch_no_day_and_hide_which_rows_are_new(tmp_path: Path) -> None:
    moved = {"path": "x", "partitionValues": {"event_date": "2026-03-02"}, "dataChange": False}
    log = tmp_path / "_delta_log"
    log.mkdir()
    (log / f"{0:020d}.json").write_text(json.dumps({"remove": moved}) + "\n" + json.dumps({"add": moved}) + "\n")

    commit = DeltaLog(str(tmp_path)).commit(0)

    assert (commit.days(), commit.new_files()) == (set(), None)


def test_a_version_that_the_log_no_longer_holds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(DeltaLog(str(tmp_path)).commits(after=-1, until=0))


def test_files_are_those_added_and_not_removed_since_the_last_whole_checkpoint(tmp_path: Path) -> None:
    log = tmp_path / "_delta_log"
    log.mkdir()
    added = [{"path": path, "partitionValues": [("day", "1")]} for path in ("a", "b")]
    schema = pa.struct([("path", pa.string()), ("partitionValues", pa.map_(pa.string(), pa.string()))])
    for part, file in enumerate(added, start=1):
        actions = pa.table({"add": pa.array([None, file], schema)})
        pq.write_table(actions, log / f"{7:020d}.checkpoint.{part:010d}.{2:010d}.parquet")
    pq.write_table(actions, log / f"{8:020d}.checkpoint.{1:010d}.{2:010d}.parquet")  # its second part is missing
    (log / f"{8:020d}.json").write_text('{"remove": {"path": "a"}}\n{"add": {"path": "c", "partitionValues": {}}}\n')

    assert [(file["path"], file["partitionValues"]) for file in DeltaLog(str(tmp_path)).files(8)] == [
        ("b", {"day": "1"}),
        ("c", {}),
    ]
