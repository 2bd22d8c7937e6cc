"""One commit to a table: of a frame by Spark, of a few rows of the driver by Delta's own library for Rust.

Spark plans, runs and commits for half a second to write a handful of rows, and a run writes such rows dozens of times;
the library takes a hundredth of that. It is not told what Spark's Hadoop is told of stores elsewhere, so that it writes
to this machine's files alone, and everywhere else Spark writes such rows, too.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from deltalake import CommitProperties, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from lakerec.contract import Table, conform, duplicate_key, key_errors_of, with_checked_key, with_checked_rows
from lakerec.delta_log import DeltaLog
from lakerec.folders import is_local, open_folder, spark_path
from lakerec.parts import Part
from lakerec.small_tables import arrow_of, frame_of

Rows = Sequence[Sequence[Any]]
"""A few rows, values in the order of the table's columns; times without a zone are in UTC."""


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


def commit(spark: SparkSession, table: Table, location: str, rows: DataFrame | Rows, note: str, change: Change) -> None:
    """Make rows visible at once, and the declaration with them.

    Args:
        note: the commit's `userMetadata`.

    Raises:
        DuplicateKeyError: two rows share the key of a table whose rows are looked through; nothing was written.
        SchemaMismatchError: a frame is not what the table declares.
    """
    stored = _stored_columns(location)
    if isinstance(rows, DataFrame):
        _commit_frame(table, location, rows, note, change, stored)
    elif is_local(location) and (stored or not table.has_constraints):
        _commit_rows(table, location, rows, note, change, stored)
    else:
        _commit_frame(table, location, frame_of(spark, rows, table.schema), note, change, stored)


def _stored_columns(location: str) -> list[str]:
    log = DeltaLog(location)
    version = log.version()
    return log.column_names(version) if version >= 0 else []


def _commit_rows(table: Table, location: str, rows: Rows, note: str, change: Change, stored: list[str]) -> None:
    _require_unique_keys(table, rows)
    place, data = spark_path(location), arrow_of(rows, table.schema)
    declared: dict[str, Any] = {
        "partition_by": table.partition_by,
        "configuration": None if stored else _properties(table),
        "schema_mode": "overwrite" if change.is_whole else "merge" if stored != table.names else None,
        "commit_properties": CommitProperties(custom_metadata={"userMetadata": note}),
    }
    if change.is_whole or change.part:
        condition = change.part.condition if change.part else None
        write_deltalake(place, data, mode="overwrite", predicate=condition, **declared)
    else:
        write_deltalake(place, data, mode="append", **declared)
    # Where Spark wrote the pointer to the last checkpoint once, Hadoop would hold a newer one for broken.
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
