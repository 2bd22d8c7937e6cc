"""A few rows, between the driver and Spark: what a small table or a single partition holds, and what is to be written.

They are read by the driver from the files that the table's log names: Spark plans for a second or more to give a
handful of rows, and a run asks for such rows dozens of times. They are handed on as Arrow: to Spark, where they become
part of the query itself, as rows of Python would pass through a Python worker, and to whoever writes them.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from lakerec.contract import Table
from lakerec.data_files import read_data_file, stored_files
from lakerec.delta_log import DeltaLog

_ROWS_OF_A_TASK = 4_000
"""Rows travel with the task that unpacks them, and Spark warns of tasks above a megabyte."""


def collect_rows(
    table: Table,
    location: str,
    version: int,
    value: str | None = None,
    columns: Sequence[str] = (),
    at_most: int | None = None,
) -> list[dict[str, Any]]:
    """Rows of one version of a table, in no order; nullable columns that were declared since are null.

    Args:
        value: the partition wanted; all where left out.
        columns: those wanted; all where left out.
        at_most: how many rows are enough.

    Returns:
        Values by column; times are in UTC.

    Raises:
        RebuildNeededError: a column that may not be null was declared since.
    """
    rows: list[dict[str, Any]] = []
    for file in stored_files(DeltaLog(location).files(version)):
        if value is not None and file.partitions[table.partition] != value:
            continue
        for batch in read_data_file(table, location, file, columns or table.names):
            if at_most is not None and len(rows) >= at_most:
                return rows[:at_most]
            rows += batch.to_pylist()
    return rows[:at_most]


def frame_of(spark: SparkSession, rows: Iterable[Sequence[Any]], schema: T.StructType) -> DataFrame:
    """Rows as a frame, values in the order of the fields; times without a zone are in UTC."""
    held = list(rows)
    pieces = [held[at : at + _ROWS_OF_A_TASK] for at in range(0, len(held) or 1, _ROWS_OF_A_TASK)]
    return reduce(DataFrame.union, [spark.createDataFrame(arrow_of(piece, schema), schema) for piece in pieces])


def arrow_of(rows: Iterable[Sequence[Any]], schema: T.StructType) -> pa.Table:
    """Rows in Arrow's memory with the schema's comments, values in the order of the fields; see `frame_of`."""
    types = to_arrow_schema(schema, timezone="UTC")
    fields = [types.field(field.name).with_metadata(field.metadata) for field in schema]
    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
