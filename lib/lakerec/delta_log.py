"""What a Delta table's log says, read as the open protocol states it: newest version, commits, days touched.

Spark answers the same questions through `DESCRIBE HISTORY` at about half a second each; a run asks dozens of times.
Source: the Delta transaction log protocol, sections "Delta Log Entries" and "Actions".
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyarrow.fs as pafs
import pyarrow.parquet as pq

from lakerec.folders import open_folder

COMMIT = re.compile(r"^(\d{20})\.json$")
CHECKPOINT = re.compile(r"^(\d{20})\.checkpoint\.(?:\d{10}\.(\d{10})\.)?parquet$")
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Commit:
    """One commit of a table."""

    version: int
    info: dict[str, Any] = field(repr=False)
    actions: list[dict[str, Any]] = field(repr=False)

    @property
    def user_metadata(self) -> str | None:
        """Text that the writer attached."""
        return self.info.get("userMetadata")

    @property
    def rows_written(self) -> int:
        """Rows in the files that this commit added, as their writer counted them."""
        return rows_in(action["add"] for action in self.actions if "add" in action)

    def changes(self) -> list[dict[str, Any]]:
        """The files whose rows this commit added or removed."""
        files = [action.get("add") or action.get("remove") for action in self.actions]
        return [file for file in files if file and file.get("dataChange", True)]

    def new_files(self) -> frozenset[str] | None:
        """Names of the files that this commit added; None where it only rearranged rows, so that names tell nothing."""
        added = [action["add"] for action in self.actions if "add" in action]
        if not all(file.get("dataChange", True) for file in added):
            return None
        return frozenset(file["path"].rpartition("/")[2] for file in added)

    def days(self) -> set[date | None]:
        """Days of the files whose rows this commit added or removed; None stands for rows without a readable time."""
        return days_of(self.changes())


class Snapshot(NamedTuple):
    """What one version of a table is.

    Attributes:
        files: `add` actions of the data files that hold its rows.
        metadata: the newest `metaData` action.
        protocol: the newest `protocol` action.
    """

    files: list[dict[str, Any]]
    metadata: dict[str, Any]
    protocol: dict[str, Any]

    @property
    def paths(self) -> list[str]:
        """The data files, as below the table's folder."""
        return [unquote(file["path"]) for file in self.files]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON of the Spark schema of the stored columns."""
        return dict(json.loads(self.metadata["schemaString"]))


def days_of(files: Iterable[dict[str, Any]]) -> set[date | None]:
    """Values of the partition column `event_date` among files; None stands for rows without a readable time."""
    values = {partitions_of(file).get("event_date") for file in files}
    return {date.fromisoformat(day) if day else None for day in values}


def partitions_of(file: dict[str, Any]) -> dict[str, str | None]:
    """Values of a file's partition columns; None where its rows have none, such as a readable day."""
    return {name: None if value in ("", NULL_PARTITION) else value for name, value in file["partitionValues"].items()}


def stats_of(file: dict[str, Any]) -> dict[str, Any]:
    """What its writer counted of a file: numRecords, nullCount, minValues, maxValues; nothing where it did not."""
    return json.loads(file.get("stats") or "{}")


def rows_in(files: Iterable[dict[str, Any]]) -> int:
    """Rows of files, as their writer counted them."""
    return sum(stats_of(file).get("numRecords", 0) for file in files)


class DeltaLog:
    """The log of the table at `location` (a path or URI that pyarrow can open)."""

    def __init__(self, location: str) -> None:
        self._files, path = open_folder(location)
        self._folder = f"{path}/_delta_log"

    def version(self) -> int:
        """Newest version; -1 where there is no table."""
        return max(self._versions(), default=-1)

    def commit(self, version: int) -> Commit:
        """The commit of one version.

        Raises:
            FileNotFoundError: the log no longer holds it.
        """
        with self._files.open_input_stream(f"{self._folder}/{version:020d}.json") as stream:
            actions = [json.loads(line) for line in stream.readall().splitlines() if line]
        infos = [action["commitInfo"] for action in actions if "commitInfo" in action]
        return Commit(version, infos[0] if infos else {}, actions)

    def notes(self) -> Iterator[dict[str, Any]]:
        """The JSON objects that writers attached to their commits, newest first, as far back as the log reaches."""
        for version in sorted(self._versions(), reverse=True):
            note = self.commit(version).user_metadata or ""
            if note.startswith("{"):
                yield json.loads(note)

    def commits(self, after: int, until: int) -> Iterator[Commit]:
        """The commits of versions after+1 .. until, oldest first."""
        return (self.commit(version) for version in range(after + 1, until + 1))

    def files(self, version: int) -> list[dict[str, Any]]:
        """The data files that hold a version's rows; see `snapshot`."""
        return self.snapshot(version).files

    def column_names(self, version: int) -> list[str]:
        """Names of the columns that a version stores, in their order; takes none of its files from a checkpoint."""
        return [column["name"] for column in self._replay(version, ("metaData",)).schema["fields"]]

    def snapshot(self, version: int) -> Snapshot:
        """One version, from the last checkpoint before it on.

        Raises:
            FileNotFoundError: the log no longer reaches back to it.
        """
        return self._replay(version, ("protocol", "metaData", "add"))

    def _replay(self, version: int, checkpointed: Sequence[str]) -> Snapshot:
        """A version by the kinds of actions that are taken from the checkpoint, and by all that followed."""
        begun, parts = self._checkpoint(version)
        since = (action for commit in self.commits(begun, version) for action in commit.actions)
        before = (action for part in parts for action in self._checkpointed(part, checkpointed))
        files: dict[str, dict[str, Any]] = {}
        newest: dict[str, dict[str, Any]] = {"metaData": {}, "protocol": {}}
        for action in chain(before, since):
            for kind, what in action.items():
                if kind == "remove":
                    files.pop(what["path"], None)
                elif kind == "add":
                    files[what["path"]] = what
                elif kind in newest:
                    newest[kind] = what
        return Snapshot(list(files.values()), newest["metaData"], newest["protocol"])

    def holds(self, files: Iterable[str]) -> bool:
        """Whether all of these data files, named as below the table's folder, are still there."""
        folder = self._folder.rpartition("/")[0]
        found = self._files.get_file_info([f"{folder}/{file}" for file in files])
        return all(entry.type is pafs.FileType.File for entry in found)

    def _versions(self) -> Iterator[int]:
        return (int(found[1]) for name in self._names() if (found := COMMIT.match(name)))

    def _checkpoint(self, until: int) -> tuple[int, list[str]]:
        """Version and files of the last checkpoint that is there with all its parts; -1 and none without any."""
        parts: dict[tuple[int, int], list[str]] = {}
        for name in self._names():
            if (found := CHECKPOINT.match(name)) and int(found[1]) <= until:
                parts.setdefault((int(found[1]), int(found[2] or 1)), []).append(name)
        whole = {version: names for (version, count), names in parts.items() if len(names) == count}
        newest = max(whole, default=-1)
        return newest, whole.get(newest, [])

    def _checkpointed(self, checkpoint: str, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
        with self._files.open_input_file(f"{self._folder}/{checkpoint}") as stream:
            file = pq.ParquetFile(stream)
            kinds = [kind for kind in wanted if kind in file.schema_arrow.names]
            columns = {kind: file.read(columns=[kind])[kind].drop_null().to_pylist() for kind in kinds}
        for kind, actions in columns.items():
            for action in actions:
                maps = {"partitionValues": dict(action["partitionValues"])} if kind == "add" else {}
                yield {kind: {**action, **maps}}

    def _names(self) -> list[str]:
        listing = self._files.get_file_info(pafs.FileSelector(self._folder, allow_not_found=True))
        return [entry.base_name for entry in listing]
