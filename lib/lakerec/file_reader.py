"""One delivered file to Arrow batches, in one streaming pass: exact bytes, line numbers, content hash and counts.

A file that cannot be read gives one row that says so, and never an exception.
"""

import io
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.fs as pafs

from lakerec.bronze.columns import accepted_batch, file_batch, malformed_batch, plain_batch
from lakerec.bronze.files import COUNTS, DeliveredFile
from lakerec.bronze.formats import Records, UnreadableFileError, read_records
from lakerec.bronze.lines import BYTES_AT_ONCE
from lakerec.bronze.mapping import ParquetFormat, Source
from lakerec.bronze.parquet_rows import open_parquet, read_parquet
from lakerec.errors import LakerecError

CODECS = {".gz": "gzip", ".zst": "zstd"}


class Delivery(NamedTuple):
    """A file, and where it lies."""

    file_system: pafs.FileSystem
    path: str
    file: DeliveredFile


def read_file(delivery: Delivery, source: Source, longest: int) -> Iterator[pa.RecordBatch]:
    """What a file holds, as batches of `columns.READ_SCHEMA`; the last is the one row of kind file.

    Args:
        longest: bytes of the longest line, or whole JSON document, that is read.
    """
    file = delivery.file
    counts = dict.fromkeys(COUNTS, 0)
    seen: Counter[bytes] = Counter()
    try:
        if file.fault:
            raise UnreadableFileError(file.fault)
        with delivery.file_system.open_input_stream(delivery.path, compression=None) as stream:
            delivered = _HashingStream(stream)
            for records in _records(delivery, delivered, source, longest, counts):
                _add_counts(counts, records)
                if records.rows:
                    yield accepted_batch(records, source, file.kind, file.file_id, seen)
                if records.plain:
                    yield plain_batch(records.plain, source, file.kind, file.file_id)
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
    delivery: Delivery, delivered: "_HashingStream", source: Source, longest: int, counts: dict[str, int]
) -> Iterator[Records]:
    kind = delivery.file.kind
    layout, names = source.format_of(kind), source.required_fields(kind)
    if not isinstance(layout, ParquetFormat):
        chunks = _count_lines(_uncompressed(delivered, delivery.file), counts)
        return read_records(chunks, layout, names, longest, source.plain_fields(kind))
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
    counts["accepted_record_count"] += len(records.rows) + (len(records.plain.numbers) if records.plain else 0)
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
