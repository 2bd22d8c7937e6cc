"""The landing folder: which files are delivered, and what is in them.

Files are read by Spark's Python workers through pyarrow, each in one streaming pass: bytes, line numbers, content hash
and counts. A file that cannot be read gives one row that says so, and never an exception.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.fs as pafs
from pydantic import Field
from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.columns import READ_TYPES, accepted_batch, file_batch, malformed_batch
from lakerec.bronze.files import COUNTS, DeliveredFile, make_file_id
from lakerec.bronze.formats import Records, UnreadableFileError, read_records
from lakerec.bronze.lines import BYTES_AT_ONCE, FIRST_BYTES
from lakerec.bronze.mapping import JsonFormat, ParquetFormat, Source
from lakerec.bronze.parquet_rows import open_parquet, read_parquet
from lakerec.contract import Settings
from lakerec.errors import LakerecError, LandingError

CODECS = {".gz": "gzip", ".zst": "zstd"}
TEMPORARY = ".tmp"
TASKS_PER_CORE = 4

Reader = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class LandingSettings(Settings):
    """Where files are delivered, whose they are, and how many are taken at once."""

    root: str = Field(min_length=1, description="folder or URI that the producer delivers to")
    source: str = Field(min_length=1, description="which conf/sources/<source>.toml maps the delivered records")
    max_files_per_batch: int = Field(ge=1, description="files read before they are written")
    max_bytes_per_batch: int = Field(ge=1, description="bytes read before they are written, as delivered")
    max_line_bytes: int = Field(
        ge=FIRST_BYTES, description="longest line that is read; of a longer one its start is kept"
    )
    max_document_bytes: int = Field(ge=FIRST_BYTES, description="the same of a file that is one JSON document")


def list_files(root: str, source: Source) -> list[DeliveredFile]:
    """The delivered files that the source's patterns name, in path order; those ending in `.tmp` are not delivered yet.

    Raises:
        LandingError: the folder is missing or cannot be listed.
    """
    files, base = _open_root(root)
    try:
        listing = files.get_file_info(pafs.FileSelector(base, recursive=True))
    except FileNotFoundError as error:
        raise LandingError(
            f"landing.root: no folder '{root}'. Name the one that is delivered to with --landing."
        ) from error
    except OSError as error:
        raise LandingError(f"landing.root: '{root}' cannot be listed: {error}.") from error
    kinds = _kinds_by_pattern(source)
    delivered = []
    for info in listing:
        path, fault = _path_of(info)
        path = path[len(base.rstrip("/")) + 1 :]
        if info.type == pafs.FileType.File and (kind := _kind_of(path, kinds)):
            delivered.append(DeliveredFile(make_file_id(source.name, path), path, kind, info.size, fault))
    return sorted(delivered, key=lambda file: file.path)


def kind_of(path: str, source: Source) -> str | None:
    """What the records of a file are, event or item, by its path below the landing folder; None: not this source's."""
    return _kind_of(path, _kinds_by_pattern(source))


def read_files(
    spark: SparkSession, files: Sequence[DeliveredFile], source: Source, settings: LandingSettings
) -> DataFrame:
    """What files hold, one row per record, malformed line and file (`kind`); see `columns.READ_SCHEMA`.

    Rows of a file that turns out to be unreadable may come before the row of kind file that says so: leave them out.
    """
    tasks = _group(files, spark.sparkContext.defaultParallelism * TASKS_PER_CORE)
    numbers = spark.range(0, len(tasks), 1, len(tasks))
    return numbers.mapInArrow(_reader(tasks, source, settings), READ_TYPES)


def _group(files: Sequence[DeliveredFile], task_count: int) -> list[list[DeliveredFile]]:
    """Consecutive files in at most `task_count` groups of about equal size, so that a day's files stay together."""
    share = sum(file.size_bytes + 1 for file in files) / max(1, min(task_count, len(files)))
    groups: list[list[DeliveredFile]] = []
    size = 0
    for file in files:
        if not groups or size >= share * len(groups):
            groups.append([])
        groups[-1].append(file)
        size += file.size_bytes + 1
    return groups


def _reader(tasks: list[list[DeliveredFile]], source: Source, settings: LandingSettings) -> Reader:
    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        file_system, base = _open_root(settings.root)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for file in tasks[number]:
                    delivery = _Delivery(file_system, f"{base}/{file.path}", file)
                    yield from _read_file(delivery, source, settings)

    return read


class _Delivery(NamedTuple):
    """A file, and where it lies."""

    file_system: pafs.FileSystem
    path: str
    file: DeliveredFile


def _read_file(delivery: _Delivery, source: Source, settings: LandingSettings) -> Iterator[pa.RecordBatch]:
    file = delivery.file
    counts = dict.fromkeys(COUNTS, 0)
    seen: Counter[bytes] = Counter()
    try:
        if file.fault:
            raise UnreadableFileError(file.fault)
        with delivery.file_system.open_input_stream(delivery.path, compression=None) as stream:
            delivered = _HashingStream(stream)
            for records in _records(delivery, delivered, source, settings, counts):
                _add_counts(counts, records)
                if records.rows:
                    yield accepted_batch(records, source, file.kind, file.file_id, seen)
                if records.malformed:
                    yield malformed_batch(records.malformed, file.file_id)
        if delivered.size != file.size_bytes:
            raise UnreadableFileError("its size changed while it was read: is it still being delivered?")
    except (OSError, UnreadableFileError) as error:
        yield file_batch(file.file_id, None, _reason(error), {})
    else:
        _require_conservation(file, counts)
        yield file_batch(file.file_id, delivered.hash.hexdigest(), None, counts)


def _records(
    delivery: _Delivery, delivered: "_HashingStream", source: Source, settings: LandingSettings, counts: dict[str, int]
) -> Iterator[Records]:
    kind = delivery.file.kind
    layout, names = source.format_of(kind), source.required_fields(kind)
    if not isinstance(layout, ParquetFormat):
        limit = settings.max_document_bytes if isinstance(layout, JsonFormat) else settings.max_line_bytes
        return read_records(_count_lines(_uncompressed(delivered, delivery.file), counts), layout, names, limit)
    while delivered.read(BYTES_AT_ONCE):
        pass  # Parquet is not read from its first byte to its last: this pass is for the hash
    opened = open_parquet(delivery.file_system.open_input_file(delivery.path), names)
    counts["line_count"] = opened.metadata.num_rows
    return read_parquet(opened, layout, names)


class _HashingStream(io.RawIOBase):
    """Hashes and counts the bytes that pass through."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self.hash = sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size if size >= 0 else None)
        self.hash.update(data)
        self.size += len(data)
        return data


def _uncompressed(delivered: _HashingStream, file: DeliveredFile) -> Iterator[bytes]:
    codec = CODECS.get(Path(file.path).suffix.lower())
    if codec and not file.size_bytes:
        raise UnreadableFileError(f"it is empty, which no {codec} file is")
    stream = pa.CompressedInputStream(pa.PythonFile(delivered, mode="r"), codec) if codec else delivered
    while chunk := stream.read(BYTES_AT_ONCE):
        yield chunk


def _count_lines(chunks: Iterator[bytes], counts: dict[str, int]) -> Iterator[bytes]:
    """Count line feeds, and a last line that lacks its own, independently of the parser."""
    is_ended = True
    for chunk in chunks:
        counts["line_count"] += chunk.count(b"\n")
        is_ended = chunk.endswith(b"\n")
        yield chunk
    counts["line_count"] += not is_ended


def _add_counts(counts: dict[str, int], records: Records) -> None:
    counts["header_count"] += records.header_count
    counts["blank_count"] += records.blank_count
    counts["malformed_line_count"] += records.malformed_line_count
    counts["accepted_line_count"] += records.accepted_line_count
    counts["accepted_record_count"] += len(records.rows)
    counts["malformed_record_count"] += len(records.malformed)
    counts["duplicate_key_count"] += records.duplicate_key_count


def _require_conservation(file: DeliveredFile, counts: dict[str, int]) -> None:
    parts = ("header_count", "blank_count", "malformed_line_count", "accepted_line_count")
    if counts["line_count"] != sum(counts[part] for part in parts):
        raise LakerecError(f"'{file.path}': the reader lost or invented lines: {counts}. This is a bug in lakerec.")


def _reason(error: Exception) -> str:
    """Why a file is held, without paths of this machine, so that a later look at the same file says the same."""
    if isinstance(error, FileNotFoundError):
        return "it vanished before it was read"
    if isinstance(error, PermissionError):
        return "it may not be read"
    return str(error).splitlines()[0]


def _path_of(info: pafs.FileInfo) -> tuple[str, str | None]:
    """A listed file's path, and why it cannot be opened where Arrow has no way to say its name."""
    try:
        return info.path, None
    except UnicodeDecodeError as error:
        return bytes(error.object).decode(errors="backslashreplace"), "its name is not UTF-8"


def _kinds_by_pattern(source: Source) -> list[tuple[re.Pattern[str], str]]:
    patterns = [(pattern, "event") for pattern in source.events.files]
    patterns += [(pattern, "item") for pattern in (source.items.files if source.items else ())]
    return [(_path_pattern(pattern), kind) for pattern, kind in patterns]


def _kind_of(path: str, kinds: list[tuple[re.Pattern[str], str]]) -> str | None:
    if path.endswith(TEMPORARY):
        return None
    return next((kind for pattern, kind in kinds if pattern.fullmatch(path)), None)


def _path_pattern(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay within one folder; `**/` is any number of folders."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _open_root(root: str) -> tuple[pafs.FileSystem, str]:
    if "://" in root:
        return pafs.FileSystem.from_uri(root)
    return pafs.LocalFileSystem(), str(Path(root).absolute())
