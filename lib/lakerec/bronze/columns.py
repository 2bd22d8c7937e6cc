"""Parsed records to Arrow columns: values as delivered, in our names, plus what the source's rules make of them."""

from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from itertools import repeat
from types import NoneType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from lakerec.bronze.files import COUNTS
from lakerec.bronze.formats import Malformed, Records
from lakerec.bronze.mapping import EVENT_FIELDS, ITEM_FIELDS, ActionRule, CsvFormat, Identity, ItemMapping, Source
from lakerec.bronze.nesting import record_exactly
from lakerec.bronze.plain_lines import PlainLines
from lakerec.bronze.times import UTC_TIMES, parse_times
from lakerec.contract import Table

# Above this orjson reads an integer as a double.
LARGEST_EXACT = 2**63

# What the reader hands to Spark. `kind` says what a row is: event, item, malformed or file; other columns are null
# where they do not apply.
READ_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("file_id", pa.string()),
        ("line_number", pa.int64()),
        ("record_number", pa.int32()),
        ("raw", pa.binary()),
        ("at", UTC_TIMES),
        *[(name, pa.string()) for name in dict.fromkeys([*EVENT_FIELDS, *ITEM_FIELDS])],
        ("rescued", pa.string()),
        ("reason", pa.string()),
        ("content_hash", pa.string()),
        ("size_bytes", pa.int64()),
        *[(name, pa.int64()) for name in COUNTS],
    ]
)
READ_TYPES = from_arrow_schema(READ_SCHEMA)


def accepted_batch(records: Records, source: Source, kind: str, file_id: str, seen: Counter[bytes]) -> pa.RecordBatch:
    """Rows of one kind (event, item) for the accepted records.

    Args:
        seen: how often each made event id's values occurred so far in this file; counted on here.
    """
    identity = source.events.identity if kind == "event" else None
    made_ids = {"event_id": _made_ids(records, identity, seen)} if identity else {}
    columns = _by_rules(_take_fields(records, source, kind) | made_ids, source, kind, len(records.rows))
    columns["line_number"] = pa.array(records.line_numbers, pa.int64())
    raws: list[bytes | None] = list(records.raws)
    if records.record_numbers:
        columns["record_number"] = pa.array(records.record_numbers, pa.int32())
        raws = [raw if n == 1 else None for raw, n in zip(raws, records.record_numbers, strict=True)]
    columns["raw"] = pa.array(raws, pa.binary())
    return _batch(kind, file_id, len(records.rows), columns)


def plain_batch(plain: PlainLines, source: Source, kind: str, file_id: str) -> pa.RecordBatch:
    """The same rows for the records of plain lines."""
    fields = source.fields(kind)
    columns = {ours: plain.texts[theirs] for ours, theirs in fields.items()} | {"rescued": plain.others}
    columns = _by_rules(columns, source, kind, len(plain.numbers))
    columns |= {"line_number": pa.array(plain.numbers), "raw": plain.raws}
    return _batch(kind, file_id, len(plain.numbers), columns)


def malformed_batch(malformed: list[Malformed], file_id: str) -> pa.RecordBatch:
    """Rows of kind malformed."""
    values = dict(zip(Malformed._fields, zip(*malformed, strict=True), strict=True))
    columns = {name: pa.array(values[name], READ_SCHEMA.field(name).type) for name in Malformed._fields}
    return _batch("malformed", file_id, len(malformed), columns)


def file_batch(file_id: str, content_hash: str | None, reason: str | None, counts: dict[str, int]) -> pa.RecordBatch:
    """The one row of kind file; a reason says why nothing of the file can be taken."""
    columns = {name: pa.array([value], pa.int64()) for name, value in counts.items()}
    texts = {"content_hash": pa.array([content_hash], pa.string()), "reason": pa.array([reason], pa.string())}
    return _batch("file", file_id, 1, {**columns, **texts})


def of_kind(read: pa.Table, kind: str) -> pa.Table:
    """The rows of one kind among what was read."""
    is_wanted = pc.equal(read["kind"], kind)
    return read if pc.all(is_wanted).as_py() else read.filter(is_wanted)


def as_declared(read: pa.Table, table: Table, others: Mapping[str, Any]) -> pa.Table:
    """Rows of a bronze table: columns as they were read, and others.

    Args:
        read: rows of `READ_SCHEMA`.
        others: by name, a column or one value for all rows.
    """
    schema = to_arrow_schema(table.schema, timezone="UTC")
    found = {name: read[name] for name in schema.names if name in read.column_names} | dict(others)
    columns = [
        found[field.name]
        if isinstance(found[field.name], pa.ChunkedArray)
        else pa.repeat(pa.scalar(found[field.name], field.type), read.num_rows)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _batch(kind: str, file_id: str, row_count: int, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    same = {"kind": pa.repeat(kind, row_count), "file_id": pa.repeat(file_id, row_count)}
    filled = {"record_number": pa.repeat(pa.scalar(1, pa.int32()), row_count), **same, **columns}
    arrays = [filled[f.name] if f.name in filled else pa.nulls(row_count, f.type) for f in READ_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=READ_SCHEMA)


def _by_rules(columns: dict[str, pa.Array], source: Source, kind: str, row_count: int) -> dict[str, pa.Array]:
    """Delivered columns, and what the source's rules add to them and make of them."""
    mapping = source.mapping(kind)
    columns = columns | {ours: pa.repeat(value, row_count) for ours, value in mapping.constants.items()}
    if isinstance(mapping, ItemMapping):
        return columns | {"at": parse_times(columns["changed_at"], mapping.time)}
    times = parse_times(columns["occurred_at"], mapping.time)
    if "action" in columns:
        actions = _actions(columns["action"], mapping.action)
    else:
        actions = pa.repeat(mapping.action.default, row_count)
    return columns | {"at": times, "action": actions}


def _take_fields(records: Records, source: Source, kind: str) -> dict[str, pa.Array]:
    """Take the mapped fields out of the rows; what remains in them is mapped nowhere and becomes `rescued`."""
    fields = source.fields(kind)
    layout, names = source.format_of(kind), source.required_fields(kind)
    explode = "" if isinstance(layout, CsvFormat) else layout.explode

    def digits(place: int, field: str) -> str:
        number = records.record_numbers[place] if records.record_numbers else 1
        return str(record_exactly(records.raws[place], number, explode, names)[field])

    taken = {theirs: _take_texts(records, theirs, digits) for theirs in dict.fromkeys(fields.values())}
    dumps = orjson.dumps
    rest = [dumps(row, option=orjson.OPT_SORT_KEYS) if row else None for row in records.rows]
    return {ours: taken[theirs] for ours, theirs in fields.items()} | {"rescued": pa.array(rest, pa.string())}


def _take_texts(records: Records, field: str, digits: Callable[[int, str], str]) -> pa.Array:
    """Take one field out of the rows, as strings; absent, null and empty are null."""
    values = list(map(dict.pop, records.rows, repeat(field), repeat(None)))
    kinds = set(map(type, values)) - {NoneType}
    if kinds <= {str}:
        texts = pa.array(values, pa.string())
    elif kinds == {int}:
        texts = _integers(values)
    elif kinds == {float} and max(map(abs, filter(None, values)), default=0) < LARGEST_EXACT:
        texts = pa.array([None if value is None else repr(value) for value in values], pa.string())
    else:
        texts = pa.array([_text(value, place, field, digits) for place, value in enumerate(values)], pa.string())
    is_empty = pc.equal(texts, "")
    return pc.if_else(is_empty, pa.scalar(None, pa.string()), texts) if pc.any(is_empty).as_py() else texts


def _integers(values: list[int | None]) -> pa.Array:
    try:
        return pa.array(values, pa.int64()).cast(pa.string())
    except (pa.ArrowInvalid, OverflowError):
        return pa.array([None if value is None else repr(value) for value in values], pa.string())


def _text(value: Any, place: int, field: str, digits: Callable[[int, str], str]) -> str | None:
    """A value as JSON writes it: numbers shortest (2.50 is 2.5), objects with sorted keys; a string is its content.

    A whole number that a double cannot hold keeps its digits: it may be an id.
    """
    kind = type(value)
    if kind is float:
        return repr(value) if -LARGEST_EXACT < value < LARGEST_EXACT else digits(place, field)
    if value is None or kind is str:
        return value
    return repr(value) if kind is int else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _actions(delivered: pa.Array, rule: ActionRule) -> pa.Array:
    if not (rule.values or rule.prefixes or rule.default):
        return delivered
    return pa.array([value and _action(value, rule) for value in delivered.to_pylist()], pa.string())


def _action(delivered: str, rule: ActionRule) -> str:
    if delivered in rule.values:
        return rule.values[delivered]
    for prefix, action in rule.prefixes.items():
        if delivered.startswith(prefix):
            return action
    return rule.default or delivered


def _made_ids(records: Records, identity: Identity, seen: Counter[bytes]) -> pa.Array:
    """sha256 (hex) over the JSON array of the identifying values and their occurrence number within the file, from 1.

    The same line delivered again in another file gets the same id, and two equal lines of one file get two.
    """
    ids = []
    for row in records.rows:
        values = [row.get(name) for name in identity.fields]
        key = sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).digest()
        seen[key] += 1
        ids.append(sha256(orjson.dumps([*values, seen[key]], option=orjson.OPT_SORT_KEYS)).hexdigest())
    return pa.array(ids, pa.string())
