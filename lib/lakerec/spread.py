"""Work on many things, spread over Python workers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

TASKS_PER_CORE = 4


class Sized(Protocol):
    """What can be weighed."""

    @property
    def size_bytes(self) -> int:
        """How much work it is."""


Thing = TypeVar("Thing", bound=Sized)
Work = Callable[[Sequence[Thing]], Iterable[pa.RecordBatch]]


def spread(spark: SparkSession, things: Sequence[Thing], work: Work[Thing], schema: T.StructType | str) -> DataFrame:
    """What `work` makes of things, computed when it is asked for; each task is given some that follow one another."""
    tasks = in_shares(things, spark.sparkContext.defaultParallelism * TASKS_PER_CORE)

    def work_on(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from work(tasks[number])

    return spark.range(0, len(tasks), 1, max(1, len(tasks))).mapInArrow(work_on, schema)


def in_shares(things: Sequence[Thing], most: int) -> list[list[Thing]]:
    """Things in their order, in at most so many shares of about equal size."""
    share = sum(thing.size_bytes + 1 for thing in things) / max(1, min(most, len(things)))
    shares: list[list[Thing]] = []
    size = 0
    for thing in things:
        if not shares or size >= share * len(shares):
            shares.append([])
        shares[-1].append(thing)
        size += thing.size_bytes + 1
    return shares
