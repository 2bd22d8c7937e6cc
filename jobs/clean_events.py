"""bronze.events, items -> silver.sessions, events, items, rejected_events, rejected_items: believe and deduplicate.

What a producer changed in the shape of its records is noted in operations.schema_changes, and said.
"""

from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.record_shapes import COUNTED, TOLD_BY, count_shapes, sum_by_shape
from lakerec.config import Config
from lakerec.increment import Days, Increment, days_condition, in_order
from lakerec.kept import Keep, kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.operations.schema_changes import SCHEMA_CHANGES, SchemaChange, find_changes
from lakerec.operations.schema_fields import SCHEMA_FIELDS, FieldOfDay, fit_fields
from lakerec.quality import Belief, split_judged
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS, believe_once, clean_events, judge_events, number_records
from lakerec.silver.gap_sessions import REACH_DAYS, days_to_rejoin, make_sessions, may_lack_sessions
from lakerec.silver.items import ITEMS, believe_items, items_of_events, latest_items
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.rejected_items import REJECTED_ITEMS
from lakerec.silver.sessions import SESSIONS, SessionSettings, days_to_relink, summarise_sessions

GROUP = "platform team"
DAY = timedelta(days=1)
COUNTS = ("rows_in", "rows_out", "rows_rejected", "rows_duplicate", "days")
ITEM_COUNTS = ("items", "items_rejected")


class News(NamedTuple):
    """What silver has to catch up on in bronze.

    Attributes:
        events, sessions, items: of the tables that follow the same records; the same days, unless a run was cut short.
        catalogue: what the items follow beside them.
        changed: the days of any of them.
        session: how sessions are made; `gap_minutes` is 0 where no record of the changed days lacks one.
        rejoined: days after the changed ones into which a made session goes on.
        relinked: days before the changed ones whose events a sign-in of a new record may name.
    """

    events: Increment
    sessions: Increment
    items: Increment
    catalogue: Increment
    changed: list[date | None]
    session: SessionSettings
    rejoined: list[date | None]
    relinked: list[date | None]

    @property
    def is_any(self) -> bool:
        """Whether any table is behind."""
        return any(each.is_needed for each in (self.events, self.sessions, self.items, self.catalogue))

    @property
    def days(self) -> list[date | None]:
        """Days whose events are replaced."""
        return in_order({*self.changed, *self.rejoined, *self.relinked})

    @property
    def read(self) -> set[date | None]:
        """Days whose records are read: where sessions are made, each with the day before it."""
        reach = REACH_DAYS if self.session.gap_minutes else 0
        return {*self.days} | {day - reach * DAY for day in self.days if day is not None}


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
        news = _what_is_new(lake, config, judge_again)
        cleaned = _catch_up(lake, config, news) if news.is_any else dict.fromkeys((*COUNTS, *ITEM_COUNTS), 0)
        return {**cleaned, "schema_changes": _note_fields(lake)}


def shape(config: Config) -> dict[str, object]:
    """The settings that shape silver's events and sessions."""
    return config.sections("events", "session")


def _what_is_new(lake: Lakehouse, config: Config, judge_again: Days | None) -> News:
    """The events' increment is taken first, so that whatever arrives meanwhile comes to them with the next run."""
    events, sessions = (lake.increment(RAW_EVENTS, each, shape(config), judge_again) for each in (EVENTS, SESSIONS))
    items = lake.increment(RAW_EVENTS, ITEMS, config.events, judge_again)
    catalogue = lake.increment(RAW_ITEMS, ITEMS, config.events)
    changed = in_order({*events.days, *sessions.days, *items.days})
    session, rejoined = _rejoined_days(lake, changed, config.session)
    relinked = _relinked_days(lake, events, session.max_days)
    return News(events, sessions, items, catalogue, changed, session, rejoined, relinked)


def _catch_up(lake: Lakehouse, config: Config, news: News) -> dict[str, int]:
    """Records are judged once for all tables. Sessions come first: events need those of the days after theirs."""
    with kept_frames(lake.root) as keep:
        judged = keep(number_records(judge_events(lake.read(RAW_EVENTS, news.read), config.events)))
        belief = believe_once(judged, keep)
        _summarise_sessions(lake, news, belief.believed)
        cleaned = _clean_events(lake, news, belief, judged, keep)
        return {**cleaned, **_collect_items(lake, config, news, judged)}


def _rejoined_days(
    lake: Lakehouse, changed: Days, session: SessionSettings
) -> tuple[SessionSettings, list[date | None]]:
    """How sessions are made, and the days after the changed ones into which one goes on."""
    without = session.model_copy(update={"gap_minutes": 0})
    if not (changed and session.gap_minutes):
        return without, []
    records = lake.read(RAW_EVENTS, changed)
    if records.where(may_lack_sessions()).isEmpty():
        return without, []
    dated = {day for day in changed if day is not None}
    mornings = lake.read(SESSIONS, {day + REACH_DAYS * DAY for day in dated} - dated)
    found = days_to_rejoin(mornings, records, session.gap_minutes).collect()
    return session, sorted(row.event_date for row in found)


def _relinked_days(lake: Lakehouse, increment: Increment, max_days: int) -> list[date | None]:
    dated = {day for day in increment.days if day is not None}
    earlier = {day - n * DAY for day in dated for n in range(1, max_days + 1)} - dated
    if not earlier or increment.is_rebuild or not lake.exists(SESSIONS):
        return []
    records, new = lake.read(RAW_EVENTS, dated), lake.read_new(increment)
    found = days_to_relink(lake.read(SESSIONS, earlier), records, new, max_days)
    return sorted(row.event_date for row in found.collect())


def _summarise_sessions(lake: Lakehouse, news: News, believed: DataFrame) -> None:
    if news.sessions.is_needed:
        days = [*news.changed, *news.rejoined]
        events = make_sessions(believed, news.session.gap_minutes)
        sessions = summarise_sessions(events, news.session)
        lake.replace_days(news.sessions, {SESSIONS: sessions.where(days_condition(days))}, days)


def _clean_events(lake: Lakehouse, news: News, belief: Belief, judged: DataFrame, keep: Keep) -> dict[str, int]:
    if not news.events.is_needed:
        return dict.fromkeys(COUNTS, 0)
    wanted, reach = days_condition(news.days), range(news.session.max_days + 1)
    sessions = lake.read(SESSIONS, {day + n * DAY for day in news.days if day is not None for n in reach})
    cleaned = clean_events(belief, sessions, news.session, keep)
    frames = {EVENTS: cleaned.believed.where(wanted), REJECTED_EVENTS: cleaned.rejected.where(wanted)}
    rows = lake.replace_days(news.events, frames, news.days)
    rows_in, believed, rejected = judged.where(wanted).count(), rows[EVENTS.name], rows[REJECTED_EVENTS.name]
    counts = (rows_in, believed, rejected, rows_in - believed - rejected, len(news.days))
    return dict(zip(COUNTS, counts, strict=True))


def _collect_items(lake: Lakehouse, config: Config, news: News, judged: DataFrame) -> dict[str, int]:
    """Add what is new of the catalogue and of the events to the items known so far, or start over on a rebuild."""
    if not (news.catalogue.is_needed or news.items.is_needed):
        return dict.fromkeys(ITEM_COUNTS, 0)
    is_rebuild = news.catalogue.is_rebuild or news.items.is_rebuild
    catalogue = believe_items(lake.read(RAW_ITEMS), config.events.max_id_bytes)
    acted_on = split_judged(judged.where(days_condition(news.items.days))).believed
    facts = catalogue.believed.select(ITEMS.names).union(items_of_events(acted_on).select(ITEMS.names))
    if not is_rebuild:
        facts = facts.union(lake.read(ITEMS))
    frames = {ITEMS: latest_items(facts)}
    if news.catalogue.is_needed or is_rebuild or not lake.exists(REJECTED_ITEMS):
        frames[REJECTED_ITEMS] = catalogue.rejected.select(REJECTED_ITEMS.names)
    rows = lake.replace([news.catalogue, news.items], frames)
    return {"items": rows[ITEMS.name], "items_rejected": rows.get(REJECTED_ITEMS.name, 0)}


def _note_fields(lake: Lakehouse) -> int:
    """Note the fields of the changed days' records, and what changed in them since earlier days; how many are new."""
    increment = lake.increment(RAW_EVENTS, SCHEMA_FIELDS, {})
    if not increment.is_needed:
        return 0
    noted = [FieldOfDay(*row) for row in lake.read(SCHEMA_FIELDS).collect()]
    told = {SchemaChange(*row) for row in lake.read(SCHEMA_CHANGES).collect()}
    others = [row for row in noted if row.event_date not in {None, *increment.days}]
    counted = lake.map_in_arrow(RAW_EVENTS, increment.days, TOLD_BY, count_shapes, COUNTED)
    fields = [*others, *fit_fields(sum_by_shape(counted))]
    changes = find_changes(fields)
    if set(changes) != told or not lake.exists(SCHEMA_CHANGES):
        lake.overwrite(SCHEMA_CHANGES, changes)
    lake.replace([increment], {SCHEMA_FIELDS: fields})
    known = {change.identity for change in told}
    news = [change for change in changes if change.identity not in known]
    for change in news:
        say(f"  {change.sentence()}")
    return len(news)


if __name__ == "__main__":
    run(main)
