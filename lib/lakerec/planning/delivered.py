"""How many lines delivered files hold, from looking into a few of them."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lakerec.bronze.files import DeliveredFile
from lakerec.bronze.mapping import ParquetFormat, Source
from lakerec.file_reader import CODECS
from lakerec.folders import open_folder

MOST_FILES = 24
MOST_BYTES = 1 << 22
"""Bytes of text that are read of a file, at most."""


class Delivered(NamedTuple):
    """What waits to be read.

    Attributes:
        lines: about so many.
        files, size_bytes: of all of them, as delivered.
        sampled_bytes: of these, how many were looked at.
    """

    lines: float
    files: int
    size_bytes: int
    sampled_bytes: int


def sample_delivered(root: str, files: Sequence[DeliveredFile], source: Source) -> Delivered:
    """Lines per delivered byte of some files, spread over all, times all bytes.

    Files that cannot be opened or unpacked are passed over: reading them would hold them back.
    """
    file_system, base = open_folder(root)
    step = max(1, len(files) // MOST_FILES)
    lines = size = 0
    for file in [file for file in files[::step] if not file.fault and file.size_bytes]:
        look = _look_into_parquet if isinstance(source.format_of(file.kind), ParquetFormat) else _look_into_text
        try:
            with file_system.open_input_file(f"{base}/{file.path}") as stream:
                found = look(stream, file.path)
        except (OSError, pa.ArrowInvalid):
            continue
        lines, size = lines + found[0], size + found[1]
    total = sum(file.size_bytes for file in files)
    return Delivered(lines / size * total if size else 0.0, len(files), total, size)


def _look_into_text(stream: pa.NativeFile, path: str) -> tuple[int, int]:
    """Lines of the file's beginning, and how many of its bytes held them."""
    codec = next((codec for suffix, codec in CODECS.items() if path.endswith(suffix)), None)
    text = pa.CompressedInputStream(stream, codec) if codec else stream
    read = text.read(MOST_BYTES)
    is_open_ended = bool(read) and not read.endswith(b"\n") and len(read) < MOST_BYTES
    return read.count(b"\n") + is_open_ended, stream.tell()


def _look_into_parquet(stream: pa.NativeFile, path: str) -> tuple[int, int]:
    """Rows of the whole file, which its footer states."""
    return pq.read_metadata(stream).num_rows, stream.size()
