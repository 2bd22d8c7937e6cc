"""What a batch of files held, kept by kind and day while it is judged: Python workers write it, and read it back.

So a file that changes meanwhile has one content, and no executor is missed when it is lost.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from lakerec.bronze.columns import READ_SCHEMA
from lakerec.bronze.files import DeliveredFile
from lakerec.bronze.mapping import Source
from lakerec.bronze.times import days_of
from lakerec.contract import Table
from lakerec.data_files import DATA_FILES, DataFile, write_data_file
from lakerec.folders import delete_folder, open_folder, spark_path
from lakerec.landing import LandingSettings, read_each
from lakerec.small_tables import arrow_of
from lakerec.spread import in_shares, spread

_HELD_BYTES = 1 << 26
"""A task holds so much in memory before what it has most of goes to its file."""
_DATA_FILE_BYTES = 1 << 28
"""So much in memory, a sixth of it on disk, is one data file at most."""
_PIECES = (
    T.StructType()
    .add("kind", "string")
    .add("day", "date")
    .add("name", "string")
    .add("number", "long")
    .add("size_bytes", "long")
)

Transform = Callable[[pa.Table], pa.Table]


class Piece(NamedTuple):
    """Rows of one kind and, where they are events, of one day: the n-th batch of a staged file."""

    kind: str
    day: date | None
    name: str
    number: int
    size_bytes: int


class Share(NamedTuple):
    """Pieces of one day that become one data file."""

    day: date | None
    pieces: tuple[Piece, ...]

    @property
    def size_bytes(self) -> int:
        """Of its rows in memory."""
        return sum(piece.size_bytes for piece in self.pieces)


@dataclass(frozen=True)
class StagedRows:
    """The rows of one table among what is staged, in the workers' hands.

    Attributes:
        shares: where they lie.
        rows_of: makes rows of the table of what was read.
        without: files whose rows are left out.
    """

    spark: SparkSession
    folder: str
    table: Table
    shares: list[Share]
    rows_of: Transform
    without: frozenset[str]

    def frame(self) -> DataFrame:
        """The rows, handed to Spark."""
        take = self._take

        def read(shares: Sequence[Share]) -> Iterator[pa.RecordBatch]:
            for share in shares:
                yield from take(share).to_batches()

        return spread(self.spark, self.shares, read, self.table.schema)

    def write(self, location: str) -> list[DataFile]:
        """The workers write them to files in the table's folder, which nobody sees before they are committed."""
        take, table = self._take, self.table

        def write(shares: Sequence[Share]) -> Iterator[pa.RecordBatch]:
            for share in shares:
                rows = take(share)
                if rows.num_rows:
                    day = share.day.isoformat() if share.day else None
                    file = write_data_file(table, location, day, [rows])
                    yield from arrow_of([file], DATA_FILES).to_batches()

        return [DataFile(*row) for row in spread(self.spark, self.shares, write, DATA_FILES).collect()]

    @property
    def _take(self) -> Callable[[Share], pa.Table]:
        return partial(_take, self.folder, self.rows_of, self.without)


class Staged(NamedTuple):
    """What a batch of files held.

    Attributes:
        pieces: where it lies in `folder`.
    """

    spark: SparkSession
    folder: str
    pieces: list[Piece]

    def files(self) -> list[dict[str, Any]]:
        """The rows of kind file: what was found out about each."""
        return read_pieces(self.folder, self._of_kind("file")).to_pylist()

    def rows(self, kind: str, table: Table, rows_of: Transform, without: Collection[str]) -> StagedRows:
        """Rows of a table, of one kind of what was read; those of some files are left out."""
        return StagedRows(self.spark, self.folder, table, _shares(self._of_kind(kind)), rows_of, frozenset(without))

    def _of_kind(self, kind: str) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind == kind]


@contextmanager
def staged_files(
    spark: SparkSession, files: Sequence[DeliveredFile], source: Source, settings: LandingSettings, folder: str
) -> Iterator[Staged]:
    """What files hold, read once and kept below `folder` while it lasts.

    Args:
        folder: path or URI that all executors see; nobody else may write there. What is in it is deleted.
    """
    folder = spark_path(folder)
    file_system, path = open_folder(folder)
    delete_folder(folder)  # of a run that was killed
    file_system.create_dir(path)

    def stage(files: Sequence[DeliveredFile]) -> Iterator[pa.RecordBatch]:
        yield from arrow_of(_stage(read_each(files, source, settings), folder), _PIECES).to_batches()

    try:
        found = spread(spark, files, stage, _PIECES).collect()
        yield Staged(spark, folder, [Piece(*row) for row in found])
    finally:
        delete_folder(folder)


def by_kind_and_day(
    batches: Iterable[pa.RecordBatch], enough_bytes: int
) -> Iterator[tuple[str, date | None, pa.Table]]:
    """What was read, parted by kind and the day of events; what is held most of goes first once it is enough in all."""
    held: dict[tuple[str, date | None], list[pa.RecordBatch]] = {}
    sizes: Counter[tuple[str, date | None]] = Counter()
    for batch in batches:
        for day, part in _parts(batch):
            key = batch["kind"][0].as_py(), day
            held.setdefault(key, []).append(part)
            sizes[key] += part.nbytes
        while sizes.total() >= enough_bytes:
            [(key, _)] = sizes.most_common(1)
            del sizes[key]
            yield *key, pa.Table.from_batches(held.pop(key))
    for key, parts in held.items():
        yield *key, pa.Table.from_batches(parts)


def read_pieces(folder: str, pieces: Iterable[Piece]) -> pa.Table:
    """What was staged in some pieces, in their order."""
    file_system, path = open_folder(folder)
    batches = []
    for piece in pieces:
        with file_system.open_input_file(f"{path}/{piece.name}") as stream:
            batches.append(ipc.open_file(stream).get_batch(piece.number))
    return pa.Table.from_batches(batches, READ_SCHEMA)


def _stage(batches: Iterable[pa.RecordBatch], folder: str) -> list[Piece]:
    """Write what was read; each attempt at a task has a file of its own."""
    file_system, path = open_folder(folder)
    name = f"{uuid4().hex}.arrow"
    pieces: list[Piece] = []
    with (
        file_system.open_output_stream(f"{path}/{name}") as stream,
        ipc.new_file(stream, READ_SCHEMA, options=ipc.IpcWriteOptions(compression="lz4")) as writer,
    ):
        for kind, day, rows in by_kind_and_day(batches, _HELD_BYTES):
            [whole] = rows.combine_chunks().to_batches()
            writer.write_batch(whole)
            pieces.append(Piece(kind, day, name, len(pieces), whole.nbytes))
    return pieces


def _take(folder: str, rows_of: Transform, without: frozenset[str], share: Share) -> pa.Table:
    read = read_pieces(folder, share.pieces)
    if without:
        is_out = pc.is_in(read["file_id"], pa.array(sorted(without), pa.string()))
        read = read.filter(pc.invert(is_out))
    return rows_of(read)


def _parts(batch: pa.RecordBatch) -> Iterator[tuple[date | None, pa.RecordBatch]]:
    """A batch of one kind by the days of its events; of other kinds as it is."""
    if not batch.num_rows:
        return
    if batch["kind"][0].as_py() != "event":
        yield None, batch
        return
    days = days_of(batch["at"])
    if len(pc.unique(days)) == 1:
        yield days[0].as_py(), batch
        return
    order = pc.array_sort_indices(days)
    days, batch = days.take(order), batch.take(order)
    numbers = days.cast(pa.int32()).fill_null(np.iinfo(np.int32).min).to_numpy()
    begins = [0, *(np.flatnonzero(np.diff(numbers)) + 1), len(numbers)]
    for begin, end in pairwise(begins):
        yield days[begin].as_py(), batch.slice(begin, end - begin)


def _shares(pieces: Iterable[Piece]) -> list[Share]:
    """Pieces by day, as few data files of a day as may be, and those of about equal size."""
    by_day: dict[date | None, list[Piece]] = {}
    for piece in sorted(pieces, key=lambda piece: (piece.day or date.min, piece.name, piece.number)):
        by_day.setdefault(piece.day, []).append(piece)
    return [
        Share(day, tuple(share))
        for day, of_day in by_day.items()
        for share in in_shares(of_day, -(-sum(piece.size_bytes for piece in of_day) // _DATA_FILE_BYTES))
    ]
