"""Delivered bytes to lines, in bounded memory: a line ends at a line feed, which belongs to none."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

TOO_LONG = "longer than is read"

WHITESPACE = b" \t\r\n"
# What is held in memory at once, beside a line of the longest that is read: as much as stays in a core's cache.
LINES_AT_ONCE = 20_000
BYTES_AT_ONCE = 1 << 19
# What is kept of a line that is too long; the limit is never below it.
FIRST_BYTES = 1024


class CutLine(NamedTuple):
    """What is known of a line that is too long; no parser takes it for a line."""

    first: bytes
    size: int
    sha256: str


class Cutter:
    """Collects the bytes of one line; above the limit it only counts and hashes them."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._hash = sha256()
        self._first: bytes | None = None

    def add(self, part: bytes) -> None:
        """Take further bytes."""
        self._parts.append(part)
        self._size += len(part)
        if self._limit is not None and self._size > self._limit:
            held = b"".join(self._parts)
            self._first = held[:FIRST_BYTES] if self._first is None else self._first
            self._hash.update(held)
            self._parts.clear()

    def take(self) -> bytes | CutLine:
        """The bytes collected, and start anew."""
        if self._first is None:
            line: bytes | CutLine = b"".join(self._parts)
        else:
            line = CutLine(self._first, self._size, self._hash.hexdigest())
        self._parts, self._size, self._hash, self._first = [], 0, sha256(), None
        return line


def cut_into_texts(chunks: Iterable[bytes], limit: int | None = None) -> Iterator[tuple[bytes | CutLine, bytes]]:
    """A line that began in an earlier chunk, or with this one, and what follows it of whole lines, with their feeds.

    Args:
        chunks: the bytes of a file, cut anywhere.
        limit: bytes above which that line is cut; None: never. The whole lines are no longer than a chunk.
    """
    begun = Cutter(limit)
    for chunk in chunks:
        first, feed, rest = chunk.partition(b"\n")
        begun.add(first)
        if not feed:
            continue
        end = rest.rfind(b"\n") + 1
        yield begun.take(), rest[:end]
        begun.add(rest[end:])
    if line := begun.take():
        yield line, b""


def cut_into_lines(chunks: Iterable[bytes], limit: int | None = None) -> Iterator[list[bytes | CutLine]]:
    """The lines of a file, some at a time; the last may lack its line feed.

    Args:
        chunks: the bytes, cut anywhere.
        limit: bytes above which a line is cut; None: never.
    """
    for first, text in cut_into_texts(chunks, limit):
        lines = [first, *split_text(text, limit)]
        for start in range(0, len(lines), LINES_AT_ONCE):
            yield lines[start : start + LINES_AT_ONCE]


def split_text(text: bytes, limit: int | None) -> list[bytes | CutLine]:
    """The lines of a text that ends with a line feed, none longer than the limit."""
    lines = text.split(b"\n")[:-1]
    return lines if limit is None or len(text) <= limit else [_cut(line, limit) for line in lines]  # type: ignore[return-value]


def _cut(line: bytes | CutLine, limit: int) -> bytes | CutLine:
    if isinstance(line, CutLine) or len(line) <= limit:
        return line
    return CutLine(line[:FIRST_BYTES], len(line), sha256(line).hexdigest())
