import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.csv_lines import LONGEST_QUOTED_RECORD, CsvRecord, parse_csv
from lakerec.bronze.mapping import CsvFormat

COMMAS = CsvFormat(kind="csv", header=True, delimiter=",", quote='"')


def parse(data: bytes, options: CsvFormat = COMMAS) -> list[CsvRecord]:
    return list(parse_csv(iter(data.split(b"\n")), options))


def fields(data: bytes) -> list[list[str]]:
    return [record.fields for record in parse(data)]


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_ends_and_keeps_its_bytes():
    first, second = parse(b'1,"two, ""and""\r\nthree"\r\n4,')

    assert first == (b'1,"two, ""and""\r\nthree"\r', 2, ["1", 'two, "and"\r\nthree'], None)
    assert second == (b"4,", 1, ["4", ""], None)


def test_a_quote_within_an_unquoted_field_is_a_character():
    assert fields(b'5" nail,x"y"') == [['5" nail', 'x"y"']]


def test_empty_fields_are_empty_strings():
    assert fields(b',"",') == [["", "", ""]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'1,"2"x', "text after a closing quote"),
        (b'1,"2', "quote not closed"),
        (b"1,\xff", "not UTF-8"),
        (b'1,"\xff"', "not UTF-8"),
    ],
)
def test_a_line_that_makes_no_fields_is_given_its_reason_and_the_next_is_read(line, reason):
    bad, good = parse(line + b"\n8,9")

    assert bad == (line, 1, [], reason)
    assert good.fields == ["8", "9"]


def test_a_forgotten_quote_costs_its_line_and_not_the_rest_of_the_file():
    line_count = LONGEST_QUOTED_RECORD // 100
    lines = [b'0,"forgotten', *[b"1," + b"2" * 150] * line_count]

    bad, *good = parse(b"\n".join(lines))

    assert bad == (b'0,"forgotten', 1, [], "quote not closed")
    assert len(good) == line_count
    assert not any(record.reason for record in good)


def test_a_forgotten_quote_that_meets_another_costs_its_line_and_not_those_between():
    bad, *good = parse(b'1,"forgotten\n2,b\n3,"c"')

    assert bad.reason == "text after a closing quote"
    assert [record.fields for record in good] == [["2", "b"], ["3", "c"]]


values = st.text(alphabet=st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(values, min_size=2, max_size=4), min_size=1))
def test_what_the_standard_library_writes_is_read_back(rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)

    records = parse(text.getvalue().removesuffix("\n").encode())

    assert [record.fields for record in records] == rows
    assert b"\n".join(record.raw for record in records) == text.getvalue().removesuffix("\n").encode()
