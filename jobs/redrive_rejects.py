"""silver.rejected_events, landing -> bronze.events, silver: judge rejected records again after a fix.

A fix is a wider rule in the settings, or a mapping of the source that reads rejected records otherwise. What is
believed stays as it is; a change that would touch it is refused with the rebuild that it takes.
"""

import json
from datetime import date
from functools import partial

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import clean_events
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.events import read_events
from lakerec.bronze.files import FILES, DeliveredFile, Status
from lakerec.bronze.mapping import Source
from lakerec.bronze.rereading import PLACE, reread_rejected
from lakerec.config import Config, load_source
from lakerec.errors import LandingError, RebuildNeededError
from lakerec.increment import describe_reshaping, in_order, shape_of
from lakerec.lakehouse import Lakehouse
from lakerec.landing import list_files, read_files, rows_of_table
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS
from lakerec.silver.redrive import days_judged_otherwise, is_wider
from lakerec.silver.rejected_events import REJECTED_EVENTS

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Read and judge rejected records again; days without a new verdict are left alone, a rerun commits nothing."""
    lake = Lakehouse(spark, config.lake)
    with lake.writing(RAW_EVENTS.layer, EVENTS.layer):
        days = _days_judged_otherwise(lake, config)
        corrected = _correct_readings(lake, config)
        return {"records_corrected": corrected, **clean_events.bring_up_to_date(lake, config, judge_again=days)}


def _days_judged_otherwise(lake: Lakehouse, config: Config) -> list[date | None] | None:
    """Days on which the rules judge a rejected record otherwise than when silver was made; None: they are the same.

    Raises:
        RebuildNeededError: the rules may also judge believed records otherwise.
    """
    stored, wanted = lake.shape(EVENTS, RAW_EVENTS), shape_of(EVENTS, clean_events.shape(config))
    if stored in (None, wanted):
        return None
    if not is_wider(json.loads(stored), json.loads(wanted)):
        raise RebuildNeededError(describe_reshaping(EVENTS, stored, wanted))
    rejected = lake.read(REJECTED_EVENTS)
    days = [row.event_date for row in rejected.select("event_date").distinct().collect()]
    found = days_judged_otherwise(lake.read(RAW_EVENTS, days), rejected, config.events)
    return in_order(row.event_date for row in found.collect())


def _correct_readings(lake: Lakehouse, config: Config) -> int:
    """Read the files of rejected records again, and replace what the source's mapping reads otherwise; records.

    Raises:
        RebuildNeededError: it reads other records otherwise, too.
    """
    source = load_source(config.landing.source)
    files = _files_with_rejects(lake, source, config.landing.root)
    if not files:
        return 0
    read = read_files(lake.spark, files, source, config.landing).persist(StorageLevel.DISK_ONLY)
    is_same = F.col("file_id").isin(_as_first_read(lake, read, files))
    rows_of = partial(read_events, source=source, batch=0, ingested_at=lake.now)
    again = rows_of_table(read.where(is_same), RAW_EVENTS, rows_of)
    stored = lake.read(RAW_EVENTS).where(is_same)
    corrected, strayed = reread_rejected(stored, again, lake.read(REJECTED_EVENTS))
    try:
        if count := strayed.count():
            raise RebuildNeededError(
                f"{RAW_EVENTS.name}: source '{source.name}' now reads {count} records otherwise that are not rejected. "
                f"Run ingest_events with --rebuild bronze, or take that part of its mapping back."
            )
        return _replace(lake, stored, corrected.persist())
    finally:
        corrected.unpersist()
        read.unpersist()


def _replace(lake: Lakehouse, stored: DataFrame, corrected: DataFrame) -> int:
    """Write corrected records in place of what was stored of them, whole days at a time; how many there are."""
    was = stored.join(corrected, [*PLACE], how="left_semi").select("event_date")
    days = [row.event_date for row in was.union(corrected.select("event_date")).distinct().collect()]
    if not days:
        return 0
    count = corrected.count()  # before the write, after which Spark computes it from the new rows
    others = lake.read(RAW_EVENTS, days).join(corrected, [*PLACE], how="left_anti")
    lake.amend_days(RAW_EVENTS, days, others.unionByName(corrected))
    return count


def _files_with_rejects(lake: Lakehouse, source: Source, root: str) -> list[DeliveredFile]:
    """Files of the source that hold rejected records and are still there; the others are named."""
    ids = {row.file_id for row in lake.read(REJECTED_EVENTS).select("file_id").distinct().collect()}
    entries = lake.read(FILES).where((F.col("source") == source.name) & (F.col("status") == Status.READ)).collect()
    wanted = {row.file_id: row.path for row in entries if row.file_id in ids}
    delivered = [file for file in _delivered(root, source) if file.file_id in wanted] if wanted else []
    if gone := sorted(set(wanted.values()) - {file.path for file in delivered}):
        say(f"  not in {root} any more: {len(gone)} files with rejected records, the first {gone[0]}: judged as read")
    return delivered


def _delivered(root: str, source: Source) -> list[DeliveredFile]:
    """A landing folder that is gone holds nothing: rejected records can still be judged as they were read."""
    try:
        return list_files(root, source)
    except LandingError:
        return []


def _as_first_read(lake: Lakehouse, read: DataFrame, files: list[DeliveredFile]) -> list[str]:
    """Ids of the files whose content is what it was when they were first read; the others are named."""
    first: dict[str, str] = dict(lake.read(FILES).select("file_id", "content_hash").collect())
    now: dict[str, str] = dict(read.where("kind = 'file'").select("file_id", "content_hash").collect())
    for file in files:
        if now[file.file_id] != first[file.file_id]:
            say(f"  changed since it was read: {file.path}: its rejected records are judged as read")
    return [file.file_id for file in files if now[file.file_id] == first[file.file_id]]


if __name__ == "__main__":
    run(main)
