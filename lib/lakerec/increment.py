"""What a table has to catch up on, and the words in which days and settings are kept."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from lakerec.contract import Settings, Table
from lakerec.delta_log import Commit

# Whole days; None stands for rows without a readable day. And what shapes a table's rows.
Days = Collection[date | None]
Shaping = Settings | Mapping[str, Any]


@dataclass(frozen=True)
class Increment:
    """What a consumer has to catch up on: the days that its source changed since the consumer's last progress.

    Attributes:
        new_files: names of the source's files that were added since; None: any row may be new.
    """

    consumer: Table
    source: Table
    days: list[date | None]
    version: int
    epoch: int
    settings: str
    is_needed: bool
    is_rebuild: bool
    new_files: frozenset[str] | None = None

    @property
    def config_hash(self) -> str:
        """Short hash of the settings and transform version that shape the consumer's rows."""
        return sha256(self.settings.encode()).hexdigest()[:16]


def new_files_of(commits: Iterable[Commit]) -> frozenset[str] | None:
    """Names of all files that commits added; None where one of them rearranged rows."""
    names = [commit.new_files() for commit in commits]
    return None if None in names else frozenset(name for of_commit in names for name in of_commit or ())


def days_condition(days: Days) -> str:
    """SQL condition for rows of those days and, always, for rows without a readable day."""
    dated = ", ".join(f"DATE'{day}'" for day in in_order(day for day in days if day is not None))
    return f"event_date IN ({dated}) OR event_date IS NULL" if dated else "event_date IS NULL"


def in_order(days: Iterable[date | None]) -> list[date | None]:
    """Days ascending; None, for rows without a readable day, comes first."""
    return sorted(days, key=lambda day: day or date.min)


def iso_days(days: Days | None) -> list[str | None] | None:
    """Days as ISO texts, ascending; None where a table was written whole."""
    return None if days is None else [day.isoformat() if day else None for day in in_order(days)]


def note_of(increments: Sequence[Increment], days: Days | None) -> dict[str, Any]:
    """What a consumer's commit says of itself in `userMetadata`: its sources up to which version, its days, its shape.

    Args:
        increments: of one consumer, at least one, one for each of its sources.
        days: the days written; None where the table is written whole.
    """
    return {
        "config_hash": increments[0].config_hash,
        "dates": iso_days(days),
        "settings": increments[0].settings,
        "sources": {each.source.name: {"epoch": each.epoch, "version": each.version} for each in increments},
    }


def shape_of(consumer: Table, settings: Shaping) -> str:
    """Everything that shapes the consumer's rows, as JSON with sorted keys."""
    values = settings.model_dump(mode="json") if isinstance(settings, Settings) else dict(settings)
    return json.dumps({**values, "transform_version": consumer.transform_version}, sort_keys=True)


def describe_reshaping(consumer: Table, stored: str, wanted: str) -> str:
    """Which settings differ between two shapes, and what to do about it."""
    before, now = _flat(json.loads(stored)), _flat(json.loads(wanted))
    moved = [
        f"{name} {json.dumps(before.get(name))} -> {json.dumps(now.get(name))}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    return (
        f"{consumer.name}: its rows were made with other settings ({', '.join(moved)}). "
        f"Run again with --rebuild {consumer.layer}, or set them back."
    )


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """`{"session": {"max_days": 3}}` -> `{"session.max_days": 3}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else {f"{above}{name}": value}
    return flat
