"""bronze.events, items -> silver.sessions, events, items, rejected_events, rejected_items: believe and deduplicate.

What a producer changed in the shape of its records is noted in operations.schema_changes, and said.
"""

from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import SparkSession

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.config import Config
from lakerec.increment import Days, days_condition
from lakerec.lakehouse import Lakehouse
from lakerec.operations.schema_changes import SCHEMA_CHANGES, SchemaChange, find_changes
from lakerec.operations.schema_fields import SCHEMA_FIELDS, FieldOfDay, fit_fields
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS, believe_events, clean_events, keep_first
from lakerec.silver.gap_sessions import REACH_DAYS, days_to_rejoin, make_sessions, may_lack_sessions
from lakerec.silver.items import ITEMS, believe_items, items_of_events, latest_items
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.rejected_items import REJECTED_ITEMS
from lakerec.silver.sessions import SESSIONS, SessionSettings, days_to_relink, summarise_sessions

GROUP = "platform team"
DAY = timedelta(days=1)


class Span(NamedTuple):
    """Which days are replaced, which are read for it, and how their sessions are made."""

    days: list[date | None]
    read: set[date | None]
    session: SessionSettings


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring silver up to date with bronze; a rerun with nothing new commits nothing."""
    return bring_up_to_date(Lakehouse(spark, config.lake), config)


def bring_up_to_date(lake: Lakehouse, config: Config, judge_again: Days | None = None) -> dict[str, int]:
    """As `main`.

    Args:
        judge_again: days to compute although bronze did not change them, under rules that may be others by now; what
            those rules say of all other days has to be what is stored.
    """
    with lake.writing(EVENTS.layer):
        cleaned = _clean_events(lake, config, judge_again)
        return {**cleaned, **_collect_items(lake, config, judge_again), "schema_changes": _note_fields(lake)}


def shape(config: Config) -> dict[str, object]:
    """The settings that shape silver's events and sessions."""
    return {"events": config.events.model_dump(mode="json"), "session": config.session.model_dump(mode="json")}


def _clean_events(lake: Lakehouse, config: Config, judge_again: Days | None) -> dict[str, int]:
    """Sessions first: the events of a day need those of the days after it.

    The events' increment is taken first, so that whatever arrives in between is in the sessions at least, and comes to
    the events with the next run.
    """
    increment = lake.increment(RAW_EVENTS, EVENTS, shape(config), judge_again)
    _summarise_sessions(lake, config, judge_again)
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "rows_rejected", "rows_duplicate", "days"), 0)
    span = _span(lake, _relinked_days(lake, increment.days, config.session.max_days), config.session)
    sessions = lake.read(SESSIONS, _with_following(span.days, config.session.max_days))
    cleaned = clean_events(lake.read(RAW_EVENTS, span.read), sessions, config.events, span.session)
    wanted = days_condition(span.days)
    frames = {EVENTS: cleaned.believed.where(wanted), REJECTED_EVENTS: cleaned.rejected.where(wanted)}
    rows = lake.replace_days(increment, frames, span.days)
    rows_in = lake.read(RAW_EVENTS, span.days).count()
    return _account(rows_in, rows[EVENTS.name], rows[REJECTED_EVENTS.name], len(span.days))


def _summarise_sessions(lake: Lakehouse, config: Config, judge_again: Days | None) -> None:
    increment = lake.increment(RAW_EVENTS, SESSIONS, shape(config), judge_again)
    if increment.is_needed:
        span = _span(lake, increment.days, config.session)
        believed = keep_first(believe_events(lake.read(RAW_EVENTS, span.read), config.events).believed)
        sessions = summarise_sessions(make_sessions(believed, span.session.gap_minutes), span.session)
        lake.replace_days(increment, {SESSIONS: sessions.where(days_condition(span.days))}, span.days)


def _relinked_days(lake: Lakehouse, changed: Days, max_days: int) -> list[date | None]:
    """The changed days, and the days before them whose events a sign-in of a changed day may name."""
    dated = [day for day in changed if day is not None]
    earlier = {day - n * DAY for day in dated for n in range(1, max_days + 1)} - set(dated)
    if not earlier:
        return list(changed)
    found = days_to_relink(lake.read(SESSIONS, earlier), lake.read(RAW_EVENTS, dated), max_days)
    return [*changed, *sorted(row.event_date for row in found.collect())]


def _span(lake: Lakehouse, changed: Days, session: SessionSettings) -> Span:
    """The changed days, and those after them into which a made session goes on; each is read with the day before it.

    Where no record lacks a session, none is made, and the changed days are all there is to read.
    """
    records = lake.read(RAW_EVENTS, changed)
    if not session.gap_minutes or records.where(may_lack_sessions()).isEmpty():
        return Span(list(changed), set(changed), session.model_copy(update={"gap_minutes": 0}))
    dated = {day for day in changed if day is not None}
    mornings = lake.read(SESSIONS, {day + REACH_DAYS * DAY for day in dated} - dated)
    found = days_to_rejoin(mornings, records, session.gap_minutes).collect()
    days = [*changed, *sorted(row.event_date for row in found)]
    eves = {day - REACH_DAYS * DAY for day in days if day is not None}
    return Span(days, {*days, *eves}, session)


def _with_following(days: Days, max_days: int) -> set[date | None]:
    return {day + n * DAY for day in days if day is not None for n in range(max_days + 1)}


def _account(rows_in: int, believed: int, rejected: int, days: int) -> dict[str, int]:
    return {
        "rows_in": rows_in,
        "rows_out": believed,
        "rows_rejected": rejected,
        "rows_duplicate": rows_in - believed - rejected,
        "days": days,
    }


def _collect_items(lake: Lakehouse, config: Config, judge_again: Days | None) -> dict[str, int]:
    """Add what is new of the catalogue and of the events to the items known so far, or start over on a rebuild."""
    of_catalogue = lake.increment(RAW_ITEMS, ITEMS, config.events)
    of_events = lake.increment(RAW_EVENTS, ITEMS, config.events, judge_again)
    if not (of_catalogue.is_needed or of_events.is_needed):
        return {"items": 0, "items_rejected": 0}
    catalogue = believe_items(lake.read(RAW_ITEMS), config.events.max_id_bytes)
    acted_on = believe_events(lake.read(RAW_EVENTS, of_events.days), config.events).believed
    facts = catalogue.believed.select(ITEMS.names).union(items_of_events(acted_on).select(ITEMS.names))
    if not (of_catalogue.is_rebuild or of_events.is_rebuild):
        facts = facts.union(lake.read(ITEMS))
    frames = {
        ITEMS: latest_items(facts),
        REJECTED_ITEMS: catalogue.rejected.select(REJECTED_ITEMS.names),
    }
    rows = lake.replace([of_catalogue, of_events], frames)
    return {"items": rows[ITEMS.name], "items_rejected": rows[REJECTED_ITEMS.name]}


def _note_fields(lake: Lakehouse) -> int:
    """Note the fields of the changed days' records, and what changed in them since earlier days; how many are new."""
    increment = lake.increment(RAW_EVENTS, SCHEMA_FIELDS, {})
    if not increment.is_needed:
        return 0
    noted = [FieldOfDay(*row) for row in lake.read(SCHEMA_FIELDS).collect()]
    told = {SchemaChange(*row) for row in lake.read(SCHEMA_CHANGES).collect()}
    others = [row for row in noted if row.event_date not in {None, *increment.days}]
    fields = [*others, *fit_fields(lake.read(RAW_EVENTS, increment.days))]
    changes = find_changes(fields)
    if set(changes) != told or not lake.exists(SCHEMA_CHANGES):
        lake.overwrite(SCHEMA_CHANGES, lake.spark.createDataFrame(changes, SCHEMA_CHANGES.schema))
    lake.replace([increment], {SCHEMA_FIELDS: lake.spark.createDataFrame(fields, SCHEMA_FIELDS.schema)})
    known = {change.identity for change in told}
    news = [change for change in changes if change.identity not in known]
    for change in news:
        say(f"  {change.sentence()}")
    return len(news)


if __name__ == "__main__":
    run(main)
