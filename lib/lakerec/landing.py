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

import pyarrow as pa
import pyarrow.fs as pafs
from pydantic import Field
from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.columns import READ_TYPES, accepted_batch, file_batch, malformed_batch
from lakerec.bronze.files import COUNTS, DeliveredFile, make_file_id
from lakerec.bronze.formats import BYTES_AT_ONCE, Records, UnreadableFileError, read_records
from lakerec.bronze.mapping import Source
from lakerec.contract import Settings
from lakerec.errors import LakerecError, LandingError

CODECS = {".gz": "gzip"}
TEMPORARY = ".tmp"
TASKS_PER_CORE = 4

Reader = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class LandingSettings(Settings):
    """Where files are delivered, whose they are, and how many are taken at once."""

    root: str = Field(min_length=1, description="folder or URI that the producer delivers to")
    source: str = Field(min_length=1, description="which conf/sources/<source>.toml maps the delivered records")
    max_files_per_batch: int = Field(ge=1, description="files read before they are written")
    max_bytes_per_batch: int = Field(ge=1, description="bytes read before they are written, as delivered")


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
    found = ((info.path[len(base.rstrip("/")) + 1 :], info) for info in listing if info.type == pafs.FileType.File)
    kinds = _kinds_by_pattern(source)
    delivered = [
        DeliveredFile(make_file_id(source.name, path), path, kind, info.size)
        for path, info in found
        if (kind := _kind_of(path, kinds))
    ]
    return sorted(delivered, key=lambda file: file.path)


def read_files(spark: SparkSession, files: Sequence[DeliveredFile], root: str, source: Source) -> DataFrame:
    """What files hold, one row per record, malformed line and file (`kind`); see `columns.READ_SCHEMA`.

    Rows of a file that turns out to be unreadable may come before the row of kind file that says so: leave them out.
    """
    tasks = _group(files, spark.sparkContext.defaultParallelism * TASKS_PER_CORE)
    numbers = spark.range(0, len(tasks), 1, len(tasks))
    return numbers.mapInArrow(_reader(tasks, root, source), READ_TYPES)


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


def _reader(tasks: list[list[DeliveredFile]], root: str, source: Source) -> Reader:
    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        file_system, base = _open_root(root)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for file in tasks[number]:
                    yield from _read_file(file_system, f"{base}/{file.path}", file, source)

    return read


def _read_file(
    file_system: pafs.FileSystem, path: str, file: DeliveredFile, source: Source
) -> Iterator[pa.RecordBatch]:
    counts = dict.fromkeys(COUNTS, 0)
    seen: Counter[bytes] = Counter()
    try:
        with file_system.open_input_stream(path, compression=None) as stream:
            delivered = _HashingStream(stream)
            chunks = _count_lines(_uncompressed(delivered, file), counts)
            for records in read_records(chunks, source.format, source.required_fields(file.kind)):
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
    codec = CODECS.get(Path(file.path).suffix)
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
