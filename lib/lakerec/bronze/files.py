"""bronze.files: every delivered file, whether it was taken, and what was in it: the admission ledger."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pyspark.sql import types as T

from lakerec.contract import Column, Expectation, Table, Write

COUNTS = (
    "line_count",
    "header_count",
    "blank_count",
    "malformed_line_count",
    "accepted_line_count",
    "accepted_record_count",
    "malformed_record_count",
    "duplicate_key_count",
)


CHANGED = "changed after it was read: the rows read then stay, what changed is not in the lake"


class Status(StrEnum):
    """PENDING until its batch is written, READ, HELD back for a reason, or DUPLICATE of a file that was read."""

    PENDING = "pending"
    READ = "read"
    HELD = "held"
    DUPLICATE = "duplicate"


FILES = Table(
    name="bronze.files",
    comment="One row per delivered file. line_count = header + blank + malformed + accepted lines.",
    columns=(
        Column("file_id", T.StringType(), "Made of source and path (sha256, first 16 hex digits)."),
        Column("path", T.StringType(), "Path below the landing folder."),
        Column("source", T.StringType(), "Which producer delivered it."),
        Column("kind", T.StringType(), "What its records are: event or item."),
        Column("size_bytes", T.LongType(), "Size as delivered and read."),
        Column(
            "content_hash", T.StringType(), "sha256 (hex) of the bytes as delivered; null where they were not read."
        ),
        Column("status", T.StringType(), "pending, read, held or duplicate."),
        Column("reason", T.StringType(), "Why it is held, or which file it repeats."),
        Column("batch", T.LongType(), "Batch that wrote its rows; null where none did; grows within a source."),
        Column("line_count", T.LongType(), "Lines; null where the file could not be read to its end."),
        Column("header_count", T.LongType(), "Lines of the header."),
        Column("blank_count", T.LongType(), "Lines of white space."),
        Column("malformed_line_count", T.LongType(), "Lines of malformed records."),
        Column("accepted_line_count", T.LongType(), "Lines of accepted records."),
        Column("accepted_record_count", T.LongType(), "Records in bronze.events or bronze.items."),
        Column("malformed_record_count", T.LongType(), "Records in bronze.malformed_lines."),
        Column("ingested_at", T.TimestampType(), "Start of the run that judged it; UTC."),
        Column("duplicate_key_count", T.LongType(), "Accepted lines of JSON that name a field twice; the last counts."),
    ),
    key=("file_id",),
    write=Write.REPLACE,
    expectations=(
        Expectation(
            "accounts for every line",
            "line_count IS NULL"
            " OR line_count = header_count + blank_count + malformed_line_count + accepted_line_count",
            is_stored=True,
        ),
    ),
)


@dataclass(frozen=True)
class DeliveredFile:
    """A file in the landing folder that a source lays claim to; `fault` says why it cannot be opened at all."""

    file_id: str
    path: str
    kind: str
    size_bytes: int
    fault: str | None = None


@dataclass(frozen=True)
class FileEntry:
    """One row of bronze.files; fields are its columns, in order."""

    file_id: str
    path: str
    source: str
    kind: str
    size_bytes: int
    content_hash: str | None
    status: str
    reason: str | None
    batch: int | None
    line_count: int | None
    header_count: int | None
    blank_count: int | None
    malformed_line_count: int | None
    accepted_line_count: int | None
    accepted_record_count: int | None
    malformed_record_count: int | None
    ingested_at: datetime
    duplicate_key_count: int | None = None

    @property
    def has_rows(self) -> bool:
        """Whether rows of it are in the lake, or may be after a crash."""
        return self.batch is not None

    def as_row(self) -> tuple[Any, ...]:
        """Values in the table's column order."""
        return astuple(self)


Ledger = Mapping[str, FileEntry]


def ledger_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, FileEntry]:
    """The ledger that rows of bronze.files state."""
    return {row["file_id"]: FileEntry(**row) for row in rows}


def make_file_id(source: str, path: str) -> str:
    """The same for the same path of the same source, always."""
    return sha256(f"{source}\n{path}".encode()).hexdigest()[:16]


def files_to_read(delivered: Iterable[DeliveredFile], ledger: Ledger) -> list[DeliveredFile]:
    """Files that are new, were held back unread, or repeated another one and have changed since; in path order."""
    wanted = [file for file in delivered if _is_to_be_read(file, ledger.get(file.file_id))]
    return sorted(wanted, key=lambda file: file.path)


def unfinished_files(ledger: Ledger, source: str) -> list[DeliveredFile]:
    """Files of the batch that a crashed run left pending, as they were then; in path order."""
    pending = [e for e in ledger.values() if e.source == source and e.status == Status.PENDING]
    files = [DeliveredFile(e.file_id, e.path, e.kind, e.size_bytes) for e in pending]
    return sorted(files, key=lambda file: file.path)


def changed_since_read(delivered: Iterable[DeliveredFile], ledger: Ledger) -> list[FileEntry]:
    """New entries for files that were read and have another size now, or again the one they were read with.

    The rows read then stay.
    """
    changed = []
    for file in delivered:
        entry = ledger.get(file.file_id)
        if entry and entry.status == Status.READ and entry.size_bytes != file.size_bytes:
            changed.append(replace(entry, status=Status.HELD, reason=CHANGED))
        elif entry and entry.reason == CHANGED and entry.size_bytes == file.size_bytes:
            changed.append(replace(entry, status=Status.READ, reason=None))
    return changed


def split_into_batches(
    files: Sequence[DeliveredFile], *, max_files: int, max_bytes: int
) -> Iterator[list[DeliveredFile]]:
    """Runs of consecutive files within both bounds; a file above `max_bytes` is a batch by itself."""
    batch: list[DeliveredFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == max_files or size + file.size_bytes > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size_bytes
    if batch:
        yield batch


def describe_file(
    file: DeliveredFile, found: Mapping[str, Any], *, source: str, batch: int, ingested_at: datetime
) -> FileEntry:
    """The entry of a file that was just read, before it is judged.

    Args:
        found: content_hash, reason and the counts, as the reader states them.
    """
    counts = {name: found[name] for name in COUNTS}
    reason = found["reason"]
    return FileEntry(
        file_id=file.file_id,
        path=file.path,
        source=source,
        kind=file.kind,
        size_bytes=file.size_bytes,
        content_hash=found["content_hash"],
        status=Status.HELD if reason else Status.READ,
        reason=reason,
        batch=batch,
        ingested_at=ingested_at,
        **counts,
    )


def judge_files(found: Iterable[FileEntry], ledger: Ledger) -> list[FileEntry]:
    """Decide on files that were just read: read, held or duplicate.

    Of a source's files of one kind and content the first path is read. A held file that is as it was keeps its entry,
    so that nothing has to be written for it.

    Args:
        found: an entry per file: status READ with its counts, or HELD with a reason; `batch` is the batch at work.
        ledger: what is known so far.
    """
    first_paths = {_content(e): e.path for e in ledger.values() if e.has_rows and e.status != Status.PENDING}
    judged = []
    for entry in sorted(found, key=lambda entry: entry.path):
        known = ledger.get(entry.file_id)
        if known and known.status == Status.PENDING:
            verdict = _judge_again(entry, known)
        elif entry.status == Status.HELD:
            verdict = _hold(entry, known)
        elif _content(entry) in first_paths and (entry.accepted_record_count or entry.malformed_record_count):
            reason = f"same content as {first_paths[_content(entry)]}"
            verdict = replace(entry, status=Status.DUPLICATE, reason=reason, batch=None)
        else:
            verdict = entry
        if verdict.status == Status.READ:
            first_paths.setdefault(_content(verdict), verdict.path)
        judged.append(verdict)
    return judged


def _content(entry: FileEntry) -> tuple[str, str, str | None]:
    """What a repeated delivery shares; another source may map the same bytes to other records."""
    return entry.source, entry.kind, entry.content_hash


def _is_to_be_read(file: DeliveredFile, entry: FileEntry | None) -> bool:
    if entry is None:
        return True
    if entry.has_rows:
        return False
    return entry.status == Status.HELD or entry.size_bytes != file.size_bytes


def _hold(entry: FileEntry, known: FileEntry | None) -> FileEntry:
    held = replace(entry, batch=None)
    is_as_it_was = known is not None and held == replace(known, ingested_at=held.ingested_at)
    return known if known and is_as_it_was else held


def _judge_again(entry: FileEntry, pending: FileEntry) -> FileEntry:
    """A file of an unfinished batch: its rows may be in the lake already, so it has to be what it was."""
    if entry.content_hash == pending.content_hash and entry.status == Status.READ:
        return replace(pending, status=Status.READ)
    reason = f"changed while batch {pending.batch} was being written: {entry.reason or 'its content is another'}"
    return replace(pending, status=Status.HELD, reason=reason)
