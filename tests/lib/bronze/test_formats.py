import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.formats import Records, UnreadableFileError, read_records
from lakerec.bronze.mapping import CsvFormat, JsonLinesFormat

JSON_LINES = JsonLinesFormat(kind="jsonl")
CSV = CsvFormat(kind="csv", header=True, delimiter=",", quote='"')
BARE_CSV = CsvFormat(kind="csv", header=False, columns=("a", "b"), delimiter=",", quote='"')


def read(data: bytes, file_format=JSON_LINES, cut: int = 1 << 20, required=()) -> Records:
    """All of a file at once, delivered in chunks of `cut` bytes."""
    whole = Records()
    chunks = (data[at : at + cut] for at in range(0, len(data), cut))
    for part in read_records(chunks, file_format, required):
        whole.rows += part.rows
        whole.line_numbers += part.line_numbers
        whole.raws += part.raws
        whole.malformed += part.malformed
        whole.header_count += part.header_count
        whole.blank_count += part.blank_count
        whole.malformed_line_count += part.malformed_line_count
        whole.accepted_line_count += part.accepted_line_count
    return whole


def test_each_line_of_json_gets_one_verdict():
    data = b'{"a": 1}\n\n  \r\n{"a"\n[1]\n"\xff"\n{"a": 2}\r\n7'

    found = read(data)

    assert found.rows == [{"a": 1}, {"a": 2}]
    assert found.line_numbers == [1, 7]
    assert found.raws == [b'{"a": 1}', b'{"a": 2}\r']
    assert [tuple(line) for line in found.malformed] == [
        (4, b'{"a"', "not JSON"),
        (5, b"[1]", "not an object"),
        (6, b'"\xff"', "not UTF-8"),
        (8, b"7", "not an object"),
    ]
    assert (found.accepted_line_count, found.blank_count, found.malformed_line_count) == (2, 2, 4)


@pytest.mark.parametrize(
    "line", [b"{'a': 1}", b'{"a": NaN}', b'{"a": 1} x', b'{"a": 1}{"a": 2}', b'{"a": 01}', b'{"a": 1,}']
)
def test_what_lenient_parsers_take_is_not_json(line):
    assert [bad.reason for bad in read(line).malformed] == ["not JSON"]


def test_the_verdict_on_published_parsing_cases_is_that_of_the_standard(shared_data):
    cases = sorted((shared_data / "json_test_suite").glob("[yn]_*.json"))
    one_line = [(path, path.read_bytes()) for path in cases if b"\n" not in path.read_bytes()]

    verdicts = {path.name: read(data) for path, data in one_line}

    wrongly_refused = [
        n for n, v in verdicts.items() if n[0] == "y" and any("not JSON" in m.reason for m in v.malformed)
    ]
    wrongly_taken = [n for n, v in verdicts.items() if n[0] == "n" and v.rows]
    assert len(verdicts) > 250
    assert wrongly_refused == wrongly_taken == []


def test_of_two_equal_keys_the_last_counts():
    assert read(b'{"a": 1, "a": 2}').rows == [{"a": 2}]


def test_an_empty_file_holds_nothing():
    assert read(b"") == Records()
    assert read(b"", CSV) == Records()


@given(
    st.lists(st.sampled_from([b'{"a":1}', b"", b"x", b"\xff", b" \r", b"[]", b'{"b":"\xc3\xa9"}'])), st.integers(1, 9)
)
def test_wherever_the_bytes_are_cut_the_lines_are_the_same(lines, cut):
    data = b"\n".join(lines)

    found = read(data, cut=cut)

    assert found == read(data)
    numbered = dict(zip(found.line_numbers, found.raws, strict=True)) | {m.line_number: m.raw for m in found.malformed}
    kept = [numbered.get(number, line) for number, line in enumerate(lines, 1)]
    assert kept == lines


def test_a_header_names_the_columns_and_is_counted_apart():
    found = read(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,\r\n", CSV, required=["a"])

    assert found.rows == [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]
    assert found.line_numbers == [2, 4]
    assert (found.header_count, found.blank_count, found.accepted_line_count) == (1, 1, 2)


@given(st.text(alphabet='ab,"\n\r', max_size=40), st.integers(1, 5))
def test_every_line_of_any_csv_is_accounted_for_byte_by_byte(text, cut):
    data = text.encode()

    found = read(data, BARE_CSV, cut=cut)

    lines = data.split(b"\n")[:-1] + ([data.split(b"\n")[-1]] if data.split(b"\n")[-1] else [])
    counted = found.blank_count + found.accepted_line_count + found.malformed_line_count
    assert counted == len(lines)
    starts = [*zip(found.line_numbers, found.raws, strict=True), *((m.line_number, m.raw) for m in found.malformed)]
    for number, raw in starts:
        assert raw == b"\n".join(lines[number - 1 : number + raw.count(b"\n")])


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"a,b\n", "its header lacks ['c']"),
        (b"a,c,a\n", "its header names ['a'] more than once"),
        (b'a,"c\n', "its header could not be read: quote not closed"),
    ],
)
def test_a_file_whose_header_is_not_as_configured_is_unreadable(header, reason):
    with pytest.raises(UnreadableFileError) as caught:
        read(header + b"1,2\n", CSV, required=["c"])

    assert str(caught.value) == reason


def test_a_quoted_record_counts_all_its_lines_at_its_first():
    found = read(b'1,"two\nthree"\n4\n5,6\n', BARE_CSV)

    assert found.rows == [{"a": "1", "b": "two\nthree"}, {"a": "5", "b": "6"}]
    assert found.line_numbers == [1, 4]
    assert (found.accepted_line_count, found.malformed_line_count) == (3, 1)
    assert [tuple(bad) for bad in found.malformed] == [(3, b"4", "wrong number of fields")]


def test_other_delimiters_and_quotes_are_a_setting():
    semicolons = CsvFormat(kind="csv", header=True, delimiter=";", quote="'")

    assert read(b"a;b\n1;'2;3'\n", semicolons).rows == [{"a": "1", "b": "2;3"}]


def test_a_plain_json_line_is_what_the_standard_library_makes_of_it():
    line = json.dumps({"name": "Bluse “Ähre”", "price": 12.5, "tags": ["a", None]}).encode()

    assert read(line).rows == [json.loads(line)]
