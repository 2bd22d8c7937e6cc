"""A few rows, between the driver and Spark: what a small table or a single partition holds, and what is to be written.

They are read by the driver from the files that the table's log names: Spark plans for a second or more to give a
handful of rows, and a run asks for such rows dozens of times. They are handed on as Arrow: to Spark, where they become
part of the query itself, as rows of Python would pass through a Python worker, and to whoever writes them.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from lakerec.contract import Table, require_stored
from lakerec.delta_log import NULL_PARTITION, DeltaLog
from lakerec.folders import open_folder

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
    names = columns or table.names
    schema = to_arrow_schema(table.schema, timezone="UTC")
    wanted = pa.schema([schema.field(name) for name in names])
    rows: list[dict[str, Any]] = []
    for file in DeltaLog(location).files(version):
        if value is not None and file["partitionValues"][table.partition] != value:
            continue
        if at_most is not None and len(rows) >= at_most:
            break
        rows += _read(table, location, file, wanted).to_pylist()
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


def _read(table: Table, location: str, file: dict[str, Any], wanted: pa.Schema) -> pa.Table:
    """The rows of one file; partition values stand in the log alone."""
    files, root = open_folder(location)
    with files.open_input_file(f"{root}/{unquote(file['path'])}") as stream:
        parquet = pq.ParquetFile(stream, coerce_int96_timestamp_unit="us")
        stored = {*parquet.schema_arrow.names, table.partition_by}
        require_stored(table, stored)
        found = parquet.read(columns=[name for name in wanted.names if name in parquet.schema_arrow.names])
    count = parquet.metadata.num_rows
    columns = []
    for field in wanted:
        if field.name in found.column_names:
            columns.append(found[field.name].cast(field.type))  # a time without a zone is in UTC
        else:
            text = file["partitionValues"].get(field.name)
            constant = pa.array([None if text in ("", NULL_PARTITION) else text], pa.string()).cast(field.type)
            columns.append(pa.chunked_array([constant.take(pa.array([0] * count, pa.int64()))]))
    return pa.table(columns, schema=wanted)
