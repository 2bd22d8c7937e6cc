"""bronze.events, items -> silver.sessions, events, items, rejected_events, rejected_items: believe and deduplicate."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import SparkSession

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.config import Config
from lakerec.lakehouse import Lakehouse
from lakerec.runner import run
from lakerec.silver.events import EVENTS, believe_events, clean_events, keep_first
from lakerec.silver.items import ITEMS, believe_items, items_of_events, latest_items
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.rejected_items import REJECTED_ITEMS
from lakerec.silver.sessions import SESSIONS, days_to_relink, summarise_sessions

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring silver up to date with bronze; a rerun with nothing new commits nothing."""
    lake = Lakehouse(spark, config.lake)
    with lake.writing(EVENTS.layer):
        return {**_clean_events(lake, config), **_collect_items(lake, config)}


def _clean_events(lake: Lakehouse, config: Config) -> dict[str, int]:
    """Sessions first: the events of a day need those of the days after it.

    The events' increment is taken first, so that whatever arrives in between is in the sessions at least, and comes to
    the events with the next run.
    """
    shape = {"events": config.events.model_dump(mode="json"), "session": config.session.model_dump(mode="json")}
    increment = lake.increment(RAW_EVENTS, EVENTS, shape)
    _summarise_sessions(lake, config, shape)
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "rows_rejected", "rows_duplicate", "days"), 0)
    max_days = config.session.max_days
    days = _touched_days(lake, increment.days, max_days)
    records = lake.read(RAW_EVENTS, days)
    cleaned = clean_events(records, lake.read(SESSIONS, _with_following(days, max_days)), config.events, max_days)
    rows = lake.replace_days(increment, {EVENTS: cleaned.believed, REJECTED_EVENTS: cleaned.rejected}, days)
    return _account(records.count(), rows[EVENTS.name], rows[REJECTED_EVENTS.name], len(days))


def _summarise_sessions(lake: Lakehouse, config: Config, shape: dict[str, dict[str, object]]) -> None:
    increment = lake.increment(RAW_EVENTS, SESSIONS, shape)
    if increment.is_needed:
        believed = believe_events(lake.read(RAW_EVENTS, increment.days), config.events).believed
        lake.replace_days(increment, {SESSIONS: summarise_sessions(keep_first(believed), config.session)})


def _touched_days(lake: Lakehouse, changed: Sequence[date | None], max_days: int) -> list[date | None]:
    """The changed days, and the days before them whose events a sign-in of a changed day may name."""
    dated = [day for day in changed if day is not None]
    earlier = {day - timedelta(days=n) for day in dated for n in range(1, max_days + 1)} - set(dated)
    if not earlier:
        return list(changed)
    found = days_to_relink(lake.read(SESSIONS, earlier), lake.read(RAW_EVENTS, dated), max_days)
    return [*changed, *sorted(row.event_date for row in found.collect())]


def _with_following(days: Sequence[date | None], max_days: int) -> set[date | None]:
    return {day + timedelta(days=n) for day in days if day is not None for n in range(max_days + 1)}


def _account(rows_in: int, believed: int, rejected: int, days: int) -> dict[str, int]:
    return {
        "rows_in": rows_in,
        "rows_out": believed,
        "rows_rejected": rejected,
        "rows_duplicate": rows_in - believed - rejected,
        "days": days,
    }


def _collect_items(lake: Lakehouse, config: Config) -> dict[str, int]:
    """Add what is new of the catalogue and of the events to the items known so far, or start over on a rebuild."""
    of_catalogue = lake.increment(RAW_ITEMS, ITEMS, config.events)
    of_events = lake.increment(RAW_EVENTS, ITEMS, config.events)
    if not (of_catalogue.is_needed or of_events.is_needed):
        return {"items": 0, "items_rejected": 0}
    catalogue = believe_items(lake.read(RAW_ITEMS))
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


if __name__ == "__main__":
    run(main)
