"""Python workers: that they come from our process, and that nothing compiled is missing from it."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

import lakerec
from lakerec import worker_daemon

LOOPS = [p.stem for p in Path(lakerec.__path__[0]).rglob("*.py") if "\n@compiled" in p.read_text()]

SHORT_TRACES = "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled"


def test_a_worker_is_forked_from_a_process_that_has_imported_and_frozen_what_it_uses(spark: SparkSession) -> None:
    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            modules = [name for name in ("pandas", "lakerec.model.selection") if name in sys.modules]
            yield pa.RecordBatch.from_pydict({"frozen": [gc.get_freeze_count()], "modules": [modules]})

    row = spark.range(1).coalesce(1).mapInArrow(look, "frozen long, modules array<string>").first()

    assert row is not None
    assert row["frozen"] > 100_000
    assert row["modules"] == ["pandas", "lakerec.model.selection"]


def test_queries_and_what_else_runs_in_python_share_their_workers(spark: SparkSession) -> None:
    def parent(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"process": [os.getppid()]})

    spark.conf.set(SHORT_TRACES, "true")  # as it is wherever Spark does not know that it is tested
    try:
        row = spark.range(1).coalesce(1).mapInArrow(parent, "process long").first()
    finally:
        spark.conf.unset(SHORT_TRACES)
    beside = spark.sparkContext.parallelize([0], 1).map(lambda _: os.getppid()).first()

    assert row is not None
    assert row["process"] == beside


@pytest.mark.parametrize("loops", LOOPS)
def test_all_compiled_loops_are_among_it(loops: str) -> None:
    assert hasattr(worker_daemon, loops)
