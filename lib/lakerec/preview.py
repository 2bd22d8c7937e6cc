"""What would become of one file: its mapping, its first records typed, and what would be rejected and why."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.events import read_events
from lakerec.bronze.files import COUNTS, DeliveredFile
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.items import read_items
from lakerec.bronze.mapping import Source
from lakerec.config import Config, load_source
from lakerec.landing import kind_of, read_files, rows_of_table
from lakerec.quality import Belief
from lakerec.silver.events import EVENTS, SENT, believe_events
from lakerec.silver.items import ITEMS, believe_items

SHOWN_RECORDS = 5
SHOWN_BYTES = 80
SHOWN_COLUMNS = {
    "event": ("event_id", "item_id", "action", *SENT),
    "item": ("item_id", "changed_at_sent", "price_sent", "is_available_sent"),
}


def preview_file(spark: SparkSession, config: Config, file: Path, now: datetime) -> str:
    """What `landing.source` makes of a file; see `preview_source`."""
    return preview_source(spark, load_source(config.landing.source), config, file, now)


def preview_source(spark: SparkSession, source: Source, config: Config, file: Path, now: datetime) -> str:
    """Read a file as an intake would, and judge its records as silver would; nothing is written.

    Args:
        file: it may lie anywhere; what its records are follows from the longest end of its path that a pattern names.
        now: what counts as the time of reading.
    """
    kind = _kind(file, config.landing.root, source)
    delivered = DeliveredFile("preview", file.name, kind or "event", file.stat().st_size)
    settings = config.landing.model_copy(update={"root": str(file.absolute().parent)})
    read = read_files(spark, [delivered], source, settings).persist(StorageLevel.DISK_ONLY)
    try:
        return "\n".join(_lines(read, delivered, source, config, now, is_named=kind is not None))
    finally:
        read.unpersist()


def _kind(file: Path, root: str, source: Source) -> str | None:
    """What the records of a file are: by its path below the landing folder, else by an end of its path."""
    absolute = file.absolute()
    if absolute.is_relative_to(Path(root).absolute()):
        return kind_of(str(absolute.relative_to(Path(root).absolute())), source)
    ends = ["/".join(absolute.parts[start:]) for start in range(1, len(absolute.parts))]
    return next((kind for end in ends if (kind := kind_of(end, source))), None)


def _lines(
    read: DataFrame, file: DeliveredFile, source: Source, config: Config, now: datetime, *, is_named: bool
) -> Iterator[str]:
    layout = source.format_of(file.kind).model_dump(exclude_defaults=True)
    said = ", ".join(f"{name} {value!r}" for name, value in layout.items())
    yield f"{file.path} as source '{source.name}': {file.kind}s; {said}"
    if not is_named:
        yield "  no pattern of the source's files names it: an intake would pass it over"
    [found] = read.where("kind = 'file'").select("reason", *COUNTS).collect()
    if found.reason:
        yield f"  it would be held back: {found.reason}"
        return
    yield from _counts(found)
    yield from _mapping(read, file.kind, source)
    yield from _malformed(read)
    stated: dict[str, Any] = {"source": source, "batch": 0, "ingested_at": now}
    if file.kind == "event":
        events = rows_of_table(read, RAW_EVENTS, partial(read_events, **stated))
        yield from _belief(believe_events(events, config.events), EVENTS.names, "event")
    else:
        items = rows_of_table(read, RAW_ITEMS, partial(read_items, **stated))
        yield from _belief(believe_items(items, config.events.max_id_bytes), ITEMS.names, "item")
    yield "nothing was written"


def _counts(found: Row) -> Iterator[str]:
    parts = ("header", "blank", "malformed_line", "accepted_line")
    shown = " + ".join(f"{found[f'{part}_count']:,} {part.removesuffix('_line')}" for part in parts)
    yield f"  {found.line_count:,} lines = {shown}"
    yield f"  {found.accepted_record_count:,} records accepted, {found.malformed_record_count:,} malformed"
    if found.duplicate_key_count:
        yield f"  {found.duplicate_key_count:,} lines name a field twice: the last counts"


def _mapping(read: DataFrame, kind: str, source: Source) -> Iterator[str]:
    mapping = source.mapping(kind)
    said = {ours: f"their {theirs}" for ours, theirs in mapping.fields.items()}
    said |= {ours: f"always '{value}'" for ours, value in mapping.constants.items()}
    if mapping is source.events:
        if source.events.identity:
            said["event_id"] = f"made of {', '.join(source.events.identity.fields)} and their how-manieth occurrence"
        rule = source.events.action.model_dump(exclude_defaults=True)
        if rule:
            said["action"] = ", ".join([*([said["action"]] if "action" in said else []), f"by {rule}"])
    yield "mapping"
    yield from (f"  {ours:<14} {theirs}" for ours, theirs in said.items())
    keys = read.select(F.explode(F.expr("json_object_keys(rescued)")).alias("field")).groupBy("field").count()
    for row in keys.orderBy(F.desc("count"), "field").limit(20).collect():
        yield f"  {'rescued':<14} their {row.field} ({row['count']:,} records)"


def _malformed(read: DataFrame) -> Iterator[str]:
    first = F.min(F.struct("line_number", "record_number", "raw")).alias("first")
    bad = read.where("kind = 'malformed'").groupBy("reason").agg(F.count("*").alias("records"), first)
    for row in bad.orderBy(F.desc("records"), "reason").collect():
        yield f"malformed: {row.records:,} {row.reason}; the first on line {row.first.line_number}:"
        yield f"  {bytes(row.first.raw)[:SHOWN_BYTES]!r}"


def _belief(belief: Belief, names: list[str], kind: str) -> Iterator[str]:
    place = ("line_number", "record_number")
    yield "first records, typed"
    left_out = {*place, "source", "event_date", "file_id", "ingested_at"}
    typed = [name for name in names if name in belief.believed.columns and name not in left_out]
    for row in belief.believed.orderBy(*place).select(*place, *typed).limit(SHOWN_RECORDS).collect():
        values = ", ".join(f"{name} {row[name]}" for name in typed if row[name] is not None)
        yield f"  line {row.line_number}: {values}"
    first = F.min(F.struct(*place, F.to_json(F.struct(*SHOWN_COLUMNS[kind])).alias("sent"))).alias("first")
    failed = belief.rejected.withColumn("reason", F.explode("reasons")).groupBy("reason")
    rows = failed.agg(F.count("*").alias("records"), first).orderBy(F.desc("records"), "reason").collect()
    yield f"rejected: {belief.rejected.count():,} of {belief.rejected.count() + belief.believed.count():,} records"
    for row in rows:
        yield f"  {row.records:,} not '{row.reason}'; the first on line {row.first.line_number}: {row.first.sent}"
