"""operations.schema_changes: what a producer changed in its records, where that was first seen, and how often."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.operations.schema_fields import FieldOfDay

SCHEMA_CHANGES = Table(
    name="operations.schema_changes",
    comment="One row per change of a field between the days of a producer's records.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from."),
        Column("field", T.StringType(), "Path in the producer's record; of a rename: the new one."),
        Column("change", T.StringType(), "added, removed, renamed, retyped or nested (an object or array by now)."),
        Column("before", T.StringType(), "Types until then, or the old path of a rename; null where it was added."),
        Column("after", T.StringType(), "Type since; null where it was removed."),
        Column("event_date", T.DateType(), "First day of it; null where those records' time is unreadable; UTC."),
        Column("file_id", T.StringType(), "File of the earliest record that shows it; see bronze.files."),
        Column("line_number", T.LongType(), "Its line there, from 1."),
        Column("record_count", T.LongType(), "Records that show it, all days together."),
    ),
    key=("source", "field", "change", "after"),
    write=Write.REPLACE,
)

NESTED = ("object", "array")
# A field is removed when so many records without it are less likely than this, given how often it was there before.
CHANCE = 0.001


class SchemaChange(NamedTuple):
    """A row of operations.schema_changes."""

    source: str
    field: str
    change: str
    before: str | None
    after: str | None
    event_date: date | None
    file_id: str
    line_number: int
    record_count: int

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What stays the same while more records of it arrive."""
        return self.source, self.field, self.change, self.after

    def sentence(self) -> str:
        """For the console."""
        since = f"from {self.event_date}" if self.event_date else "in records without a readable time"
        moved = {"added": f"{self.after}", "removed": f"was {self.before}"}
        what = moved.get(self.change, f"{self.before} -> {self.after}")
        return f"{self.source}: field '{self.field}' {self.change} ({what}) {since}, {self.record_count:,} records"


def find_changes(fields: Iterable[FieldOfDay]) -> list[SchemaChange]:
    """The rows of operations.schema_changes: what differs from each source's first day, and when it began to.

    Days are compared in their order; records without a readable day come after all others. A field is added or retyped
    where a type of it is first seen, and removed where it is seen no more. One that goes and one that comes on the same
    day with the same types are one that was renamed. What lies within something that came or went is not told apart.

    Args:
        fields: operations.schema_fields, all of it.
    """
    of_source = defaultdict(list)
    for row in fields:
        of_source[row.source].append(row)
    return [change for source in sorted(of_source) for change in _changes(_Log(source, of_source[source]))]


class _Log:
    """One source's fields over its days, which are numbered in their order."""

    def __init__(self, source: str, rows: Sequence[FieldOfDay]) -> None:
        days = sorted({row.event_date for row in rows}, key=lambda day: (day is None, day or date.min))
        number = {day: n for n, day in enumerate(days)}
        self.source = source
        self.days = days
        self.seen: dict[str, dict[str, dict[int, FieldOfDay]]] = defaultdict(lambda: defaultdict(dict))
        for row in rows:
            self.seen[row.field][row.type][number[row.event_date]] = row

    def first(self, name: str) -> int:
        """Day on which a field is first seen."""
        return min(min(days) for days in self.seen[name].values())

    def last(self, name: str) -> int:
        """Day on which it is last seen."""
        return max(max(days) for days in self.seen[name].values())

    def count(self, name: str, kind: str | None = None) -> int:
        """Records that hold it, of one type or of any."""
        days = self.seen[name]
        return sum(row.record_count for of in days if kind in (None, of) for row in days[of].values())

    def records_after(self, day: int) -> int:
        """Records of all days after one."""
        return sum(row.record_count for n, row in self.seen[""]["object"].items() if n > day)

    def types_until(self, name: str, day: int) -> str:
        """Types of a field seen before a day, in alphabetical order."""
        return ", ".join(sorted(kind for kind, days in self.seen[name].items() if min(days) < day))

    def comes_within(self, name: str) -> bool:
        """Whether what holds the field came with it."""
        return any(min(days) == self.first(name) for days in self._containers(name))

    def goes_within(self, name: str) -> bool:
        """Whether what holds the field went with it."""
        return any(max(days) == self.last(name) for days in self._containers(name))

    def is_missed(self, name: str) -> bool:
        """Whether its absence after its last day is no accident."""
        without = self.records_after(self.last(name))
        share = self.count(name) / (self.records_after(self.first(name) - 1) - without)
        return without > 0 and (1 - min(1.0, share)) ** without < CHANCE

    def _containers(self, name: str) -> Iterator[dict[int, FieldOfDay]]:
        holder = name[:-2] if name.endswith("[]") else name.rpartition(".")[0]
        return (self.seen[holder][kind] for kind in NESTED if holder in self.seen and kind in self.seen[holder])


def _changes(log: _Log) -> list[SchemaChange]:
    came = [name for name in log.seen if log.first(name) > 0 and not log.comes_within(name)]
    gone = [name for name in log.seen if name and log.is_missed(name) and not log.goes_within(name)]
    renamed = _renames(log, came, gone)
    changes = [_renamed(log, old, new) for old, new in renamed.items()]
    changes += [change for name in came if name not in renamed.values() for change in _added(log, name)]
    changes += [_removed(log, name) for name in gone if name not in renamed and _is_seen_to_go(log, name)]
    changes += [change for name in log.seen for change in _retyped(log, name)]
    return sorted(changes, key=lambda change: (change.event_date or date.max, change.field, change.change))


def _renames(log: _Log, came: Sequence[str], gone: Sequence[str]) -> dict[str, str]:
    """New name by old: same types, same place in the record, one begins when the other ends; the nearest name wins."""
    renames: dict[str, str] = {}
    for old in sorted(gone):
        near = [
            new
            for new in came
            if new not in renames.values()
            and log.last(old) <= log.first(new) <= log.last(old) + 1
            and log.seen[old].keys() == log.seen[new].keys()
            and old.rpartition(".")[0] == new.rpartition(".")[0]
        ]
        if nearest := difflib.get_close_matches(old, near, n=1, cutoff=0.0):
            renames[old] = nearest[0]
    return renames


def _is_seen_to_go(log: _Log, name: str) -> bool:
    """Records without readable time may be of any day: that they lack a field does not say when it went."""
    return log.days[log.last(name) + 1] is not None


def _renamed(log: _Log, old: str, new: str) -> SchemaChange:
    kinds = ", ".join(sorted(log.seen[new]))
    return _change(log, _earliest(log, new), "renamed", old, kinds, log.count(new))


def _added(log: _Log, name: str) -> Iterator[SchemaChange]:
    for kind, days in log.seen[name].items():
        if min(days) == log.first(name):
            yield _change(log, days[min(days)], "added", None, kind, log.count(name, kind))


def _retyped(log: _Log, name: str) -> Iterator[SchemaChange]:
    for kind, days in log.seen[name].items():
        before = log.types_until(name, min(days))
        if before:
            change = "nested" if kind in NESTED and not set(NESTED) & set(before.split(", ")) else "retyped"
            yield _change(log, days[min(days)], change, before, kind, log.count(name, kind))


def _removed(log: _Log, name: str) -> SchemaChange:
    first_without = log.seen[""]["object"][log.last(name) + 1]._replace(field=name)
    kinds = ", ".join(sorted(log.seen[name]))
    return _change(log, first_without, "removed", kinds, None, log.records_after(log.last(name)))


def _earliest(log: _Log, name: str) -> FieldOfDay:
    return next(days[log.first(name)] for days in log.seen[name].values() if log.first(name) in days)


def _change(
    log: _Log, seen: FieldOfDay, change: str, before: str | None, after: str | None, record_count: int
) -> SchemaChange:
    where = (seen.event_date, seen.file_id, seen.line_number)
    return SchemaChange(log.source, seen.field, change, before, after, *where, record_count)
