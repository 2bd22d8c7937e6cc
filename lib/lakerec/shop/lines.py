"""Rows to the bytes of their lines: JSON for ordinary events, and what is planted instead of it."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from lakerec.shop.catalogue import item_id
from lakerec.shop.rows import NOBODY, Action, Planted, Rows

ACTIONS = [action.name.lower() for action in Action]
SURFACES = ("home", "category", "search")
DEVICES = ("phone", "desktop", "tablet")
REFERRERS = (None, "search engine", "newsletter", "social network")
PHONE = 0
UNKNOWN_ACTIONS = ("hover", "zoom", "heartbeat")
UNREADABLE_TIMES = ("soon", "2025-02-30T10:00:00.000Z", "a while ago", "")
ROWS_AT_ONCE = 4_096  # bounds the memory that objects take
SHORTEST_CUT = 40  # bytes that stay of a cut line: enough to hold its event_id, so that no two are equal


def event_lines(rows: Rows) -> Iterator[bytes]:
    """One line per row, without its line end."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield from _lines(rows[start : start + ROWS_AT_ONCE])


def event_id(number: int) -> str:
    """The id of the event with this number."""
    return f"e{number:013d}"


def user_id(user: int) -> str:
    """The id that log and truth know a user by."""
    return f"u{user:06d}"


def session_id(session: int) -> str:
    """The id that log and truth know a session by."""
    return f"s{session:012d}"


def _lines(rows: Rows) -> list[bytes]:
    records = list(_records(rows))
    planted = np.flatnonzero(rows["planted"] > Planted.REDELIVERED).tolist()
    for index in planted:
        _spoil_record(records[index], rows[index])
    lines = [orjson.dumps(record) for record in records]
    for index in planted:
        lines[index] = _spoil_line(lines[index], rows[index])
    return lines


def _records(rows: Rows) -> Iterator[dict[str, Any]]:
    """Each row as the object it is sent as; fields that do not apply are absent."""
    common = ("number", "session", "user", "is_signed_in", "item", "action", "device")
    extra = ("quantity", "cents", "list", "surface", "position", "propensity", "referrer")
    times = np.datetime_as_string(rows["at"].astype("datetime64[ms]"), unit="ms", timezone="UTC").tolist()
    has_extra = (rows["quantity"] > 0) | (rows["list"] > 0) | (rows["referrer"] > 0)
    columns = (rows[name].tolist() for name in common)
    extras = zip(*(rows[name].tolist() for name in extra), strict=True)
    for time, more, is_more, number, session, user, is_signed_in, item, action, device in zip(
        times, extras, has_extra.tolist(), *columns, strict=True
    ):
        record: dict[str, Any] = {"event_id": event_id(number)}
        if is_signed_in and user != NOBODY:
            record["user_id"] = user_id(user)
        elif device != PHONE:  # phones leave the field out, browsers send null
            record["user_id"] = None
        record["session_id"] = session_id(session)
        record["item_id"] = item_id(item)
        record["action"] = ACTIONS[action]
        record["occurred_at"] = time
        if is_more:
            record.update(_extra_fields(*more))
        record["device"] = DEVICES[device]
        yield record


def _extra_fields(
    quantity: int, cents: int, shown_list: int, surface: int, position: int, propensity: float, referrer: int
) -> dict[str, Any]:
    """The fields that only some events have."""
    fields: dict[str, Any] = {}
    if quantity:
        fields |= {"quantity": quantity, "price": cents / 100}
    if shown_list:
        fields |= {"list_id": f"l{shown_list:012d}", "position": position, "surface": SURFACES[surface]}
        fields["propensity"] = max(round(propensity, 9), 1e-9)
    if referrer:
        fields["referrer"] = REFERRERS[referrer]
    return fields


def _spoil_record(record: dict[str, Any], row: np.void) -> None:
    """Make the record (in place) one that can be read but not believed, where that is planted."""
    nth = int(row["number"])
    if row["planted"] == Planted.UNKNOWN_ACTION:
        record["action"] = UNKNOWN_ACTIONS[nth % len(UNKNOWN_ACTIONS)]
    elif row["planted"] == Planted.UNREADABLE_TIME:
        record["occurred_at"] = UNREADABLE_TIMES[nth % len(UNREADABLE_TIMES)]
    elif row["planted"] == Planted.MISSING_ITEM:
        record["item_id"] = (None, "")[nth % 2]
        if nth % 3 == 0:
            del record["item_id"]


def _spoil_line(line: bytes, row: np.void) -> bytes:
    """The line as one that cannot be read, where that is planted; never with a line end in it."""
    noise = hashlib.blake2b(int(row["number"]).to_bytes(8, "big")).digest()
    place = SHORTEST_CUT + int.from_bytes(noise[:4], "big") % (len(line) - SHORTEST_CUT)
    match row["planted"]:
        case Planted.CUT:
            return line[:place]
        case Planted.GARBLED:
            return b"\xff" + bytes(byte | 0x80 for byte in noise)
        case Planted.SPOILED_BYTE:
            at = line.index(b"s", len('{"event_id":"'))  # inside the word "user_id" or "session_id"
            return line[:at] + b"\xff" + line[at + 1 :]
        case Planted.ARRAY:
            return b"[" + line + b"]"
        case Planted.STRING:
            return orjson.dumps(line.decode())
    return line
