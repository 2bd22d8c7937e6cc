"""The landing folder: which files are delivered, and what is in them. Spark's Python workers read them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.fs as pafs
from pydantic import Field
from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.columns import READ_TYPES
from lakerec.bronze.files import DeliveredFile, make_file_id
from lakerec.bronze.lines import FIRST_BYTES
from lakerec.bronze.mapping import JsonFormat, Source
from lakerec.contract import Settings, Table
from lakerec.errors import LandingError
from lakerec.file_reader import Delivery, read_file
from lakerec.folders import open_folder
from lakerec.spread import spread

TEMPORARY = ".tmp"


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
    files, base = open_folder(root)
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
        if info.type != pafs.FileType.Directory and (kind := _kind_of(path, kinds)):
            fault = fault if info.type == pafs.FileType.File else "it is no regular file"
            delivered.append(DeliveredFile(make_file_id(source.name, path), path, kind, info.size or 0, fault))
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
    return spread(spark, files, lambda files: read_each(files, source, settings), READ_TYPES)


def read_each(files: Iterable[DeliveredFile], source: Source, settings: LandingSettings) -> Iterator[pa.RecordBatch]:
    """What files hold, one after the other, in batches of one kind; as `read_files`, where the caller is."""
    file_system, base = open_folder(settings.root)
    for file in files:
        is_document = isinstance(source.format_of(file.kind), JsonFormat)
        longest = settings.max_document_bytes if is_document else settings.max_line_bytes
        yield from read_file(Delivery(file_system, f"{base}/{file.path}", file), source, longest)


def rows_of_table(read: DataFrame, table: Table, rows_of: Callable[[pa.Table], pa.Table]) -> DataFrame:
    """Rows of a bronze table in what `read_files` gives."""

    def make(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from rows_of(pa.Table.from_batches([batch])).to_batches()

    return read.mapInArrow(make, table.schema)


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
