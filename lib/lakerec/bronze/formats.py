"""Delivered bytes to records: strict, streaming, each record with its line number and its exact bytes.

One verdict for each line: header, blank, accepted, or malformed with a reason. A line with an exploded array is
accepted where one of its records is, and each record has its own verdict. The bytes of a line are kept once, by its
record number 1, accepted or malformed. Everything here is plain Python, so that the reader, the tests and whoever looks
at a single line use the same parser; `plain_lines` spares it only what it would have read alike.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import orjson

from lakerec.bronze.csv_lines import parse_csv
from lakerec.bronze.lines import (
    BYTES_AT_ONCE,
    LINES_AT_ONCE,
    TOO_LONG,
    WHITESPACE,
    CutLine,
    Cutter,
    cut_into_lines,
    cut_into_texts,
    split_text,
)
from lakerec.bronze.mapping import CsvFormat, Format, JsonFormat, JsonLinesFormat
from lakerec.bronze.nesting import EMPTY_ARRAY, NOT_AN_OBJECT, element_bytes, split_value
from lakerec.bronze.plain_lines import PlainLines, part_lines
from lakerec.bronze.strict_json import NotJsonError, count_repeated_keys, has_repeated_key, parse_json

WRONG_NUMBER_OF_FIELDS = "wrong number of fields"

Lines = Iterable[bytes | CutLine]


class UnreadableFileError(Exception):
    """Nothing of a file can be taken; the message says why. The file is held, so the reader catches this."""


class Malformed(NamedTuple):
    """A line, a quoted record of several lines, or a record within a line, that could not be read.

    Where the line was too long, `raw` is its first bytes, and the rest is known by size and hash.
    """

    line_number: int
    raw: bytes
    reason: str
    record_number: int = 1
    size_bytes: int | None = None
    content_hash: str | None = None


@dataclass(slots=True)
class Records:
    """What a stretch of a file holds; the line counts of a file's stretches add up to the file's.

    `raws` holds the bytes of the line that each record is of; `record_numbers` is empty where each is its line's first.
    Records of `plain` are in none of the lists.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    record_numbers: list[int] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)
    header_count: int = 0
    blank_count: int = 0
    malformed_line_count: int = 0
    accepted_line_count: int = 0
    duplicate_key_count: int = 0
    plain: PlainLines | None = None


def read_records(
    chunks: Iterable[bytes],
    file_format: Format,
    names: Collection[str] = (),
    max_line_bytes: int | None = None,
    plain_fields: Sequence[str] = (),
) -> Iterator[Records]:
    """Records of one file, a bounded stretch at a time; not of Parquet, see `parquet_rows`.

    Args:
        chunks: the file's bytes, uncompressed, cut anywhere.
        file_format: how they are to be read.
        names: fields that are mapped; a header has to have them, a record of JSON has inner ones lifted up.
        max_line_bytes: what is longer is malformed; None: nothing is.
        plain_fields: of lines that each hold one record of JSON: fields into which those are taken apart that are so
            plain that no parser is needed; none: all lines are parsed.

    Raises:
        UnreadableFileError: the header is not as configured.
    """
    if isinstance(file_format, JsonFormat):
        return _read_document(chunks, file_format, names, max_line_bytes)
    stretches = cut_into_lines(chunks, max_line_bytes)
    if isinstance(file_format, CsvFormat):
        return _read_csv(chain.from_iterable(stretches), file_format, names)
    assert isinstance(file_format, JsonLinesFormat)
    if not file_format.is_flat(names):
        return _read_nested(stretches, file_format.explode, names)
    if plain_fields:
        return _read_plain(chunks, plain_fields, max_line_bytes)
    return _read_flat(stretches)


def object_of(line: bytes | CutLine) -> dict[str, Any] | str:
    """The object that a line of JSON is, or why it is none."""
    if isinstance(line, CutLine):
        return TOO_LONG
    try:
        value = parse_json(line)
    except NotJsonError as error:
        return str(error)
    return value if type(value) is dict else NOT_AN_OBJECT


def add_parts(
    records: Records, number: int, line: bytes, line_count: int, value: Any, explode: str, names: Collection[str]
) -> None:
    """Add the records of a line; its bytes go with the first, and a later one that is malformed brings its own."""
    records.duplicate_key_count += has_repeated_key(line, value)
    parts = split_value(value, explode, names)
    good = [(n, part) for n, part in enumerate(parts, 1) if isinstance(part, dict)]
    bad = [(n, part) for n, part in enumerate(parts, 1) if isinstance(part, str)]
    records.rows += [row for _, row in good]
    records.record_numbers += [n for n, _ in good]
    records.line_numbers += [number] * len(good)
    records.raws += [line] * len(good)
    if bad:
        raws = [line, *element_bytes(line, parse_json(line), explode)[1:]]
        records.malformed += [Malformed(number, raws[n - 1], reason, n) for n, reason in bad]
    if good:
        records.accepted_line_count += line_count
    else:
        records.malformed_line_count += line_count


def _read_flat(stretches: Iterable[Lines]) -> Iterator[Records]:
    """Lines of JSON whose objects are records as they are."""
    number = 1
    for lines in stretches:
        numbered = list(enumerate(lines, number))
        number += len(numbered)
        yield _parse_flat(numbered)


def _read_plain(chunks: Iterable[bytes], fields: Sequence[str], limit: int | None) -> Iterator[Records]:
    """The same for the way that most bytes go: only what is not plain is parsed."""
    number = 1
    rest: Iterable[tuple[int, bytes | CutLine]]
    for first, text in cut_into_texts(chunks, limit):
        if limit is None or len(text) <= limit:
            plain, rest = part_lines(text, number + 1, fields)
        else:
            plain, rest = None, enumerate(split_text(text, limit), number + 1)
        records = _parse_flat([(number, first), *rest])
        if plain:
            records.plain = plain
            records.accepted_line_count += len(plain.numbers)
        yield records
        number += 1 + text.count(b"\n")


def _parse_flat(numbered: Sequence[tuple[int, bytes | CutLine]]) -> Records:
    loads, bad_json = orjson.loads, orjson.JSONDecodeError
    records = Records()
    rows, numbers, raws = records.rows, records.line_numbers, records.raws
    for number, line in numbered:
        try:
            row = loads(line)  # type: ignore[arg-type]  # what is no bytes is bad JSON to orjson
        except bad_json:
            row = object_of(line)
        if type(row) is dict:
            rows.append(row)
            numbers.append(number)
            raws.append(line)  # type: ignore[arg-type]
        else:
            _add_bad_line(records, number, line, str(object_of(line)))
    records.accepted_line_count = len(rows)
    records.duplicate_key_count = count_repeated_keys(raws, rows)
    return records


def _read_nested(stretches: Iterable[Lines], explode: str, names: Collection[str]) -> Iterator[Records]:
    number = 0
    for lines in stretches:
        records = Records()
        for line in lines:
            number += 1
            value = object_of(line)
            if isinstance(value, dict) and isinstance(line, bytes):
                add_parts(records, number, line, 1, value, explode, names)
            else:
                _add_bad_line(records, number, line, str(value))
        yield records


def _read_document(
    chunks: Iterable[bytes], options: JsonFormat, names: Collection[str], limit: int | None
) -> Iterator[Records]:
    """A whole file as one line, which counts as many lines as it has."""
    whole, line_count, is_ended = Cutter(limit), 0, True
    for chunk in chunks:
        whole.add(chunk)
        line_count += chunk.count(b"\n")
        is_ended = chunk.endswith(b"\n")
    line_count += not is_ended
    text, records = whole.take(), Records()
    try:
        value = [] if isinstance(text, CutLine) else parse_json(text)
        reason = TOO_LONG if isinstance(text, CutLine) else EMPTY_ARRAY
    except NotJsonError as error:
        value, reason = [], str(error)
    if value != [] and isinstance(text, bytes):
        add_parts(records, 1, text, line_count, value, options.explode, names)
    elif line_count:
        _add_bad_line(records, 1, text, reason, line_count)
    yield from _in_pieces(records)


def _add_bad_line(records: Records, number: int, line: bytes | CutLine, reason: str, line_count: int = 1) -> None:
    """Count a line, or several of one record, that holds none: blank or malformed."""
    if isinstance(line, CutLine):
        records.malformed.append(Malformed(number, line.first, reason, 1, line.size, line.sha256))
    elif line.strip(WHITESPACE):
        records.malformed.append(Malformed(number, line, reason))
    else:
        records.blank_count += line_count
        return
    records.malformed_line_count += line_count


def _in_pieces(records: Records) -> Iterator[Records]:
    """The records of one document, no more at once than of lines; the last piece holds the counts."""
    rows, line_numbers, raws, record_numbers = (
        records.rows, records.line_numbers, records.raws, records.record_numbers
    )  # fmt: skip
    for start in range(LINES_AT_ONCE, len(rows), LINES_AT_ONCE):
        piece = slice(start, start + LINES_AT_ONCE)
        yield Records(rows[piece], line_numbers[piece], raws[piece], record_numbers[piece])
    for one in (rows, line_numbers, raws, record_numbers):
        del one[LINES_AT_ONCE:]
    yield records


def _read_csv(lines: Lines, options: CsvFormat, required: Iterable[str]) -> Iterator[Records]:
    names = list(options.columns)
    number, size = 1, 0
    records = Records()
    for raw, line_count, fields, reason in parse_csv(iter(lines), options):
        if not names and (isinstance(raw, CutLine) or raw.strip(WHITESPACE)):
            names = _column_names(fields, reason, required)
            records.header_count = line_count
        elif isinstance(raw, bytes) and fields and len(fields) == len(names):
            records.rows.append(dict(zip(names, fields, strict=True)))
            records.line_numbers.append(number)
            records.raws.append(raw)
            records.accepted_line_count += line_count
        else:
            _add_bad_line(records, number, raw, reason or WRONG_NUMBER_OF_FIELDS, line_count)
        number += line_count
        size += len(raw)
        if len(records.rows) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield records
            records, size = Records(), 0
    yield records


def _column_names(fields: list[str], reason: str | None, required: Iterable[str]) -> list[str]:
    if reason:
        raise UnreadableFileError(f"its header could not be read: {reason}")
    if lacking := sorted(set(required) - set(fields)):
        raise UnreadableFileError(f"its header lacks {lacking}")
    if repeated := sorted({name for name in fields if fields.count(name) > 1}):
        raise UnreadableFileError(f"its header names {repeated} more than once")
    return fields
