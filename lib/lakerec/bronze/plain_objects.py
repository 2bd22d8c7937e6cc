"""JSON objects that a glance at their bytes reads, in compiled loops: most records of a log are such.

An object is *plain* where it is ASCII without escapes and control characters, has only blanks, tabs and carriage
returns between its parts, names no member twice, and holds strings, true, false, null, and numbers without exponent of
at most 15 digits (18 where whole), but no objects and arrays. It is valid JSON (RFC 8259), and what a parser would make
of it stands in its bytes. All other text is for a parser to judge.

Importing this module imports numba: only where records are read.
"""

import numpy as np
import numpy.typing as npt
from numba import int32, int64, types, uint8

from lakerec.bronze.plain_scan import (
    CLOSE,
    COLON,
    COMMA,
    NOT_PLAIN,
    NULL,
    OPEN,
    PLACES,
    POINT,
    QUOTE,
    TEXT,
    ZERO,
    Bytes,
    Ints,
    after_blanks,
    find_member,
)
from lakerec.compiled import SUMS_IN_ORDER, compiled

Ints32 = npt.NDArray[np.int32]

MOST_OTHERS = 16
"""Members of a plain object that nobody asked for."""

LINE_FEED = ord("\n")


@compiled(int64(TEXT, int64, int64), SUMS_IN_ORDER)
def _shortest(text: Bytes, at: int, stop: int) -> int:
    """Where a value stops as a parser would write it again: 2.50 is 2.5, and 2.00 is 2.0."""
    if text[at] == QUOTE:
        return stop
    point = at
    while point < stop and text[point] != POINT:
        point += 1
    while stop > point + 2 and text[stop - 1] == ZERO:
        stop -= 1
    return stop


@compiled(int64(TEXT, int64, int64, TEXT, int64, int64), SUMS_IN_ORDER)
def _order(one: Bytes, at: int, stop: int, other: Bytes, other_at: int, other_stop: int) -> int:
    """Below 0, 0 or above: how two texts stand to each other."""
    while at < stop and other_at < other_stop and one[at] == other[other_at]:
        at += 1
        other_at += 1
    if at == stop or other_at == other_stop:
        return (stop - at) - (other_stop - other_at)
    return int64(one[at]) - int64(other[other_at])


@compiled(int64(TEXT, int64, int64, TEXT, PLACES, int64), SUMS_IN_ORDER)
def _find(text: Bytes, at: int, stop: int, names: Bytes, name_stops: Ints, likely: int) -> int:
    """Which of the names a text is; -1: none."""
    count = len(name_stops)
    for step in range(count):
        number = (likely + step) % count
        name_at = name_stops[number - 1] if number else 0
        if _order(text, at, stop, names, name_at, name_stops[number]) == 0:
            return number
    return -1


@compiled(int64(TEXT, int64[:, ::1], int64, int64, int64, int64), SUMS_IN_ORDER)
def _insert_other(text: Bytes, others: Ints, count: int, at: int, name_stop: int, value_at: int) -> int:
    """Put a member among the others, in the order of their names; its place, or not plain."""
    if count == MOST_OTHERS:
        return NOT_PLAIN
    place = count
    while place:
        order = _order(text, at, name_stop, text, others[place - 1, 0], others[place - 1, 1])
        if order == 0:
            return NOT_PLAIN
        if order > 0:
            break
        others[place] = others[place - 1]
        place -= 1
    others[place, 0], others[place, 1], others[place, 2] = at, name_stop, value_at
    return place


@compiled(int64(TEXT, int64, int64, uint8[::1], int64), SUMS_IN_ORDER)
def _copy(text: Bytes, at: int, stop: int, out: Bytes, out_at: int) -> int:
    for place in range(at, stop):
        out[out_at] = text[place]
        out_at += 1
    return out_at


@compiled(int64(TEXT, int64[:, ::1], int64, uint8[::1], int64), SUMS_IN_ORDER)
def _write_others(text: Bytes, others: Ints, count: int, out: Bytes, out_at: int) -> int:
    for number in range(count):
        out[out_at] = COMMA if number else OPEN
        out_at = _copy(text, others[number, 0], others[number, 1], out, out_at + 1)
        out[out_at] = COLON
        out_at = _copy(text, others[number, 2], others[number, 3], out, out_at + 1)
    if count:
        out[out_at] = CLOSE
        out_at += 1
    return out_at


_TAKE_OBJECT = int64(
    TEXT, int64, TEXT, PLACES, int64[::1], int64, int32[:, ::1], int32[:, ::1], int64, int64[:, ::1], int64[::1]
)


@compiled(_TAKE_OBJECT, SUMS_IN_ORDER)
def _take_object(
    text: Bytes,
    at: int,
    names: Bytes,
    name_stops: Ints,
    seen: Ints,
    mark: int,
    starts: Ints32,
    stops: Ints32,
    column: int,
    others: Ints,
    other_count: Ints,
) -> int:
    """Where an object ends, and what is in it."""
    other_count[0] = likely = 0
    if text[at] != OPEN:
        return NOT_PLAIN
    while True:
        at, name_stop, value, stop = find_member(text, at + 1)
        if stop == NOT_PLAIN:
            return NOT_PLAIN
        number = _find(text, at + 1, name_stop - 1, names, name_stops, likely)
        if number < 0:
            place = _insert_other(text, others, other_count[0], at, name_stop, value)
            if place == NOT_PLAIN:
                return NOT_PLAIN
            others[place, 3] = _shortest(text, value, stop)
            other_count[0] += 1
        elif seen[number] == mark:
            return NOT_PLAIN
        else:
            seen[number], likely = mark, number + 1
            if text[value] == QUOTE:
                starts[number, column], stops[number, column] = value + 1, stop - 1
            elif text[value] != NULL[0]:
                starts[number, column], stops[number, column] = value, _shortest(text, value, stop)
        at = after_blanks(text, stop)
        if text[at] == CLOSE:
            return after_blanks(text, at + 1)
        if text[at] != COMMA:
            return NOT_PLAIN


_TAKE_APART = int64(TEXT, PLACES, TEXT, PLACES, int64[::1], int32[:, ::1], int32[:, ::1], uint8[::1], int64[::1])


@compiled(_TAKE_APART, SUMS_IN_ORDER)
def take_apart(
    text: Bytes,
    feeds: Ints,
    names: Bytes,
    name_stops: Ints,
    lines: Ints,
    starts: Ints32,
    stops: Ints32,
    others: Bytes,
    other_stops: Ints,
) -> int:
    """Find the members of the plain objects among the lines of a text.

    Args:
        text: lines, each with its line feed.
        feeds: (lines), where these stand.
        names: members that are wanted, one behind the other.
        name_stops: (names), where each stops.
        lines: (lines), out; which lines are plain objects, from 0, ascending.
        starts, stops: (names, lines), out; where the values of the nth plain object lie in the text: of a string its
            characters, of anything else as a parser would write it; equal where it is absent or null.
        others: (as long as the text), out; the objects of what nobody asked for, as JSON with sorted names, one
            behind the other; nothing of an object that has no such members.
        other_stops: (lines), out; where each stops.

    Returns:
        How many lines are plain objects.
    """
    found = other_stop = begin = 0
    kept, kept_count = np.empty((MOST_OTHERS, 4), np.int64), np.zeros(1, np.int64)
    seen = np.zeros(len(name_stops), np.int64)
    for line in range(len(feeds)):
        starts[:, found] = stops[:, found] = 0
        at = after_blanks(text, begin)
        end = _take_object(text, at, names, name_stops, seen, line + 1, starts, stops, found, kept, kept_count)
        if end == feeds[line]:
            lines[found] = line
            other_stop = _write_others(text, kept, kept_count[0], others, other_stop)
            other_stops[found] = other_stop
            found += 1
        begin = feeds[line] + 1
    return found


@compiled(types.void(TEXT, int32[::1], int32[::1], int32[::1], uint8[::1]), SUMS_IN_ORDER)
def gather(text: Bytes, starts: Ints32, stops: Ints32, offsets: Ints32, out: Bytes) -> None:
    """Stretches of a text one behind the other, as Arrow holds strings.

    Args:
        starts, stops: (rows), where they lie.
        offsets: (rows + 1), out.
        out: (their sizes' sum), out.
    """
    offsets[0] = 0
    for row in range(len(starts)):
        offsets[row + 1] = _copy(text, starts[row], stops[row], out, offsets[row])
