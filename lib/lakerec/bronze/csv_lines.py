"""Lines of separated values to records (RFC 4180): fields as strings, with the exact bytes they were read from."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from lakerec.bronze.lines import TOO_LONG, CutLine
from lakerec.bronze.mapping import CsvFormat
from lakerec.bronze.strict_json import BYTE_ORDER_MARK, NOT_UTF8

QUOTE_NOT_CLOSED = "quote not closed"
TEXT_AFTER_QUOTE = "text after a closing quote"

# A forgotten quote would swallow the rest of its file: a quoted record longer than this has one.
LONGEST_QUOTED_RECORD = 1 << 20


class CsvRecord(NamedTuple):
    """One record; there are no fields where there is a reason why not."""

    raw: bytes | CutLine
    line_count: int
    fields: list[str]
    reason: str | None


class _QuoteError(Exception):
    """Quotes that do not make fields; the message is the reason."""


def parse_csv(lines: Iterator[bytes | CutLine], options: CsvFormat) -> Iterator[CsvRecord]:
    """The records of a file, header included.

    A quoted field may hold delimiters, doubled quotes and line ends; a quote within an unquoted field is a character.
    Where quotes do not make fields only the first line is lost, and reading goes on at the second. A byte order mark
    at the start of a line, as files have it that were made of several, is no part of its first field.

    Args:
        lines: without their line feeds; a carriage return before it is no part of the last field.
        options: delimiter and quote.
    """
    quote, delimiter = options.quote.encode(), options.delimiter
    given_back: deque[bytes | CutLine] = deque()
    while (line := _next_line(given_back, lines)) is not None:
        if isinstance(line, CutLine):
            yield CsvRecord(line, 1, [], TOO_LONG)
            continue
        if quote and quote in line:
            yield _parse_quoted(line, given_back, lines, options)
            continue
        try:
            yield CsvRecord(line, 1, _decode(line).removesuffix("\r").split(delimiter), None)
        except UnicodeDecodeError:
            yield CsvRecord(line, 1, [], NOT_UTF8)


def _parse_quoted(
    first: bytes, given_back: deque[bytes | CutLine], lines: Iterator[bytes | CutLine], options: CsvFormat
) -> CsvRecord:
    """The record that starts with a line in which there are quotes."""
    taken: list[bytes] = [first]
    fields: list[str] = []
    try:
        open_field = _split_quoted(_decode(first), fields, None, options)
        size = len(first)
        while open_field is not None:
            line = _next_line(given_back, lines) if size <= LONGEST_QUOTED_RECORD else None
            if not isinstance(line, bytes):
                given_back.extendleft([] if line is None else [line])
                raise _QuoteError(QUOTE_NOT_CLOSED)
            taken.append(line)
            size += len(line)
            open_field = _split_quoted(line.decode(), fields, open_field, options)
        return CsvRecord(b"\n".join(taken), len(taken), fields, None)
    except (UnicodeDecodeError, _QuoteError) as error:
        given_back.extendleft(reversed(taken[1:]))
        return CsvRecord(first, 1, [], NOT_UTF8 if isinstance(error, UnicodeDecodeError) else str(error))


def _split_quoted(text: str, fields: list[str], open_field: list[str] | None, options: CsvFormat) -> list[str] | None:
    """Append the fields of one line; returns the parts of a field that is still open at its end."""
    quote, delimiter, at = options.quote, options.delimiter, 0
    while True:
        if open_field is None and not text.startswith(quote, at):
            stop = text.find(delimiter, at)
            if stop < 0:
                fields.append(text[at:].removesuffix("\r"))
                return None
            fields.append(text[at:stop])
            at = stop + 1
            continue
        parts, start = ([], at + 1) if open_field is None else (open_field, at)
        end = _end_of_quoted(text, start, parts, quote)
        if end < 0:
            return parts
        fields.append("".join(parts))
        open_field = None
        if text[end:] in ("", "\r"):
            return None
        if text[end] != delimiter:
            raise _QuoteError(TEXT_AFTER_QUOTE)
        at = end + 1


def _end_of_quoted(text: str, at: int, parts: list[str], quote: str) -> int:
    """Append the content from `at` on; returns the place behind the closing quote, -1 where the line has none."""
    while (stop := text.find(quote, at)) >= 0:
        parts.append(text[at:stop])
        if not text.startswith(quote, stop + 1):
            return stop + 1
        parts.append(quote)
        at = stop + 2
    parts.append(f"{text[at:]}\n")
    return -1


def _decode(line: bytes) -> str:
    return line.removeprefix(BYTE_ORDER_MARK).decode()


def _next_line(given_back: deque[bytes | CutLine], lines: Iterator[bytes | CutLine]) -> bytes | CutLine | None:
    return given_back.popleft() if given_back else next(lines, None)
