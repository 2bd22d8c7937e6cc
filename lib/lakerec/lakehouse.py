"""The lakehouse: the only code that writes tables.

A writer hands over a whole day, a whole partition or a whole small table, as a frame or as a few rows; one Delta commit
makes it visible (`commits.py`). How far a table has followed its sources stands in the note of its own newest commit,
so that a job does only what is new and no crash can part the two; operations.progress keeps the same for readers, and
beyond the log's retention.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from pydantic import Field
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec import __version__
from lakerec.commits import Change, Rows, WorkerRows, commit
from lakerec.contract import Settings, Table, Write
from lakerec.delta_log import Commit, days_of
from lakerec.errors import ContractError, RebuildNeededError
from lakerec.increment import (
    Days,
    Increment,
    Shaping,
    describe_reshaping,
    in_order,
    iso_days,
    new_files_of,
    note_of,
    shape_of,
)
from lakerec.locks import hold_layers
from lakerec.operations.progress import PROGRESS
from lakerec.parts import Part, part_of, part_of_days
from lakerec.tables import Tables


class LakeSettings(Settings):
    """Where the lake is and how this run writes to it."""

    root: str = Field(min_length=1, description="folder or URI of the lake")
    run_id: str = Field(description="name of this run in every commit; empty: made from the start time")
    rebuild: tuple[str, ...] = Field(description="layers to compute anew from what lies to their left")
    wait_seconds: float = Field(ge=0, description="how long to wait for another writer of the same layer; s")


class Lakehouse(Tables):
    """All tables below one root, to be read and written.

    Args:
        spark: a session with Delta.
        settings: where the lake is.
        now: start of the run, UTC; what every `ingested_at`, `created_at`, `committed_at` of it states.
    """

    def __init__(self, spark: SparkSession, settings: LakeSettings, now: datetime | None = None) -> None:
        super().__init__(spark, settings.root)
        self.settings = settings
        self.now = now or datetime.now(UTC)
        self._held: set[str] = set()
        self._unrecorded: list[tuple[Any, ...]] = []

    def require_writable(self) -> None:
        """Fail before any work starts where the lake cannot be written.

        Raises:
            LakeError: the folder cannot be created or written.
        """
        with hold_layers(self.root, ["_start"], self.settings.run_id, wait_seconds=60):
            pass

    # ---------------------------------------------------------------- what is new

    def increment(self, source: Table, consumer: Table, settings: Shaping, again: Days | None = None) -> Increment:
        """What `consumer` has to catch up on in `source`.

        Args:
            settings: those settings, and only those, that shape the consumer's rows.
            again: days to compute besides those that changed; all others, the caller warrants, no setting changes.

        Raises:
            RebuildNeededError: a table of days was shaped by other settings or another transform, or the source's
                log no longer reaches back to the consumer's progress.
        """
        shape, version = shape_of(consumer, settings), self.version(source)
        last = self._last_progress(consumer, source) if self.exists(consumer) else None
        if last is None:
            return Increment(consumer, source, self._all_days(source, version), version, 1, shape, version >= 0, False)
        if consumer.layer in self.settings.rebuild and last["run_id"] != self.settings.run_id:
            return Increment(
                consumer, source, self._all_days(source, version), version, last["epoch"] + 1, shape, True, True
            )
        is_reshaped = last["settings"] != shape
        if is_reshaped and consumer.write is Write.REPLACE_DAYS and again is None:
            raise RebuildNeededError(describe_reshaping(consumer, last["settings"], shape))
        commits = self._commits_between(source, last["version"], version, consumer)
        days = in_order({day for commit in commits for day in commit.days()} | {*(again or ())})
        is_new = bool(days) if source.partition_by == "event_date" else version > last["version"]
        new_files = None if again else new_files_of(commits)
        return Increment(consumer, source, days, version, last["epoch"], shape, is_new or is_reshaped, False, new_files)

    def read_new(self, increment: Increment) -> DataFrame:
        """Rows of the source that the consumer has not seen yet; where nobody can tell, all of the increment's days."""
        rows = self.read(increment.source, increment.days)
        if increment.new_files is None:
            return rows
        return rows.where(F.col("_metadata.file_name").isin(*increment.new_files))

    def shape(self, consumer: Table, source: Table) -> str | None:
        """What shaped the consumer's rows when it last followed the source; see `shape_of`."""
        last = self._last_progress(consumer, source) if self.exists(consumer) else None
        return last["settings"] if last else None

    def _last_progress(self, consumer: Table, source: Table) -> dict[str, Any] | None:
        """What the consumer's newest commit says of the source; past the reach of its log, what the ledger says."""
        for note in self._log(consumer).notes():
            if source.name in note.get("sources", {}):
                return {**note, **note["sources"][source.name]}
        rows = self.read(PROGRESS).where((F.col("consumer") == consumer.name) & (F.col("source") == source.name))
        newest = rows.orderBy(F.desc("epoch"), F.desc("version"), F.desc("committed_at")).limit(1).collect()
        return newest[0].asDict() if newest else None

    def _commits_between(self, source: Table, after: int, until: int, consumer: Table) -> list[Commit]:
        """The source's commits where they touch days."""
        if source.partition_by != "event_date":
            return []
        try:
            return list(self._log(source).commits(after, until))
        except FileNotFoundError as gone:
            raise RebuildNeededError(
                f"{consumer.name}: {source.name} no longer keeps its versions after {after}. "
                f"Run again with --rebuild {consumer.layer}."
            ) from gone

    def _all_days(self, source: Table, version: int) -> list[date | None]:
        """The days that the files of a version hold."""
        if source.partition_by != "event_date" or version < 0:
            return []
        return in_order(days_of(self._log(source).files(version)))

    # ---------------------------------------------------------------- writing

    def replace_days(
        self, increment: Increment, frames: Mapping[Table, DataFrame | Rows], days: Days | None = None
    ) -> dict[str, int]:
        """Replace whole days of tables; the consumer's commit, which is the last, records how far it has followed.

        Args:
            days: the days that the frames cover; the increment's own where left out.

        Returns:
            Rows written by table name.
        """
        covered = increment.days if days is None else days
        return self._follow([increment], frames, None if increment.is_rebuild else part_of_days(covered), covered)

    def replace(self, increments: Sequence[Increment], frames: Mapping[Table, DataFrame | Rows]) -> dict[str, int]:
        """Replace whole small tables; the consumer's commit, which is the last, records how far it has followed.

        Args:
            increments: of one consumer, one for each of its sources.

        Returns:
            Rows written by table name.
        """
        return self._follow(increments, frames, None, None)

    def overwrite(self, table: Table, rows: DataFrame | Rows) -> int:
        """Replace a whole small table that follows no source, such as a ledger; rows written."""
        return self._write(table, rows, {})

    def amend_days(self, table: Table, days: Days, frame: DataFrame) -> int:
        """Replace whole days of a table that follows no source; rows written."""
        return self._write(table, frame, {}, part_of_days(days))

    def replace_partition(
        self, table: Table, value: str, rows: DataFrame | Rows | WorkerRows, *followed: Increment
    ) -> int:
        """Replace the rows of one model or batch; rows written. The commit records how far `followed` has come."""
        return self._follow(followed, {table: rows}, part_of(table, [value]), None)[table.name]

    def delete_partitions(self, table: Table, values: Collection[str]) -> None:
        """Delete the rows of models or batches, in one commit; readers of an older version still see them."""
        self._write(table, [], {}, part_of(table, sorted(values)))

    def append(
        self, table: Table, rows: DataFrame | Rows | WorkerRows, transaction: tuple[str, int] | None = None
    ) -> int:
        """Add rows to a register or ledger; rows written, 0 where this transaction is already in the table.

        Args:
            transaction: application id and version. Delta drops a write whose version is not above the last one.
        """
        return self._save(table, rows, {}, Change(transaction=transaction))

    @contextmanager
    def writing(self, *layers: str) -> Iterator[None]:
        """Hold the write locks of layers; a lock that this object already holds is not taken twice.

        When the last one is released, the progress made meanwhile goes to its ledger in one commit.

        Raises:
            BusyError: another run holds one for longer than `lake.wait_seconds`.
        """
        wanted = sorted(set(layers) - self._held)
        with hold_layers(self.root, wanted, self.settings.run_id, self.settings.wait_seconds):
            self._held.update(wanted)
            try:
                yield
            finally:
                try:
                    if self._held == set(wanted):
                        self._keep_progress()
                finally:
                    self._held.difference_update(wanted)

    def _follow(
        self,
        increments: Sequence[Increment],
        frames: Mapping[Table, DataFrame | Rows | WorkerRows],
        part: Part | None,
        days: Days | None,
    ) -> dict[str, int]:
        """Write the consumer last: where its commit is, the others are."""
        known = [increment for increment in increments if increment.version >= 0]
        consumer, note = (known[0].consumer, note_of(known, days)) if known else (None, {})
        rows = {}
        with self.writing(*{table.layer for table in frames}):
            for table in sorted(frames, key=lambda table: table == consumer):
                rows[table.name] = self._write(table, frames[table], note if table == consumer else {}, part)
            self._unrecorded += [self._progress(increment, days) for increment in known]
        return rows

    def _write(
        self, table: Table, rows: DataFrame | Rows | WorkerRows, note: Mapping[str, Any], part: Part | None = None
    ) -> int:
        """Replace a part of a table, or all of it."""
        return self._save(table, rows, note, Change(is_whole=part is None, part=part))

    def _save(self, table: Table, rows: DataFrame | Rows | WorkerRows, note: Mapping[str, Any], change: Change) -> int:
        """One commit; rows in it. It tells what was read by then, so that each version leads to its sources'."""
        run = {"code_version": __version__, "run_id": self.settings.run_id, "read": self.versions_read}
        signature = json.dumps({**note, **run}, sort_keys=True)
        with self.writing(table.layer):
            before = self.version(table)
            commit(self.spark, table, self.location(table), before, rows, signature, change)
            return self._rows_written_since(table, before, signature)

    def _rows_written_since(self, table: Table, before: int, signature: str) -> int:
        log = self._log(table)
        commits = list(log.commits(before, log.version()))
        if any(commit.user_metadata != signature for commit in commits):
            raise ContractError(f"{table.name}: another writer committed in between. Run the job again.")
        return sum(commit.rows_written for commit in commits)

    def _keep_progress(self) -> None:
        rows, self._unrecorded = self._unrecorded, []
        if rows:
            self.append(PROGRESS, rows)

    def _progress(self, increment: Increment, days: Days | None) -> tuple[Any, ...]:
        return (
            increment.consumer.name,
            increment.source.name,
            increment.epoch,
            increment.version,
            iso_days(days),
            self.settings.run_id,
            increment.config_hash,
            increment.settings,
            __version__,
            self.now,
        )
