"""Rows that workers make of a frame and write themselves: the same as those that Spark writes."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import types as T

from lakerec import mapped_rows
from lakerec.contract import Column, Table, Write
from lakerec.delta_log import DeltaLog
from lakerec.lakehouse import Lakehouse
from lakerec.mapped_rows import MappedRows

SQUARES = Table(
    name="model.squares",
    comment="One row per (batch, number).",
    columns=(
        Column("batch_id", T.StringType(), "Batch."),
        Column("n", T.LongType(), "Number."),
        Column("square", T.LongType(), "n times n."),
    ),
    key=("batch_id", "n"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
    indexed=("n",),
    distinct=True,
)


def squared(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        n = batch["n"].filter(pc.greater(batch["n"], 0))
        yield pa.RecordBatch.from_pydict({"square": pc.multiply(n, n), "n": n})


def squares(lake: Lakehouse, first: int, end: int, batch: str) -> MappedRows:
    numbers = lake.spark.range(first, end, 1, 2).withColumnRenamed("id", "n")
    return MappedRows(numbers, squared, SQUARES, batch)


def stored(lake: Lakehouse) -> list[tuple[str, int, int]]:
    return sorted((row.batch_id, row.n, row.square) for row in lake.read(SQUARES).collect())


def by_workers(lake: Lakehouse) -> list[str]:
    """Names of the data files that Spark did not write."""
    files = DeltaLog(lake.location(SQUARES)).snapshot(lake.version(SQUARES)).paths
    return [path for path in files if "-c000" not in path]


def test_each_task_with_rows_writes_a_file_and_all_are_one_commit(lake: Lakehouse) -> None:
    assert lake.replace_partition(SQUARES, "a", squares(lake, -2, 2, "a")) == 1
    assert lake.replace_partition(SQUARES, "b", squares(lake, 1, 5, "b")) == 4

    assert stored(lake) == [("a", 1, 1), ("b", 1, 1), ("b", 2, 4), ("b", 3, 9), ("b", 4, 16)]
    assert (lake.version(SQUARES), len(by_workers(lake))) == (1, 3)
    assert lake.spark.read.format("delta").load(lake.location(SQUARES)).where("n > 3").count() == 1


def test_nothing_made_is_a_commit_without_rows(lake: Lakehouse) -> None:
    assert lake.replace_partition(SQUARES, "a", squares(lake, -2, 0, "a")) == 0
    assert (lake.version(SQUARES), stored(lake)) == (0, [])


def test_a_partition_that_is_stored_is_replaced_as_by_any_writer(lake: Lakehouse) -> None:
    lake.replace_partition(SQUARES, "a", squares(lake, 1, 4, "a"))
    lake.replace_partition(SQUARES, "b", squares(lake, 1, 2, "b"))

    lake.replace_partition(SQUARES, "a", squares(lake, 5, 6, "a"))

    assert stored(lake) == [("a", 5, 25), ("b", 1, 1)]


def test_a_file_has_its_rows_and_bounds_whatever_is_held_at_once(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped_rows, "_PART_BYTES", 1)
    numbers = lake.spark.range(1, 8, 1, 1).withColumnRenamed("id", "n")

    def cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in squared(batches):
            yield from (batch.slice(nth, 1) for nth in range(batch.num_rows))

    lake.replace_partition(SQUARES, "a", MappedRows(numbers, cut, SQUARES, "a"))

    [file] = DeltaLog(lake.location(SQUARES)).files(0)
    assert '"minValues": {"n": 1}, "maxValues": {"n": 7}' in file["stats"]
    assert len(stored(lake)) == 7
