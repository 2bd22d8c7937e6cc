"""Delivered bytes to records: strict, streaming, each record with its line number and its exact bytes.

One verdict for each line: header, blank, accepted, or malformed with a reason. A line ends at a line feed, which
belongs to no record; a carriage return before it does. Everything here is plain Python, so that the reader, the tests
and whoever looks at a single line use the same parser.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import orjson

from lakerec.bronze.csv_lines import NOT_UTF8, parse_csv
from lakerec.bronze.mapping import CsvFormat, JsonLinesFormat

NOT_JSON = "not JSON"
NOT_AN_OBJECT = "not an object"
WRONG_NUMBER_OF_FIELDS = "wrong number of fields"

WHITESPACE = b" \t\r"
# What is held in memory at once.
LINES_AT_ONCE = 20_000
BYTES_AT_ONCE = 4 << 20


class UnreadableFileError(Exception):
    """Nothing of a file can be taken; the message says why. The file is held, so the reader catches this."""


class Malformed(NamedTuple):
    """A line, or a quoted record of several lines, that could not be read."""

    line_number: int
    raw: bytes
    reason: str


@dataclass(slots=True)
class Records:
    """What a stretch of a file holds; the line counts of a file's stretches add up to the file's."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)
    header_count: int = 0
    blank_count: int = 0
    malformed_line_count: int = 0
    accepted_line_count: int = 0


def read_records(
    chunks: Iterable[bytes], file_format: JsonLinesFormat | CsvFormat, required: Iterable[str] = ()
) -> Iterator[Records]:
    """Records of one file, a bounded stretch at a time.

    Args:
        chunks: the file's bytes, uncompressed, cut anywhere.
        file_format: how they are to be read.
        required: names of columns that the header of a file has to have.

    Raises:
        UnreadableFileError: the header is not as configured.
    """
    if isinstance(file_format, CsvFormat):
        return _read_csv(chunks, file_format, required)
    return _read_json_lines(chunks)


def _read_json_lines(chunks: Iterable[bytes]) -> Iterator[Records]:
    loads, bad_json = orjson.loads, orjson.JSONDecodeError
    number = 0
    for lines in _stretches(chunks):
        records = Records()
        rows, numbers, raws = records.rows, records.line_numbers, records.raws
        for line in lines:
            number += 1
            try:
                row = loads(line)
            except bad_json:
                if line.strip(WHITESPACE):
                    records.malformed.append(Malformed(number, line, NOT_JSON if _is_utf8(line) else NOT_UTF8))
                else:
                    records.blank_count += 1
                continue
            if type(row) is dict:
                rows.append(row)
                numbers.append(number)
                raws.append(line)
            else:
                records.malformed.append(Malformed(number, line, NOT_AN_OBJECT))
        records.accepted_line_count = len(rows)
        records.malformed_line_count = len(records.malformed)
        yield records


def _read_csv(chunks: Iterable[bytes], options: CsvFormat, required: Iterable[str]) -> Iterator[Records]:
    names = list(options.columns)
    number, size = 1, 0
    records = Records()
    for raw, line_count, fields, reason in parse_csv(chain.from_iterable(_stretches(chunks)), options):
        if not raw.strip(WHITESPACE):
            records.blank_count += 1
        elif not names:
            names = _column_names(fields, reason, required)
            records.header_count = line_count
        elif len(fields) == len(names):
            records.rows.append(dict(zip(names, fields, strict=True)))
            records.line_numbers.append(number)
            records.raws.append(raw)
            records.accepted_line_count += line_count
        else:
            records.malformed.append(Malformed(number, raw, reason or WRONG_NUMBER_OF_FIELDS))
            records.malformed_line_count += line_count
        number += line_count
        size += len(raw)
        if len(records.rows) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield records
            records, size = Records(), 0
    yield records


def _column_names(fields: list[str], reason: str | None, required: Iterable[str]) -> list[str]:
    if reason:
        raise UnreadableFileError(f"its header could not be read: {reason}")
    names = [fields[0].removeprefix("\ufeff"), *fields[1:]]
    if lacking := sorted(set(required) - set(names)):
        raise UnreadableFileError(f"its header lacks {lacking}")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableFileError(f"its header names {repeated} more than once")
    return names


def _stretches(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines of a file, some at a time; the last may lack its line feed."""
    begun: list[bytes] = []
    for chunk in chunks:
        if b"\n" not in chunk:
            begun.append(chunk)
            continue
        lines = b"".join([*begun, chunk]).split(b"\n")
        begun = [lines.pop()]
        for start in range(0, len(lines), LINES_AT_ONCE):
            yield lines[start : start + LINES_AT_ONCE]
    if last := b"".join(begun):
        yield [last]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
