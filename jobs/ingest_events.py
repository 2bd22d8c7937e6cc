"""landing -> bronze.files, bronze.events, bronze.items, bronze.malformed_lines: take delivered files, each once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS, read_events
from lakerec.bronze.files import (
    FILES,
    DeliveredFile,
    FileEntry,
    Status,
    changed_since_read,
    describe_file,
    files_to_read,
    judge_files,
    ledger_of,
    split_into_batches,
    unfinished_files,
)
from lakerec.bronze.items import ITEMS, read_items
from lakerec.bronze.malformed_lines import MALFORMED_LINES, read_malformed_lines
from lakerec.bronze.mapping import Source
from lakerec.config import Config, load_source
from lakerec.errors import LandingError
from lakerec.follow import is_stopping
from lakerec.lag import describe_lag
from lakerec.lakehouse import Lakehouse
from lakerec.landing import LandingSettings, list_files
from lakerec.preview import preview_file
from lakerec.runner import run, say
from lakerec.staging import Staged, staged_files

GROUP = "platform team"

STAGING = "_staging"

Ledger = dict[str, FileEntry]


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring bronze up to date with the landing folder; a rerun with nothing new commits nothing."""
    lake = Lakehouse(spark, config.lake)
    source = load_source(config.landing.source)
    delivered = list_files(config.landing.root, source)
    judged: list[FileEntry] = []
    with lake.writing("bronze"):
        ledger = ledger_of(lake.rows(FILES))
        if "bronze" in config.lake.rebuild:
            _start_anew(lake, source, ledger, delivered)
        _write_ledger(lake, ledger, changed_since_read(delivered, ledger))
        for files in _batches(delivered, ledger, source, config):
            judged += _ingest_batch(lake, source, config.landing, ledger, files)
            if is_stopping():
                break
    known = [ledger[file.file_id] for file in delivered if file.file_id in ledger]
    held = [entry for entry in known if entry.status == Status.HELD]
    for entry in held:
        say(f"  held back: {entry.path}: {entry.reason}")
    return _counts(judged, held)


def _batches(
    delivered: Sequence[DeliveredFile], ledger: Ledger, source: Source, config: Config
) -> Iterator[list[DeliveredFile]]:
    """What a crashed run left unfinished, exactly as it was, and then what is new."""
    if unfinished := unfinished_files(ledger, source.name):
        yield unfinished
    wanted = files_to_read(delivered, ledger)
    limits = config.landing
    yield from split_into_batches(wanted, max_files=limits.max_files_per_batch, max_bytes=limits.max_bytes_per_batch)


def _ingest_batch(
    lake: Lakehouse, source: Source, landing: LandingSettings, ledger: Ledger, files: Sequence[DeliveredFile]
) -> list[FileEntry]:
    """Read files once, make the batch durable, write its rows, close it. A retry drops what is written already."""
    batch = _batch_number(lake, ledger, files)
    with staged_files(lake.spark, files, source, landing, f"{lake.root}/{STAGING}") as staged:
        judged = judge_files(_found_entries(lake, staged, source, batch, files), ledger)
        pending = [replace(entry, status=Status.PENDING) for entry in judged if entry.status == Status.READ]
        _write_ledger(lake, ledger, pending)
        _append_rows(lake, source, batch, staged, judged)
        _write_ledger(lake, ledger, judged)
    return judged


def _batch_number(lake: Lakehouse, ledger: Ledger, files: Sequence[DeliveredFile]) -> int:
    """The batch that is to be finished, else the ledger's next version: it only ever grows, rebuilds included."""
    known = ledger.get(files[0].file_id)
    if known and known.status == Status.PENDING and known.batch is not None:
        return known.batch
    return lake.version(FILES) + 1


def _found_entries(
    lake: Lakehouse, staged: Staged, source: Source, batch: int, files: Sequence[DeliveredFile]
) -> list[FileEntry]:
    found = {row["file_id"]: row for row in staged.files()}
    return [
        describe_file(file, found[file.file_id], source=source.name, batch=batch, ingested_at=lake.now)
        for file in files
    ]


def _append_rows(lake: Lakehouse, source: Source, batch: int, staged: Staged, judged: Iterable[FileEntry]) -> None:
    """Write the rows of files that are taken; tables that get none are left alone."""
    taken = [entry for entry in judged if entry.status == Status.READ]
    left_out = [entry.file_id for entry in judged if entry.status != Status.READ]
    wanted = {
        EVENTS: ("event", read_events, any(entry.accepted_record_count for entry in taken if entry.kind == "event")),
        ITEMS: ("item", read_items, any(entry.accepted_record_count for entry in taken if entry.kind == "item")),
        MALFORMED_LINES: ("malformed", read_malformed_lines, any(entry.malformed_record_count for entry in taken)),
    }
    for table, (kind, read, is_any) in wanted.items():
        if is_any:
            rows_of = partial(read, source=source, batch=batch, ingested_at=lake.now)
            rows = staged.rows(kind, table, rows_of, left_out)
            lake.append(table, rows, transaction=(f"{table.name}/{source.name}", batch))


def _start_anew(lake: Lakehouse, source: Source, ledger: Ledger, delivered: Iterable[DeliveredFile]) -> None:
    """Forget all of a source, so that its files are read again.

    The ledger goes first: a crash in between leaves rows that are read twice, which silver tells apart, and none lost.
    """
    known = {entry.file_id: entry for entry in ledger.values() if entry.source == source.name}
    present = {file.file_id for file in delivered}
    if gone := sorted(entry.path for entry in known.values() if entry.has_rows and entry.file_id not in present):
        raise LandingError(
            f"landing.root: --rebuild bronze needs every file of source '{source.name}' again, but {len(gone)} are "
            f"gone, the first '{gone[0]}'. Bring them back, or rebuild silver, which needs none."
        )
    for file_id in known:
        del ledger[file_id]
    for table in (FILES, EVENTS, ITEMS, MALFORMED_LINES):
        if lake.exists(table):
            lake.overwrite(table, lake.read(table).where(F.col("source") != source.name))


def _write_ledger(lake: Lakehouse, ledger: Ledger, entries: Iterable[FileEntry]) -> None:
    """Set entries, and write the ledger whole; nothing where all are as they were."""
    changed = {entry.file_id: entry for entry in entries if ledger.get(entry.file_id) != entry}
    if changed:
        ledger.update(changed)
        lake.overwrite(FILES, [entry.as_row() for entry in ledger.values()])


def _counts(judged: Iterable[FileEntry], held: Sequence[FileEntry]) -> dict[str, int]:
    """What this run took in; held files are those in the landing folder now, whenever they were held back."""
    counts = Counter(held_files=len(held))
    for entry in judged:
        records = (entry.accepted_record_count or 0) + (entry.malformed_record_count or 0)
        is_read, is_duplicate = entry.status == Status.READ, entry.status == Status.DUPLICATE
        counts["files"] += is_read
        counts["duplicate_files"] += is_duplicate
        counts["rows_duplicate"] += records if is_duplicate else 0
        counts["rows_in"] += (entry.line_count or 0) if is_read else 0
        counts["rows_out"] += (entry.accepted_record_count or 0) if is_read else 0
        counts["rows_rejected"] += (entry.malformed_record_count or 0) if is_read else 0
    names = ("files", "duplicate_files", "held_files", "rows_in", "rows_out", "rows_rejected", "rows_duplicate")
    return {name: counts[name] for name in names}


if __name__ == "__main__":
    run(main, check=preview_file, news=describe_lag)
