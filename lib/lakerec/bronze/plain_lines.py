"""Lines of JSON that need no parser, see `plain_objects`: from bytes to Arrow, without an object for each value."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Ints32 = npt.NDArray[np.int32]


class PlainLines(NamedTuple):
    """Records, each of one line.

    Attributes:
        numbers: of the lines, ascending.
        raws: their bytes, without the line feed.
        texts: their values by field, as JSON writes them, of strings the content; absent, null and empty are null.
        others: all other fields as a JSON object with sorted names; null where there are none.
    """

    numbers: npt.NDArray[np.int64]
    raws: pa.BinaryArray
    texts: dict[str, pa.StringArray]
    others: pa.StringArray


def part_lines(text: bytes, number: int, fields: Sequence[str]) -> tuple[PlainLines, list[tuple[int, bytes]]]:
    """Take the plain lines of a text; the others, with their numbers, are for a parser.

    Args:
        text: lines, each with its line feed.
        number: of the first of them.
        fields: names of members that are wanted one by one, in their usual order.
    """
    from lakerec.bronze.plain_objects import LINE_FEED, take_apart  # imports numba

    data = np.frombuffer(text, np.uint8)
    stops = np.flatnonzero(data == LINE_FEED)
    starts = np.concatenate([[0], stops + 1])[:-1]
    names = [name.encode() for name in fields]
    joined, name_stops = np.frombuffer(b"".join(names), np.uint8), np.cumsum([len(name) for name in names])
    lines, other_stops = np.empty((2, len(stops)), np.int64)
    value_starts, value_stops = np.empty((2, len(names), len(stops)), np.int32)
    others = np.empty(len(data), np.uint8)
    count = take_apart(data, stops, joined, name_stops, lines, value_starts, value_stops, others, other_stops)
    lines, offsets = lines[:count], np.concatenate([[0], other_stops[:count]]).astype(np.int32)
    plain = PlainLines(
        number + lines,
        _gather(pa.binary(), data, starts[lines].astype(np.int32), stops[lines].astype(np.int32)),
        {
            name: _gather(pa.string(), data, value_starts[n, :count], value_stops[n, :count])
            for n, name in enumerate(fields)
        },
        _array(pa.string(), offsets, others[: offsets[-1]]),
    )
    rest = np.delete(np.arange(len(stops)), lines).tolist()
    return plain, [(number + n, text[starts[n] : stops[n]]) for n in rest]


def _gather(kind: pa.DataType, data: Bytes, starts: Ints32, stops: Ints32) -> pa.Array:
    from lakerec.bronze.plain_objects import gather

    offsets, out = np.empty(len(starts) + 1, np.int32), np.empty(int((stops - starts).sum()), np.uint8)
    gather(data, starts, stops, offsets, out)
    return _array(kind, offsets, out)


def _array(kind: pa.DataType, offsets: Ints32, data: Bytes) -> pa.Array:
    """Strings that lie one behind the other; an empty one is null."""
    is_there = np.packbits(np.diff(offsets) > 0, bitorder="little")
    buffers = [pa.py_buffer(part) for part in (is_there, offsets, data)]
    return pa.Array.from_buffers(kind, len(offsets) - 1, buffers)
