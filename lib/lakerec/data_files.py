"""A table's data files as Python writes and reads them: Parquet, with the statistics that Delta's log keeps of each."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from lakerec.contract import Table, require_stored
from lakerec.delta_log import NULL_PARTITION, partitions_of
from lakerec.folders import open_folder

_ROWS_AT_ONCE = 1 << 14
"""As many rows of a file as a worker holds, with what it makes of them."""


class DataFile(NamedTuple):
    """A file that lies in a table's folder and is yet to be committed.

    Attributes:
        path: below the table's folder.
        partition: value of the partition column; None where there is none, or no readable day.
        written_at: ms since 1970.
        stats: JSON of its row count, and of null counts, smallest and largest values of the columns that are indexed.
    """

    path: str
    size_bytes: int
    partition: str | None
    written_at: int
    stats: str


DATA_FILES = (
    T.StructType()
    .add("path", "string")
    .add("size_bytes", "long")
    .add("partition", "string")
    .add("written_at", "long")
    .add("stats", "string")
)
"""How workers tell the driver of files: a row each."""


class StoredFile(NamedTuple):
    """A file that holds rows of a version of a table.

    Attributes:
        path: below the table's folder.
        partitions: values of the partition columns, which stand in the log alone; None for rows without one.
    """

    path: str
    size_bytes: int
    partitions: dict[str, str | None]


def stored_files(files: Iterable[dict[str, Any]]) -> list[StoredFile]:
    """A version's files as a table's log names them."""
    return [StoredFile(unquote(file["path"]), file["size"], partitions_of(file)) for file in files]


def read_data_file(table: Table, location: str, file: StoredFile, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a file, a batch after the other; nullable columns that were declared since are null.

    Args:
        location: path or URI of the table.
        names: columns that are wanted.

    Raises:
        RebuildNeededError: a column that may not be null was declared since.
    """
    schema = to_arrow_schema(table.schema, timezone="UTC")
    wanted = pa.schema([schema.field(name) for name in names])
    file_system, root = open_folder(location)
    with file_system.open_input_file(f"{root}/{file.path}") as stream:
        parquet = pq.ParquetFile(stream, coerce_int96_timestamp_unit="us")
        stored = parquet.schema_arrow.names
        require_stored(table, {*stored, *file.partitions})
        for batch in parquet.iter_batches(_ROWS_AT_ONCE, columns=[name for name in names if name in stored]):
            yield _as_declared(batch, wanted, file.partitions)


def write_data_file(table: Table, location: str, partition: str | None, rows: Iterable[pa.Table]) -> DataFile:
    """Write rows of one partition, or of a table without partitions, as one file of a table.

    Args:
        location: path or URI of the table.
        partition: value of the partition column; None where the table has none, or for rows without a readable day.
        rows: all of the table's columns but that one; each part is held in memory while it is written.
    """
    file_system, root = open_folder(location)
    folder = f"{table.partition_by}={partition or NULL_PARTITION}/" if table.partition_by else ""
    path = f"{folder}part-{uuid4()}.snappy.parquet"
    file_system.create_dir(f"{root}/{folder}")
    declared = to_arrow_schema(table.schema, timezone="UTC")
    schema = pa.schema([field for field in declared if field.name != table.partition_by])
    repeated = [name for name in schema.names if name not in table.incompressible]
    told = Statistics(table)
    with (
        file_system.open_output_stream(f"{root}/{path}") as stream,
        pq.ParquetWriter(stream, schema, use_dictionary=repeated) as writer,
    ):
        for part in rows:
            stored = part.select(schema.names).cast(schema)
            writer.write_table(stored)
            told.add(stored)
    size = file_system.get_file_info(f"{root}/{path}").size
    return DataFile(path, size, partition, time.time_ns() // 1_000_000, json.dumps(told.as_logged()))


def _as_declared(batch: pa.RecordBatch, wanted: pa.Schema, partitions: dict[str, str | None]) -> pa.RecordBatch:
    """Its columns by their declared types."""
    columns = []
    for field in wanted:
        if field.name in batch.schema.names:
            columns.append(batch[field.name].cast(field.type))  # a time without a zone is in UTC
        else:
            constant = pa.array([partitions.get(field.name)], pa.string()).cast(field.type)
            columns.append(constant.take(pa.array([0] * batch.num_rows, pa.int64())))
    return pa.RecordBatch.from_arrays(columns, schema=wanted)


class Statistics:
    """What Delta's log keeps of a file, counted while it is written."""

    def __init__(self, table: Table) -> None:
        self.indexed = table.indexed
        self.row_count = 0
        self.null_counts = dict.fromkeys(self.indexed, 0)
        self.lowest: dict[str, Any] = {}
        self.highest: dict[str, Any] = {}

    def add(self, rows: pa.Table) -> None:
        """Count some of the rows."""
        self.row_count += rows.num_rows
        for name in self.indexed:
            self.null_counts[name] += rows[name].null_count
            bounds = pc.min_max(rows[name]).as_py()
            if bounds["min"] is not None:
                self.lowest[name] = min(bounds["min"], self.lowest.get(name, bounds["min"]))
                self.highest[name] = max(bounds["max"], self.highest.get(name, bounds["max"]))

    def as_logged(self) -> dict[str, Any]:
        """By the names of Delta's protocol."""
        return {
            "numRecords": self.row_count,
            "minValues": {name: _told(value) for name, value in self.lowest.items()},
            "maxValues": {name: _told(value) for name, value in self.highest.items()},
            "nullCount": self.null_counts,
        }


def _told(value: Any) -> Any:
    """Times to the millisecond, cut off, as Delta's protocol has them."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
