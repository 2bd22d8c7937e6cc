"""The shapes of a producer's records: which fields they hold, and of which types."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

TYPES = {str: "string", int: "number", float: "number", bool: "boolean", dict: "object", list: "array"}
MIXED = "mixed"
_GROUP = ("source", "event_date", "shape")
_EARLIEST = ("event_at", "file_id", "line_number")

TOLD_BY = ("source", "event_date", *_EARLIEST, "raw", "rescued")
"""Columns of bronze.events that tell a record's shape, and whose it is."""
COUNTED = (
    "source string, event_date date, shape string, record_count bigint,"
    " earliest struct<event_at: timestamp, file_id: string, line_number: bigint>"
)
_SHAPES_REMEMBERED = 10_000


def count_shapes(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many records of each source and day have the same fields and types, and where the earliest is.

    A record's fields are those of its bytes where they are JSON, else those that its source maps nowhere.

    Args:
        batches: `TOLD_BY` of records of bronze.events.

    Returns:
        Batches of `COUNTED`, each for itself; see `shape_of`.
    """
    known: dict[Any, str] = {}
    for batch in batches:
        held = batch.filter(pc.is_valid(batch["raw"]))
        shapes = pa.array(_shapes(held["raw"], held["rescued"], known), pa.string())
        rows = pa.table({"shape": shapes, **{name: held[name] for name in ("source", "event_date", *_EARLIEST)}})
        in_order = rows.sort_by([(name, "ascending") for name in _EARLIEST])
        firsts = [(name, "first") for name in _EARLIEST]
        groups = in_order.group_by(list(_GROUP), use_threads=False).aggregate([([], "count_all"), *firsts])
        for group in groups.to_batches():
            earliest = pa.StructArray.from_arrays([group[f"{name}_first"] for name in _EARLIEST], list(_EARLIEST))
            columns = [*(group[name] for name in _GROUP), group["count_all"], earliest]
            yield pa.RecordBatch.from_arrays(columns, [*_GROUP, "record_count", "earliest"])


def sum_by_shape(counted: DataFrame) -> DataFrame:
    """What `count_shapes` gives, as one row per (source, event_date, shape)."""
    return counted.groupBy(*_GROUP).agg(
        F.sum("record_count").alias("record_count"), F.min("earliest").alias("earliest")
    )


def shape_of(record: Any) -> str:
    """(path, type) of everything in a value of JSON, as JSON: `{"a": [1]}` has '', 'a' and 'a[]'."""
    kinds: dict[str, set[str]] = {}
    to_see = [("", record)]
    while to_see:
        path, value = to_see.pop()
        if value is None:
            continue
        kinds.setdefault(path, set()).add(TYPES[type(value)])
        if isinstance(value, dict):
            to_see += [(f"{path}.{name}", member) for name, member in value.items()]
        elif isinstance(value, list):
            to_see += [(f"{path}[]", element) for element in value]
    fields = sorted((path.removeprefix("."), min(of) if len(of) == 1 else MIXED) for path, of in kinds.items())
    return orjson.dumps(fields).decode()


def _shapes(raws: pa.BinaryArray, rescued: pa.StringArray, known: dict[Any, str]) -> list[str]:
    """The shape of each record; of plain objects with the same fingerprint one is parsed, if none is known."""
    marks = _fingerprints(raws)
    kinds, firsts, kind = np.unique(marks, return_index=True, return_inverse=True)
    examples = zip(kinds.tolist(), firsts.tolist(), strict=True)
    of_kind = [_remembered(mark, known, raws[first].as_py()) if mark else "" for mark, first in examples]
    shapes = [of_kind[n] for n in kind.tolist()]
    for place in np.flatnonzero(marks == 0).tolist():
        shapes[place] = _shape_by_names(_fields_of(raws[place].as_py(), rescued[place].as_py()), known)
    return shapes


def _fingerprints(raws: pa.BinaryArray) -> npt.NDArray[np.uint64]:
    from lakerec.bronze.fingerprints import take_fingerprints  # imports numba

    marks = np.zeros(len(raws), np.uint64)
    lines = pc.binary_join_element_wise(raws, b"", b"\n")
    _, offsets, text = lines.buffers()
    take_fingerprints(np.frombuffer(text, np.uint8), np.frombuffer(offsets, np.int32)[1:].astype(np.int64) - 1, marks)
    return marks


def _fields_of(raw: bytes, rescued: str | None) -> dict[str, Any]:
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        record = None
    return record if isinstance(record, dict) else orjson.loads(rescued or "{}")


def _shape_by_names(record: dict[str, Any], known: dict[Any, str]) -> str:
    """The shape of a record; of one without objects and arrays, names and types tell it."""
    types = tuple(map(type, record.values()))
    return shape_of(record) if {dict, list} & set(types) else _remembered((tuple(record), types), known, record)


def _remembered(mark: Any, known: dict[Any, str], record: dict[str, Any] | bytes) -> str:
    """The shape of all records with a mark, of which one is given, parsed or not."""
    if mark not in known:
        if len(known) == _SHAPES_REMEMBERED:
            known.clear()
        known[mark] = shape_of(orjson.loads(record) if isinstance(record, bytes) else record)
    return known[mark]
