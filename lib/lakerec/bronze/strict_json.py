"""The one JSON parser: RFC 8259, strict. The reader, the preview, a replay and the tests all ask it.

orjson decides. What it refuses is looked at once more where the standard leaves room: a byte order mark at the start is
passed over (section 8.1), and a number too large for a double is read as the text of its digits (section 6). Lone
surrogates and nesting deeper than orjson goes are refused by name: no column could hold the first, and the second is
a limit that section 9 allows.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from math import isinf
from typing import Any

import orjson

NOT_JSON = "not JSON"
NOT_UTF8 = "not UTF-8"
LONE_SURROGATE = "lone surrogate"
TOO_DEEP = "nested too deeply"

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DEEPEST = 1024

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)'
_NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?!\s*:)"
_STRING_OR_NUMBER = re.compile(_STRING + rb"|(" + _NUMBER + rb")", re.DOTALL)
_STRING_OR_KEY = re.compile(_STRING + rb"(\s*:)?", re.DOTALL)
_STRING_OR_BRACKET = re.compile(_STRING + rb"|([\[{])|([\]}])|(,)", re.DOTALL)
_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:" + _PAIR + rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)


class NotJsonError(ValueError):
    """Bytes that are no JSON text; the message is one of the reasons above."""


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; of members with one name the last wins.

    Raises:
        NotJsonError: it is none.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _look_again(text.removeprefix(BYTE_ORDER_MARK))


def parse_exactly(text: bytes) -> Any:
    """The value of a text that `parse_json` takes, with every number as the text of its digits."""
    return orjson.loads(_numbers_as_text(text.removeprefix(BYTE_ORDER_MARK), lambda digits: True))


def has_repeated_key(text: bytes, value: Any) -> bool:
    """Whether in a text, of which `value` is the value, an object names a member twice.

    A string before a colon is a name; members that lost to a later one of their name are not in the value.
    """
    key_count = _count_keys(value)
    if text.count(b'":') == key_count and not _has_spaced_colon(text):
        return False
    return sum(match[1] is not None for match in _STRING_OR_KEY.finditer(text)) != key_count


def count_repeated_keys(texts: Sequence[bytes], objects: Sequence[dict[str, Any]]) -> int:
    """Of how many lines `has_repeated_key` holds; a line with as many colons after quotes as members needs no look."""
    colon_counts, key_counts = map(bytes.count, texts, repeat(b'":')), map(len, objects)
    if not _has_spaced_colon(b"".join(texts)):
        suspects = [
            place for place, (colons, keys) in enumerate(zip(colon_counts, key_counts, strict=True)) if colons != keys
        ]
    else:
        suspects = list(range(len(texts)))
    return sum(has_repeated_key(texts[place], objects[place]) for place in suspects)


def split_array(text: bytes) -> list[bytes]:
    """The exact bytes of the elements of a valid array."""
    return [text[start:stop].strip() for start, stop in _parts(text)]


def member(text: bytes, path: list[str]) -> bytes:
    """The exact bytes of one member of a valid object; `path` leads to it through objects."""
    for name in path:
        parts = [text[start:stop] for start, stop in _parts(text)]
        keys = [(part, key) for part in parts if (key := _STRING_OR_KEY.search(part))]
        text = [part[key.end() :] for part, key in keys if orjson.loads(key[0].rstrip(b" \t\r\n:")) == name][-1]
    return text


def _look_again(text: bytes) -> Any:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise NotJsonError(NOT_UTF8) from None
    try:
        return orjson.loads(_numbers_as_text(text, _is_beyond_double))
    except orjson.JSONDecodeError:
        raise NotJsonError(_why_not(text)) from None


def _numbers_as_text(text: bytes, is_wanted: Callable[[bytes], bool]) -> bytes:
    """Quote numbers. Only a whole number that is no member's name is one, so an invalid text stays invalid."""

    def quoted(match: re.Match[bytes]) -> bytes:
        return b'"%b"' % match[1] if match[1] and is_wanted(match[1]) else match[0]

    return _STRING_OR_NUMBER.sub(quoted, text)


def _is_beyond_double(digits: bytes) -> bool:
    return isinf(float(digits))


def _why_not(text: bytes) -> str:
    if b"\\u" in text:
        mended = _ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], text)
        try:
            orjson.loads(_numbers_as_text(mended, _is_beyond_double))
        except orjson.JSONDecodeError:
            pass
        else:
            return LONE_SURROGATE
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        deepest = max(deepest, depth)
    return TOO_DEEP if deepest > DEEPEST and depth == 0 else NOT_JSON


def _has_spaced_colon(text: bytes) -> bool:
    return any(blank in text and blank + b":" in text for blank in (b" ", b"\t", b"\r", b"\n"))


def _count_keys(value: Any) -> int:
    count, open_values = 0, [value]
    while open_values:
        inner = open_values.pop()
        if type(inner) is dict:
            count += len(inner)
            inner = inner.values()
        elif type(inner) is not list:
            continue
        open_values += [one for one in inner if type(one) is dict or type(one) is list]
    return count


def _parts(text: bytes) -> Iterator[tuple[int, int]]:
    """Where the elements of an array, or the members of an object, start and stop."""
    depth = start = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        if match[1] and depth == 1:
            start = match.end()
        elif (match[3] and depth == 1) or (match[2] and depth == 0):
            if text[start : match.start()].strip():
                yield start, match.start()
            start = match.end()
