"""Rows that Python workers make of a frame, and write to a table's files themselves.

Handed to Spark, each row of a large result would be taken apart and put together again on its way to a file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Table
from lakerec.data_files import DATA_FILES, DataFile, write_data_file
from lakerec.large_batches import large_batches
from lakerec.small_tables import arrow_of

_PART_BYTES = 1 << 25
"""Rows that a worker holds in memory before they go to its file."""

Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class MappedRows:
    """Rows of one partition of a table.

    Attributes:
        source: what they are made of.
        work: makes batches of the table's columns, but for the partition's, in any order, of batches of `source`.
        partition: value of the partition column.
    """

    source: DataFrame
    work: Work
    table: Table
    partition: str

    def frame(self) -> DataFrame:
        """The rows, handed to Spark."""
        work = self.work
        made = T.StructType([field for field in self.table.schema if field.name != self.table.partition])

        def in_order(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (batch.select(made.names) for batch in work(batches))

        rows = self.source.mapInArrow(in_order, made)
        return rows.withColumn(self.table.partition, F.lit(self.partition)).select(self.table.names)

    def write(self, location: str) -> list[DataFile]:
        """Each task writes one file in the table's folder, which nobody sees before it is committed."""
        work, table, partition = self.work, self.table, self.partition

        def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            made = (batch for batch in work(batches) if batch.num_rows)
            first = next(made, None)
            if first is not None:
                file = write_data_file(table, location, partition, large_batches(chain([first], made), _PART_BYTES))
                yield from arrow_of([file], DATA_FILES).to_batches()

        return [DataFile(*row) for row in self.source.mapInArrow(write, DATA_FILES).collect()]
