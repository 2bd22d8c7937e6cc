"""Delivered bytes as records."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from lakerec.bronze.mapping import Source

Record = dict[str, Any]
FILE_COUNTS = [
    "line_count",
    "header_count",
    "blank_count",
    "malformed_line_count",
    "accepted_line_count",
    "accepted_record_count",
    "malformed_record_count",
]


def delivered(landing: Path, source: Source) -> Iterator[tuple[str, str]]:
    """(kind, path) of the files that the source lays claim to."""
    for kind, mapping in (("event", source.events), ("item", source.items)):
        for pattern in mapping.files if mapping else ():
            yield from ((kind, str(path.relative_to(landing))) for path in sorted(landing.glob(pattern)))


def read_file(file: Path, path: str, source: Source, kind: str) -> Record:
    """Records, malformed lines and counts of one file."""
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    lines = data.split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    counts, records, malformed = Counter(dict.fromkeys(FILE_COUNTS, 0)), [], []
    header: list[str] = []
    seen: Counter[bytes] = Counter()
    for number, line in enumerate(lines, start=1):
        counts["line_count"] += 1
        if not line.strip(b" \t\r\n"):
            counts["blank_count"] += 1
        elif source.format.kind == "csv" and not header:
            header = fields_of(line, source)
            counts["header_count"] += 1
        else:
            row, reason = parse(line, header, source)
            counts["malformed_line_count" if reason else "accepted_line_count"] += 1
            counts["malformed_record_count" if reason else "accepted_record_count"] += 1
            if reason:
                malformed.append((source.name, path, number, line, reason))
            else:
                record = mapped(row, source, kind, seen)
                records.append(record | {"path": path, "line_number": number, "sha": sha256(line).hexdigest()})
    return {"counts": counts, "records": records, "malformed": malformed}


def parse(line: bytes, header: list[str], source: Source) -> tuple[Any, str | None]:
    """The record of a line, or why it is none."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return None, "not UTF-8"
    if source.format.kind == "csv":
        return dict(zip(header, fields_of(line, source), strict=True)), None
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, "not JSON"
    return (row, None) if isinstance(row, dict) else (None, "not an object")


def fields_of(line: bytes, source: Source) -> list[str]:
    """The fields of a CSV line."""
    text = line.decode().removesuffix("\r")
    return next(csv.reader([text], delimiter=source.format.delimiter, quotechar=source.format.quote))


def mapped(row: Record, source: Source, kind: str, seen: Counter[bytes]) -> Record:
    """Our fields as text, with the made id where the source has none, the action and the time."""
    mapping = source.events if kind == "event" else source.items
    record = {ours: as_text(row.get(theirs)) for ours, theirs in mapping.fields.items()}
    if kind == "item":
        return record | {"at": time_of(record.get("changed_at"), mapping.time)}
    if mapping.identity:
        values = [row.get(name) for name in mapping.identity.fields]
        seen[orjson.dumps(values)] += 1
        record["event_id"] = sha256(orjson.dumps([*values, seen[orjson.dumps(values)]])).hexdigest()
    record["action"] = action_of(record.get("action"), mapping.action)
    return record | {"at": time_of(record.get("occurred_at"), mapping.time)}


def as_text(value: Any) -> str | None:
    """A delivered value as text; empty is missing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return repr(value) if type(value) in (int, float) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def action_of(text: str | None, rule: Any) -> str | None:
    """An exact value, else a prefix, else the default, else as delivered."""
    if text is None:
        return rule.default or None
    by_prefix = (action for prefix, action in rule.prefixes.items() if text.startswith(prefix))
    return rule.values.get(text) or next(by_prefix, None) or rule.default or text


def time_of(text: str | None, rule: Any) -> datetime | None:
    """A moment, UTC; None where the text is not of the rule's format."""
    try:
        if rule.format == "iso":
            at = datetime.fromisoformat(text or "")
            return at.astimezone(UTC) if at.tzinfo else None
        return datetime.strptime(text or "", rule.format).replace(tzinfo=ZoneInfo(rule.zone)).astimezone(UTC)
    except ValueError:
        return None
