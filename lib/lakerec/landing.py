"""The landing folder: which files are delivered, and what is in them. Spark's Python workers read them."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from pydantic import Field
from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.columns import READ_SCHEMA, READ_TYPES
from lakerec.bronze.files import DeliveredFile, make_file_id
from lakerec.bronze.lines import FIRST_BYTES
from lakerec.bronze.mapping import JsonFormat, Source
from lakerec.contract import Settings
from lakerec.errors import LandingError
from lakerec.file_reader import Delivery, read_file
from lakerec.folders import delete_folder, open_folder, spark_path
from lakerec.large_batches import large_batches

TEMPORARY = ".tmp"
TASKS_PER_CORE = 4
ROW_GROUP_BYTES = 1 << 25
REPEATED = ["kind", "file_id", "action", "surface", "category"]
"""Columns whose values repeat; of the others a dictionary would be made in vain."""

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
    tasks, numbers = _tasks(spark, files)
    return numbers.mapInArrow(_reader(tasks, source, settings), READ_TYPES)


@contextmanager
def staged_files(
    spark: SparkSession, files: Sequence[DeliveredFile], source: Source, settings: LandingSettings, folder: str
) -> Iterator[DataFrame]:
    """What `read_files` gives, read once and kept as Parquet below `folder` while it lasts.

    So a file that changes meanwhile has one content, and no executor is missed. Workers write what they read: rows that
    pass through Spark's to be kept cost more than reading the files.

    Args:
        folder: path or URI that all executors see; nobody else may write there. What is in it is deleted.
    """
    tasks, numbers = _tasks(spark, files)
    file_system, path = open_folder(folder)
    place = spark_path(folder)
    delete_folder(folder)  # of a run that was killed
    file_system.create_dir(path)
    try:
        names = numbers.mapInArrow(_stager(_reader(tasks, source, settings), place), "name string").collect()
        yield spark.read.schema(READ_TYPES).parquet(*(f"{place}/{row.name}" for row in names))
    finally:
        delete_folder(folder)


def _tasks(spark: SparkSession, files: Sequence[DeliveredFile]) -> tuple[list[list[DeliveredFile]], DataFrame]:
    """Files by task, and a frame with the number of one task in each of its partitions."""
    tasks = _group(files, spark.sparkContext.defaultParallelism * TASKS_PER_CORE)
    return tasks, spark.range(0, len(tasks), 1, len(tasks))


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
        file_system, base = open_folder(settings.root)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for file in tasks[number]:
                    is_document = isinstance(source.format_of(file.kind), JsonFormat)
                    longest = settings.max_document_bytes if is_document else settings.max_line_bytes
                    yield from read_file(Delivery(file_system, f"{base}/{file.path}", file), source, longest)

    return read


def _stager(reader: Reader, folder: str) -> Reader:
    """Instead of what was read, the name of the file that holds it; each attempt at a task has a file of its own."""

    def stage(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        file_system, path = open_folder(folder)
        name = f"{uuid4().hex}.parquet"
        with (
            file_system.open_output_stream(f"{path}/{name}") as stream,
            pq.ParquetWriter(stream, READ_SCHEMA, use_dictionary=REPEATED) as writer,
        ):
            for table in large_batches(reader(batches), ROW_GROUP_BYTES):
                writer.write_table(table)
        yield pa.RecordBatch.from_pydict({"name": [name]})

    return stage


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
