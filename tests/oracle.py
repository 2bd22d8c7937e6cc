"""Silver in plain Python: what the definitions say of a few records, one record after the other.

It shares no code with the library but the settings, and knows only what the records of `tests.records` vary.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from lakerec.silver.events import EventSettings
from lakerec.silver.sessions import SessionSettings

Row = dict[str, Any]
BLANK = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f")
IDS = ("event_id", "user_id", "session_id", "item_id", "list_id")

COMPARED = ("user_id", "user_id_sent", "session_id", "session_id_sent", "item_id", "action", "occurred_at", "is_bot")
OF_A_SESSION = ("user_id", "first_at", "last_at", "event_count", "is_bot", "is_made")


class Silver(NamedTuple):
    """Rows by what identifies them."""

    events: dict[tuple[Any, ...], Row]
    sessions: dict[tuple[Any, ...], Row]
    rejected: dict[tuple[Any, ...], list[str]]


def predict(records: Iterable[Row], belief: EventSettings, session: SessionSettings) -> Silver:
    """The three tables, by (source, event_date, event_id or session_id) and by (source, file_id, line_number)."""
    typed = [_typed(record) for record in records]
    faults = {(row["source"], row["file_id"], row["line_number"]): _faults(row, belief) for row in typed}
    rejected = {place: reasons for place, reasons in faults.items() if reasons}
    kept: dict[tuple[Any, ...], Row] = {}
    for row in sorted((row for row in typed if not _faults(row, belief)), key=_precedence):
        kept.setdefault((row["source"], row["event_date"], row["event_id"]), row)
    _make_sessions(list(kept.values()), timedelta(minutes=session.gap_minutes))
    sessions = _sessions(list(kept.values()), session)
    events = {key: _linked(row, list(kept.values()), sessions, session.max_days) for key, row in kept.items()}
    return Silver(events, sessions, rejected)


def shown(events: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], Row]:
    """Predicted events with only the columns that are compared."""
    return {key: {name: row[name] for name in COMPARED} for key, row in events.items()}


def events_of(rows: Iterable[Any]) -> dict[tuple[Any, ...], Row]:
    """Rows of silver.events in the form of a prediction."""
    return {(row.source, row.event_date, row.event_id): {name: _utc(row[name]) for name in COMPARED} for row in rows}


def sessions_of(rows: Iterable[Any]) -> dict[tuple[Any, ...], Row]:
    """Rows of silver.sessions in the form of a prediction."""
    return {
        (row.source, row.event_date, row.session_id): {name: _utc(row[name]) for name in OF_A_SESSION} for row in rows
    }


def tidy(text: str | None) -> str | None:
    """An id as it is compared."""
    return unicodedata.normalize("NFC", text.strip(BLANK)) or None if text else None


def _utc(value: Any) -> Any:
    """Spark hands out times without zone, in the session's, which is UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _typed(record: Row) -> Row:
    row = {**dict.fromkeys(IDS), **record}
    row |= {name: tidy(row[name]) for name in IDS}
    if record["id_namespace"]:
        row |= {name: row[name] and f"{record['id_namespace']}:{row[name]}" for name in ("user_id", "item_id")}
    row["occurred_at"] = row["event_at"]
    row["action"] = row["action"].strip().lower()
    return row | {"user_id_sent": row["user_id"], "session_id_sent": row["session_id"]}


def _faults(row: Row, belief: EventSettings) -> list[str]:
    latest = row["ingested_at"] + timedelta(minutes=belief.max_future_skew_minutes)
    longest = max(len((row[name] or "").encode()) for name in IDS)
    faults = {
        "has an event id": not row["event_id"],
        "has a readable time": row["occurred_at"] is None,
        "has an item": not row["item_id"],
        "has ids that are not too long": longest > belief.max_id_bytes,
        "is a known action": row["action"] not in belief.actions,
        "acted before we read of it": row["occurred_at"] is not None and row["occurred_at"] > latest,
    }
    return [name for name, is_so in faults.items() if is_so]


def _precedence(row: Row) -> tuple[Any, ...]:
    return row["occurred_at"], sha256(row["raw"]).hexdigest()


def _make_sessions(rows: list[Row], gap: timedelta) -> None:
    """Names the sessions of the rows that came without one, in place."""
    of_user = defaultdict(list)
    for row in rows:
        if row["session_id"] is None and row["user_id"]:
            of_user[row["source"], row["user_id"]].append(row)
    for own in of_user.values():
        before: datetime | None = None
        for row in sorted(own, key=lambda row: (row["occurred_at"], row["event_id"])):
            if before is None or row["occurred_at"] - before > gap:
                began = row["occurred_at"]
            before = row["occurred_at"]
            near = [other["occurred_at"] for other in own if 0 <= (row["event_date"] - other["event_date"]).days <= 1]
            row["session_id"] = f"{row['user_id']}@{max(began, min(near)):%Y-%m-%dT%H:%M:%S.%fZ}"


def _sessions(rows: list[Row], rules: SessionSettings) -> dict[tuple[Any, ...], Row]:
    of_day, of_session = defaultdict(list), defaultdict(list)
    for row in rows:
        of_day[row["source"], row["event_date"]].append(row)
        if row["session_id"]:
            of_session[row["source"], row["event_date"], row["session_id"]].append(row)
    return {key: _session(own, len(of_day[key[:2]]), rules) for key, own in of_session.items()}


def _session(own: list[Row], day_count: int, rules: SessionSettings) -> Row:
    times = sorted({row["occurred_at"] for row in own})
    signed_in = sorted((row["occurred_at"], row["event_id"], row["user_id"]) for row in own if row["user_id"])
    minutes = max(1.0, (times[-1] - times[0]).total_seconds() / 60)
    is_too_much = len(times) / minutes > rules.bot_max_events_per_minute or len(own) / day_count > rules.bot_max_share
    return {
        "user_id": signed_in[0][2] if signed_in else None,
        "first_at": times[0],
        "last_at": times[-1],
        "event_count": len(own),
        "is_bot": len(times) >= rules.bot_min_events and is_too_much,
        "is_made": all(row["session_id_sent"] is None for row in own),
    }


def _linked(row: Row, rows: list[Row], sessions: dict[tuple[Any, ...], Row], max_days: int) -> Row:
    """The row with its user, by the definition word for word: the earliest later sign-in of its session."""
    later = sorted(
        (other["occurred_at"], other["event_id"], other["user_id_sent"])
        for other in rows
        if other["user_id_sent"]
        and row["session_id"]
        and (other["source"], other["session_id"]) == (row["source"], row["session_id"])
        and (other["occurred_at"], other["event_id"]) > (row["occurred_at"], row["event_id"])
        and (other["event_date"] - row["event_date"]).days <= max_days
    )
    user_id = row["user_id_sent"] or (later[0][2] if later else None)
    own = sessions.get((row["source"], row["event_date"], row["session_id"]), {"is_bot": False})
    return row | {"user_id": user_id, "is_bot": own["is_bot"]}
