"""Reading tables: a reader gets the declared columns, of a table that is there or is yet to be."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from tempfile import gettempdir
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Table, View, with_declared_columns
from lakerec.data_files import StoredFile, read_data_file, stored_files
from lakerec.delta_log import DeltaLog, Snapshot, rows_in
from lakerec.errors import RebuildNeededError
from lakerec.folders import is_local, spark_path
from lakerec.increment import Days, days_condition
from lakerec.small_tables import collect_rows, frame_of
from lakerec.spread import spread

_FEW_FILES = 32
"""More, and Spark takes a job to look at them."""
_SMALL_BYTES = 64 << 20
"""So much is read whole about as fast as Delta finds the files that a query needs."""
_FOREIGN = re.compile("%[89A-Fa-f]")
"""A letter beyond ASCII as others than Spark write it in the folder of a partition, and as Spark would misread it."""

Work = Callable[[Iterator[pa.RecordBatch]], Iterable[pa.RecordBatch]]


class Tables:
    """All tables below one root, to be read.

    Args:
        spark: a session with Delta.
        root: folder or URI of the lake.
    """

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark = spark
        self.root = root.rstrip("/")
        self.versions_read: dict[str, int] = {}

    def exists(self, table: Table) -> bool:
        """Whether the table has been written."""
        return self.version(table) >= 0

    def version(self, table: Table) -> int:
        """Newest version of the table; -1 where it has not been written."""
        return self._log(table).version()

    def read(self, table: Table, days: Days | None = None) -> DataFrame:
        """The table's declared columns, of all days or of those given; empty where it has not been written.

        Which version was read is kept in `versions_read`.

        Raises:
            RebuildNeededError: the stored columns are not those of the declaration.
        """
        version = self._version_to_read(table)
        if version < 0:
            return self.frame(table, [])
        snapshot = self._log(table).snapshot(version) if is_local(self.root) else None
        frame = with_declared_columns(self._stored(table, version, snapshot), table)
        return frame if days is None else frame.where(days_condition(days))

    def newest(self, table: Table, name: str, until: date = date.max) -> Any:
        """Largest value of a column in the newest day that is stored, no later than `until`; None where there is none.

        The log knows the day, and the driver reads that column of its files, which no query finds sooner.
        """
        files = stored_files(self._files_to_read(table))
        days = {day for file in files if (day := file.partitions["event_date"]) and day <= until.isoformat()}
        newest = max(days, default="")
        of_day = [file for file in files if file.partitions["event_date"] == newest]
        location = spark_path(self.location(table))
        batches = (batch for file in of_day for batch in read_data_file(table, location, file, [name]))
        return max((top for batch in batches if (top := pc.max(batch[name]).as_py()) is not None), default=None)

    def frame(self, table: Table, rows: Iterable[Sequence[Any]]) -> DataFrame:
        """A few rows of a table, values in the order of its columns."""
        return frame_of(self.spark, rows, table.schema)

    def read_at(self, table: Table, version: int) -> DataFrame:
        """The table's declared columns as they were in one version, as models and batches record them.

        Raises:
            RebuildNeededError: that version is not in the table's log any more, or its files are gone.
        """
        gone = (
            f"{table.name}: version {version} cannot be read any more. What was made of it cannot be looked at again."
        )
        if not 0 <= version <= self.version(table):
            raise RebuildNeededError(gone)
        try:
            snapshot = self._log(table).snapshot(version)
        except FileNotFoundError as error:
            raise RebuildNeededError(gone) from error
        if not self._log(table).holds(snapshot.paths):
            raise RebuildNeededError(gone)
        return with_declared_columns(self._stored(table, version, snapshot), table)

    def read_partition(self, table: Table, value: str) -> DataFrame:
        """Rows of one model or batch."""
        return self.read(table).where(F.col(table.partition) == value)

    def has_partition(self, table: Table, value: str) -> bool:
        """Whether rows of that model or batch are stored."""
        return value in self.partitions(table)

    def map_in_arrow(
        self, table: Table, days: Days, names: Sequence[str], work: Work, schema: T.StructType | str
    ) -> DataFrame:
        """What `work` makes of the rows of some days and, always, of those without a readable day.

        Python workers take the columns from the table's files. Through Spark's own `mapInArrow` they would become rows
        and columns again, which takes longer than most work.

        Args:
            names: columns that are wanted.
            work: is given the batches of a few files, and makes batches of the schema.
        """
        location, wanted = spark_path(self.location(table)), {None, *(day.isoformat() for day in days if day)}
        files = [file for file in stored_files(self._files_to_read(table)) if file.partitions["event_date"] in wanted]

        def work_on(files: Sequence[StoredFile]) -> Iterable[pa.RecordBatch]:
            return work(batch for file in files for batch in read_data_file(table, location, file, names))

        return spread(self.spark, files, work_on, schema)

    def partitions(self, table: Table) -> set[str]:
        """The models or batches whose rows are stored, as the table's log names them.

        Which version was read is kept in `versions_read`.
        """
        return {file["partitionValues"][table.partition] for file in self._files_to_read(table)}

    def rows(
        self, table: Table, value: str | None = None, columns: Sequence[str] = (), at_most: int | None = None
    ) -> list[dict[str, Any]]:
        """Rows of a table that is small, or of one model or batch, without Spark; see `small_tables.collect_rows`.

        Which version was read is kept in `versions_read`.

        Raises:
            RebuildNeededError: the stored columns are not those of the declaration.
        """
        version = self._version_to_read(table)
        return collect_rows(table, self.location(table), version, value, columns, at_most) if version >= 0 else []

    def row_count(self, table: Table) -> int:
        """Rows of the table, as its log counts them; 0 where it was never written."""
        version = self.version(table)
        return rows_in(self._log(table).files(version)) if version >= 0 else 0

    def source_versions(self, *tables: Table) -> dict[str, int]:
        """Newest version of each table by name, as models and batches record them."""
        return {table.name: self.version(table) for table in tables}

    def location(self, table: Table) -> str:
        """Path or URI of the table."""
        return f"{self.root}/{table.path}"

    def register(self, tables: Sequence[Table]) -> list[str]:
        """Make tables that exist readable in SQL by their names; returns those names."""
        present = [table for table in tables if self.exists(table)]
        for layer in {table.layer for table in present}:
            self.spark.sql(f"CREATE DATABASE IF NOT EXISTS {layer} LOCATION '{self.root}/{layer}'")
        self._forget([table.name for table in present])
        for table in present:
            self.spark.sql(f"CREATE TABLE {table.name} USING delta LOCATION '{self.location(table)}'")
        return [table.name for table in present]

    def register_views(self, views: Sequence[View]) -> list[str]:
        """Make views readable in SQL by their names, with empty tables for those not written yet; returns the names."""
        tables = {table.name: table for view in views for table in view.tables}
        present = self.register(list(tables.values()))
        missing = sorted(tables.keys() - set(present))
        for layer in {tables[name].layer for name in missing}:
            self._create_database(layer)
        self._forget(missing)
        for name in missing:
            columns = ", ".join(f"CAST(null AS {c.type.simpleString()}) AS {c.name}" for c in tables[name].columns)
            self.spark.sql(f"CREATE VIEW {name} AS SELECT {columns} WHERE false")
        for view in views:
            self._create_database(view.name.split(".")[0])
            self.spark.sql(f"CREATE OR REPLACE VIEW {view.name} AS {view.query}")
        return [view.name for view in views]

    def _stored(self, table: Table, version: int, snapshot: Snapshot | None) -> DataFrame:
        """One version's rows as they are stored.

        A few files near by are read as the log names them. Delta would look for them by a query of its own in each
        scan of each query, and take longer for that than Spark for the rows of a small table.

        Args:
            snapshot: the log's word on the version; not needed of a lake elsewhere.
        """
        location = spark_path(self.location(table))
        if snapshot is None or not (is_local(self.root) and _is_small(snapshot)):
            options = {"versionAsOf": version} if version < self.version(table) else {}
            return self.spark.read.format("delta").options(**options).load(location)
        files = [f"{location}/{path}" for path in snapshot.paths]
        schema = T.StructType.fromJson(snapshot.schema)
        return self.spark.read.schema(schema).options(basePath=location, __globPaths__="false").parquet(*files)

    def _files_to_read(self, table: Table) -> list[dict[str, Any]]:
        """The data files of the newest version; none where the table has not been written."""
        version = self._version_to_read(table)
        return self._log(table).files(version) if version >= 0 else []

    def _version_to_read(self, table: Table) -> int:
        version = self.version(table)
        if version >= 0 and table.layer != "operations":
            self.versions_read[table.name] = version
        return version

    def _create_database(self, name: str) -> None:
        """A name for views to stand under; Spark makes it a folder, which has no business in the lake."""
        self.spark.sql(f"CREATE DATABASE IF NOT EXISTS {name} LOCATION '{gettempdir()}/lakerec_views'")

    def _forget(self, names: Sequence[str]) -> None:
        """Drop what another lake, or this one before it had the tables, put under the names; no data goes."""
        layers = {name.split(".")[0] for name in names}
        shown = [row for layer in layers for row in self.spark.sql(f"SHOW VIEWS IN {layer}").collect()]
        views = {f"{row.namespace}.{row.viewName}" for row in shown}
        for name in names:
            self.spark.sql(f"DROP {'VIEW' if name in views else 'TABLE'} IF EXISTS {name}")

    def _log(self, table: Table) -> DeltaLog:
        return DeltaLog(self.location(table))


def _is_small(snapshot: Snapshot) -> bool:
    """Whether there are few files, and the protocol and the names of partitions let a reader take rows as they are."""
    is_plain = snapshot.protocol.get("minReaderVersion") == 1
    is_legible = not any(_FOREIGN.search(path) for path in snapshot.paths)
    is_little = 0 < len(snapshot.files) <= _FEW_FILES and sum(f["size"] for f in snapshot.files) <= _SMALL_BYTES
    return is_plain and is_legible and is_little
