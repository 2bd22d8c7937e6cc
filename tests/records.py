"""Records of the bronze tables, written out by hand for tests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.record_shapes import COUNTED, TOLD_BY, count_shapes, sum_by_shape
from lakerec.contract import Table
from lakerec.quality import Belief
from lakerec.silver.events import EventSettings, believe_once, judge_events, number_records
from lakerec.small_tables import frame_of

READ_AT = datetime(2026, 6, 1, tzinfo=UTC)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A time on the given day of March 2026, UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def on(day: int) -> date:
    """The given day of March 2026."""
    return date(2026, 3, day)


def a_record(event_id: str | None, moment: datetime | None = None, **sent: Any) -> dict[str, Any]:
    """A record of bronze.events that everyone would believe: a view of a lamp; `sent` says what differs."""
    moment = moment or at(1)
    believable = {
        "source": "shop",
        "id_namespace": "",
        "file_id": "f1",
        "line_number": 1,
        "record_number": 1,
        "batch": 1,
        "raw": f"{event_id} {moment} {sorted(sent.items(), key=str)}".encode(),
        "event_at": moment,
        "event_id": event_id,
        "item_id": "lamp",
        "action": "view",
        "occurred_at": moment.isoformat(),
        "ingested_at": READ_AT,
    }
    record = {**believable, **sent}
    return record | {"event_date": record["event_at"] and record["event_at"].date()}


def a_catalogue_record(item_id: str | None, item_at: datetime | None, **sent: Any) -> dict[str, Any]:
    """A record of bronze.items."""
    believable = {
        "source": "shop",
        "id_namespace": "",
        "file_id": "c1",
        "line_number": 1,
        "record_number": 1,
        "batch": 1,
        "item_id": item_id,
        "item_at": item_at,
        "changed_at": str(item_at),
        "ingested_at": READ_AT,
    }
    return believable | sent


def raw_events(spark: SparkSession, records: Sequence[dict[str, Any]]) -> DataFrame:
    """A frame of bronze.events; each record on a line of its own, in the order given."""
    return rows_of(spark, RAW_EVENTS, [{**record, "line_number": n} for n, record in enumerate(records, start=1)])


def shapes_of(spark: SparkSession, records: Sequence[dict[str, Any]]) -> DataFrame:
    """What noting their fields makes of records as `raw_events` has them."""
    return sum_by_shape(raw_events(spark, records).select(*TOLD_BY).mapInArrow(count_shapes, COUNTED))


def raw_items(spark: SparkSession, records: Sequence[dict[str, Any]]) -> DataFrame:
    """A frame of bronze.items; each record on a line of its own."""
    return rows_of(spark, RAW_ITEMS, [{**record, "line_number": n} for n, record in enumerate(records, start=1)])


def rows_of(spark: SparkSession, table: Table, rows: Sequence[dict[str, Any]]) -> DataFrame:
    """A frame of any table; columns that a row leaves out are null, whatever the table promises."""
    unknown = sorted({name for row in rows for name in row} - set(table.names))
    assert not unknown, f"{table.name} has no columns {unknown}"
    nullable = T.StructType([T.StructField(column.name, column.type) for column in table.columns])
    return frame_of(spark, [[row.get(name) for name in table.names] for row in rows], nullable)


def each_once(records: DataFrame, settings: EventSettings) -> Belief:
    """Records of bronze.events, typed: those believed, each once, and those rejected."""
    return believe_once(number_records(judge_events(records, settings)), unkept)


def unkept(frame: DataFrame) -> DataFrame:
    """In the place of `lakerec.kept.kept_frames`: whatever is read twice is computed twice."""
    return frame
