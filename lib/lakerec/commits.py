"""One commit to a table: of a frame by Spark; of a few rows of the driver, or of files that workers wrote, without it.

Spark plans, runs and commits for half a second to write a handful of rows, and a run writes such rows dozens of times;
Delta's library for Rust takes a few hundredths. It is not told what Spark's Hadoop is told of stores elsewhere, so that
it commits to this machine's files alone; everywhere else Spark writes such rows, too.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql import DataFrame, SparkSession

from lakerec.contract import Table, conform, duplicate_key, key_errors_of, with_checked_key, with_checked_rows
from lakerec.data_files import DataFile
from lakerec.delta_log import DeltaLog
from lakerec.folders import is_local, open_folder, spark_path
from lakerec.parts import Part
from lakerec.small_tables import arrow_of, frame_of

Rows = Sequence[Sequence[Any]]
"""A few rows, values in the order of the table's columns; times without a zone are in UTC."""


class WorkerRows(Protocol):
    """Rows that Python workers hold."""

    def frame(self) -> DataFrame:
        """The rows, handed to Spark."""

    def write(self, location: str) -> list[DataFile]:
        """They are written to files in the folder of a table, which nobody sees before they are committed."""


class Change(NamedTuple):
    """What a commit does beside adding rows.

    Attributes:
        is_whole: whether all that is stored goes.
        part: what goes of it; nothing where left out.
        transaction: application id and version; Delta drops a write whose version is not above the last one.
    """

    is_whole: bool = False
    part: Part | None = None
    transaction: tuple[str, int] | None = None


def commit(
    spark: SparkSession,
    table: Table,
    location: str,
    before: int,
    rows: DataFrame | Rows | WorkerRows,
    note: str,
    change: Change,
) -> None:
    """Make rows visible at once, and the declaration with them.

    Args:
        before: newest version of the table; -1 where it has not been written.
        note: the commit's `userMetadata`.

    Raises:
        DuplicateKeyError: two rows share the key of a table whose rows are looked through; nothing was written.
        SchemaMismatchError: a frame is not what the table declares.
    """
    stored = DeltaLog(location).column_names(before) if before >= 0 else []
    is_here = is_local(location)
    if isinstance(rows, DataFrame):
        _commit_frame(table, location, rows, note, change, stored)
    elif isinstance(rows, Sequence) and is_here and (stored or not table.has_constraints):
        _commit_rows(table, location, rows, note, change, stored)
    elif isinstance(rows, Sequence):
        _commit_frame(table, location, frame_of(spark, rows, table.schema), note, change, stored)
    elif is_here and _can_be_added(table, location, change, stored):
        _commit_files(table, location, rows, note, change, is_stored=bool(stored))
    else:
        _commit_frame(table, location, rows.frame(), note, change, stored)


def _can_be_added(table: Table, location: str, change: Change, stored: list[str]) -> bool:
    """Whether files of workers say all: nothing is to go, no column is new, and nobody has to look at the rows."""
    is_all_new = not change.is_whole and not (change.part and change.part.may_be_stored(location))
    return is_all_new and stored in ([], table.names) and not (table.has_constraints or table.is_looked_through)


def _commit_rows(table: Table, location: str, rows: Rows, note: str, change: Change, stored: list[str]) -> None:
    _require_unique_keys(table, rows)
    if stored and _is_known(location, change.transaction):
        return
    place, data = spark_path(location), arrow_of(rows, table.schema)
    declared: dict[str, Any] = {
        "partition_by": table.partition_by,
        "configuration": None if stored else _properties(table),
        "schema_mode": "overwrite" if change.is_whole else "merge" if stored != table.names else None,
        "commit_properties": _told(note, change.transaction),
    }
    if change.is_whole or change.part:
        condition = change.part.condition if change.part else None
        write_deltalake(place, data, mode="overwrite", predicate=condition, **declared)
    else:
        write_deltalake(place, data, mode="append", **declared)
    _forget_checksum(location)


def _commit_files(table: Table, location: str, rows: WorkerRows, note: str, change: Change, *, is_stored: bool) -> None:
    if is_stored and _is_known(location, change.transaction):
        return
    place, partitions = spark_path(location), [table.partition_by] if table.partition_by else []
    with key_errors_of(table):
        written = rows.write(place)
    files = [
        AddAction(
            path=file.path,
            size=file.size_bytes,
            partition_values=dict.fromkeys(partitions, file.partition),
            modification_time=file.written_at,
            data_change=True,
            stats=file.stats,
        )
        for file in written
    ]
    schema, told = Schema.from_json(table.schema.json()), _told(note, change.transaction)
    if is_stored:
        stored = DeltaTable(place)
        stored.create_write_transaction([*files], "append", schema, partition_by=partitions, commit_properties=told)
    else:
        properties = _properties(table)
        create_table_with_add_actions(
            place, schema, files, partition_by=partitions, configuration=properties, commit_properties=told
        )
    _forget_checksum(location)


def _is_known(location: str, transaction: tuple[str, int] | None) -> bool:
    if transaction is None:
        return False
    last = DeltaTable(spark_path(location)).transaction_version(transaction[0])
    return last is not None and last >= transaction[1]


def _told(note: str, transaction: tuple[str, int] | None) -> CommitProperties:
    transactions = [Transaction(*transaction)] if transaction else None
    return CommitProperties(custom_metadata={"userMetadata": note}, app_transactions=transactions)


def _forget_checksum(location: str) -> None:
    """Where Spark once wrote the pointer to the last checkpoint, Hadoop would hold a newer one for broken."""
    Path(open_folder(location)[1], "_delta_log", "._last_checkpoint.crc").unlink(missing_ok=True)


def _commit_frame(table: Table, location: str, frame: DataFrame, note: str, change: Change, stored: list[str]) -> None:
    """By Spark. Where nothing of a part is stored its rows are added, which spares Delta the search for what is to go.

    Rows of the driver are one task, so that they are one file, and checking their key moves none.
    """
    mode, options = "overwrite" if change.is_whole else "append", {"userMetadata": note}
    frame = frame.coalesce(1) if frame.isLocal() else frame
    if change.part and change.part.may_be_stored(location):
        mode, options = "overwrite", {**options, "replaceWhere": change.part.condition}
    elif change.part:
        frame = with_checked_rows(frame, change.part.condition)
    if change.transaction:
        application, version = change.transaction
        options |= {"txnAppId": application, "txnVersion": str(version)}
    if not stored:
        options |= _properties(table)
    elif change.is_whole:
        options |= {"overwriteSchema": "true"}
    elif stored != table.names:
        options |= {"mergeSchema": "true"}
    options |= {f"parquet.enable.dictionary#{name}": "false" for name in table.incompressible}
    writer = with_checked_key(conform(frame, table), table).write.format("delta").mode(mode).options(**options)
    if table.partition_by:
        writer = writer.partitionBy(table.partition_by)
    with key_errors_of(table):
        writer.save(location)


def _properties(table: Table) -> dict[str, str]:
    return {f"delta.{name}": value for name, value in table.properties.items()}


def _require_unique_keys(table: Table, rows: Rows) -> None:
    if not table.is_looked_through:
        return
    places = [table.names.index(name) for name in table.key]
    seen = Counter(tuple(row[place] for place in places) for row in rows)
    if any(count > 1 for count in seen.values()):
        raise duplicate_key(table)
