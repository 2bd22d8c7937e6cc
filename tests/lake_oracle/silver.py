"""Records as the rows of silver."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from lakerec.bronze.mapping import Source
from lakerec.config import Config
from tests.lake_oracle.files import Record
from tests.lake_oracle.values import decimal, filled, finite, in_namespace, tidy, whole

Rows = Counter[tuple[Any, ...]]


def believe(records: list[Record], source: Source, config: Config) -> tuple[list[Record], Rows]:
    """Typed records that meet every expectation, and the places of the others with their reasons."""
    believed, rejected = [], Counter()
    for record in records:
        row = typed(record, source, config)
        reasons = tuple(reasons_against(row, record, config))
        if reasons:
            rejected[(row["source"], row["event_date"], record["path"], record["line_number"], reasons)] += 1
        else:
            believed.append(row)
    return believed, rejected


def typed(record: Record, source: Source, config: Config) -> Record:
    """A record's values in the types of silver.events."""
    action = (record.get("action") or "").strip(" ").lower() or None
    units = decimal(record.get("quantity"), 28, 6)
    if units is not None and action in config.events.return_actions:
        units = abs(units)
    at = record["at"]
    return {
        "source": source.name,
        "event_date": at.date() if at else None,
        "event_id": tidy(record.get("event_id")),
        "user_id": in_namespace(record.get("user_id"), source),
        "session_id": tidy(record.get("session_id")),
        "item_id": in_namespace(record.get("item_id"), source),
        "action": action,
        "occurred_at": at,
        "quantity": whole(units),
        "price": decimal(record.get("price"), 18, 4),
        "list_id": tidy(record.get("list_id")),
        "position": whole(decimal(record.get("position"), 28, 6)),
        "surface": filled(record.get("surface")),
        "propensity": finite(record.get("propensity")),
        "name": filled(record.get("item_name")),
        "category": filled(record.get("item_category")),
        "sha": record["sha"],
    }


def reasons_against(row: Record, record: Record, config: Config) -> Iterator[str]:
    """Names of the expectations that a record fails, in their order; times are taken to lie before the run."""
    ids = (row[name] for name in ("event_id", "user_id", "session_id", "item_id", "list_id"))
    if row["event_id"] is None:
        yield "has an event id"
    if row["occurred_at"] is None:
        yield "has a readable time"
    if row["item_id"] is None:
        yield "has an item"
    if any(each and len(each.encode()) > config.events.max_id_bytes for each in ids):
        yield "has ids that are not too long"
    if row["action"] not in config.events.actions:
        yield "is a known action"
    for name in ("quantity", "price", "position", "propensity"):
        if filled(record.get(name)) is not None and row[name] is None:
            yield f"has a readable {name}"
        if name == "quantity" and row[name] is not None and row[name] <= 0:
            yield "has a positive quantity"
        if name == "price" and row[name] is not None and row[name] < 0:
            yield "has a price that is not negative"


def keep_first(believed: list[Record]) -> list[Record]:
    """One of the records of each (source, event_date, event_id): the smallest (occurred_at, sha256 of raw)."""
    kept: dict[tuple[Any, ...], Record] = {}
    for row in believed:
        key = (row["source"], row["event_date"], row["event_id"])
        if key not in kept or (row["occurred_at"], row["sha"]) < (kept[key]["occurred_at"], kept[key]["sha"]):
            kept[key] = row
    return [dict(row) for row in kept.values()]


def make_sessions(events: list[Record], gap_minutes: int) -> None:
    """Set `session_id_sent`, and name the session of events of known users that came without one."""
    alone = defaultdict(list)
    for event in events:
        event["session_id_sent"] = event["session_id"]
        if gap_minutes and event["session_id"] is None and event["user_id"] is not None:
            alone[event["source"], event["user_id"]].append(event)
    for (_, user_id), mine in alone.items():
        mine.sort(key=lambda event: (event["occurred_at"], event["event_id"]))
        first_of_day: dict[date, datetime] = {}
        for event in mine:
            first_of_day.setdefault(event["event_date"], event["occurred_at"])
        began = mine[0]["occurred_at"]
        for before, event in pairwise([mine[0], *mine]):
            if event["occurred_at"] - before["occurred_at"] > timedelta(minutes=gap_minutes):
                began = event["occurred_at"]
            day = event["event_date"]
            floor = first_of_day.get(day - timedelta(days=1), first_of_day[day])
            event["session_id"] = f"{user_id}@{max(began, floor):%Y-%m-%dT%H:%M:%S.%fZ}"


def summarise_sessions(events: list[Record], config: Config) -> dict[tuple[Any, ...], Record]:
    """The rows of silver.sessions by (source, day, session)."""
    of_session, of_day = defaultdict(list), Counter()
    for event in events:
        of_day[event["source"], event["event_date"]] += 1
        if event["session_id"] is not None:
            of_session[event["source"], event["event_date"], event["session_id"]].append(event)
    return {key: session_of(key, mine, of_day[key[:2]], config) for key, mine in of_session.items()}


def session_of(key: tuple[Any, ...], mine: list[Record], of_day: int, config: Config) -> Record:
    """One row of silver.sessions."""
    signed = sorted((e["occurred_at"], e["event_id"], e["user_id"]) for e in mine if e["user_id"] is not None)
    at, event_id, user_id = signed[0] if signed else (None, None, None)
    moments = sorted({e["occurred_at"] for e in mine})
    a_minute = len(moments) / max(1.0, (moments[-1] - moments[0]).total_seconds() / 60)
    rule = config.session
    is_odd = a_minute > rule.bot_max_events_per_minute or len(mine) / of_day > rule.bot_max_share
    return {
        **dict(zip(("source", "event_date", "session_id"), key, strict=True)),
        "user_id": user_id,
        "signed_in_at": at,
        "signed_in_event_id": event_id,
        "last_signed_in_at": signed[-1][0] if signed else None,
        "last_signed_in_event_id": signed[-1][1] if signed else None,
        "user_count": len({user for _, _, user in signed}),
        "first_at": moments[0],
        "last_at": moments[-1],
        "event_count": len(mine),
        "anonymous_count": sum(e["user_id"] is None for e in mine),
        "moment_count": len(moments),
        "is_bot": len(moments) >= rule.bot_min_events and is_odd,
    }


def link_users(events: list[Record], sessions: dict[tuple[Any, ...], Record], max_days: int) -> None:
    """Set `user_id_sent`, the user of the session's next sign-in, and `is_bot`."""
    of_session = defaultdict(list)
    for event in events:
        event |= {"user_id_sent": event["user_id"], "is_bot": False}
        if event["session_id"] is not None:
            of_session[event["source"], event["event_date"], event["session_id"]].append(event)
    for (source, day, session_id), mine in of_session.items():
        later = (sessions.get((source, day + timedelta(days=n), session_id)) for n in range(1, max_days + 1))
        user = next((row["user_id"] for row in later if row and row["user_id"] is not None), None)
        for event in sorted(mine, key=lambda e: (e["occurred_at"], e["event_id"]), reverse=True):
            user = event["user_id"] if event["user_id"] is not None else user
            event |= {"user_id": user, "is_bot": sessions[source, day, session_id]["is_bot"]}


def latest_items(catalogue: list[Record], believed: list[Record], source: Source) -> Rows:
    """The rows of silver.items."""
    best: dict[str, tuple[Any, ...]] = {}
    first: dict[str, datetime] = {}
    for fact in [*(catalogue_fact(record, source) for record in catalogue), *map(event_fact, believed)]:
        item, at = fact["item_id"], fact["changed_at"]
        if item is None or at is None:
            continue
        is_catalogue = fact["origin"] == "catalogue"
        said = [fact[name] for name in ("name", "category", "attributes", "price", "is_available", "origin")]
        order = (is_catalogue, is_catalogue or fact["name"] is not None, at, *((v is not None, v) for v in said))
        best[item] = max(best[item], order) if item in best else order
        first[item] = min(first.get(item, at), at)
    rows: Rows = Counter()
    for item, (_, _, at, *said) in best.items():
        values = [value for _, value in said]
        rows[(item, *values[:5], first[item], at, values[5])] += 1
    return rows


def catalogue_fact(record: Record, source: Source) -> Record:
    """What a catalogue record says of its item."""
    texts = {name: filled(record.get(name)) for name in ("name", "category", "attributes")}
    is_available = (filled(record.get("is_available")) or "true").strip().lower() in ("true", "t", "yes", "y", "1")
    return {
        "item_id": in_namespace(record.get("item_id"), source),
        **texts,
        "price": decimal(record.get("price"), 18, 4),
        "is_available": is_available,
        "changed_at": record["at"],
        "origin": "catalogue",
    }


def event_fact(row: Record) -> Record:
    """What a believed event says of its item."""
    said = {name: row[name] for name in ("item_id", "name", "category", "price")}
    return said | {"attributes": None, "is_available": True, "changed_at": row["occurred_at"], "origin": "events"}
