import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.formats import Malformed, Records, UnreadableFileError, read_records
from lakerec.bronze.lines import TOO_LONG
from lakerec.bronze.mapping import CsvFormat, JsonFormat, JsonLinesFormat

JSON_LINES = JsonLinesFormat(kind="jsonl")
NESTED = JsonLinesFormat(kind="jsonl", explode="e")
JSON = JsonFormat(kind="json")
CSV = CsvFormat(kind="csv", header=True, delimiter=",", quote='"')
BARE_CSV = CsvFormat(kind="csv", header=False, columns=("a", "b"), delimiter=",", quote='"')


def read(data: bytes, file_format=JSON_LINES, cut: int = 1 << 20, names=(), limit=None) -> Records:
    """All of a file at once, delivered in chunks of `cut` bytes."""
    whole = Records()
    chunks = (data[at : at + cut] for at in range(0, len(data), cut))
    for part in read_records(chunks, file_format, names, limit):
        for name in set(Records.__slots__) - {"plain"}:
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
    return whole


def test_each_line_of_json_gets_one_verdict():
    data = b'{"a": 1}\n\n  \r\n{"a"\n[1]\n"\xff"\n{"a": 2}\r\n7'

    found = read(data)

    assert found.rows == [{"a": 1}, {"a": 2}]
    assert found.line_numbers == [1, 7]
    assert found.raws == [b'{"a": 1}', b'{"a": 2}\r']
    assert [line[:3] for line in found.malformed] == [
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


def test_of_two_equal_keys_the_last_counts_and_the_line_is_counted():
    found = read(b'{"a": 1, "a": 2}\n{"a": 1}\n{"a": {"b": 1, "b": 1}}\n{"a": 1, "a"')

    assert found.rows == [{"a": 2}, {"a": 1}, {"a": {"b": 1}}]
    assert found.duplicate_key_count == 2
    assert read(b'{"a": 1, "a": 2}', JSON).duplicate_key_count == 1
    assert read(b'{"e": [{"x": 1, "x": 2}]}', NESTED, names=["e.x"]).duplicate_key_count == 1


def test_a_line_that_is_too_long_is_malformed_with_its_start_its_size_and_its_hash():
    long = b'{"a": "' + b"x" * 5_000 + b'"}'

    found = read(b'{"a": 1}\n' + long + b'\n{"a": 2}\n', limit=4_000, cut=100)

    assert found.rows == [{"a": 1}, {"a": 2}]
    assert found.malformed == [Malformed(2, long[:1024], TOO_LONG, 1, len(long), sha256(long).hexdigest())]
    assert (found.accepted_line_count, found.malformed_line_count) == (2, 1)


def test_a_separated_line_that_is_too_long_spoils_no_other_not_even_within_a_quote():
    long = b"x" * 5_000

    found = read(b'1,2\n"3\n' + long + b"\n4,5\n", BARE_CSV, limit=4_000)

    assert [row["a"] for row in found.rows] == ["1", "4"]
    assert [(bad.line_number, bad.reason, bad.size_bytes) for bad in found.malformed] == [
        (2, "quote not closed", None),
        (3, TOO_LONG, 5_000),
    ]


def test_a_header_that_is_too_long_makes_the_file_unreadable():
    with pytest.raises(UnreadableFileError, match="its header could not be read: longer than is read"):
        read(b"a" * 5_000 + b"\n1,2\n", CSV, limit=4_000)


def test_the_bytes_of_an_exploded_line_go_with_its_first_record_good_or_bad():
    good_first = b'{"s": 1, "e": [{"x": 1}, 7 , {"x": 2}]}'
    bad_first = b'{"s": 2, "e": [null, {"x": 3}]}'
    all_bad = b'{"s": 3, "e": [ "a" , [ ] ]}'

    found = read(b"\n".join([good_first, b"", bad_first, all_bad, b"[]"]), NESTED, names=["s", "e.x"])

    numbered = zip(found.line_numbers, found.record_numbers, found.raws, found.rows, strict=True)
    assert list(numbered) == [
        (1, 1, good_first, {"s": 1, "e.x": 1}),
        (1, 3, good_first, {"s": 1, "e.x": 2}),
        (3, 2, bad_first, {"s": 2, "e.x": 3}),
    ]
    assert [(bad.line_number, bad.record_number, bad.raw) for bad in found.malformed] == [
        (1, 2, b"7"),
        (3, 1, bad_first),
        (4, 1, all_bad),
        (4, 2, b"[ ]"),
        (5, 1, b"[]"),
    ]
    assert (found.accepted_line_count, found.malformed_line_count, found.blank_count) == (2, 2, 1)


def test_a_file_may_be_one_document_whose_lines_count_with_it():
    array = b'[\n {"a": 1},\n 5,\n {"a": 2}\n]\n'

    found = read(array, JSON, cut=3)
    one = read(b'\xef\xbb\xbf{\n"a": {"b": 1}}', JSON, names=["a.b"])

    assert found.rows == [{"a": 1}, {"a": 2}]
    assert (found.line_numbers, found.record_numbers, found.raws) == ([1, 1], [1, 3], [array, array])
    assert [(bad.line_number, bad.record_number, bad.raw) for bad in found.malformed] == [(1, 2, b"5")]
    assert (found.accepted_line_count, one.accepted_line_count) == (5, 2)
    assert one.rows == [{"a.b": 1}]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"[]\n", "empty array to explode"),
        (b'{"a"\n', "not JSON"),
        (b"7", "not an object"),
        (b"[7]\n\n", "not an object"),
    ],
)
def test_a_document_without_a_record_is_malformed_with_all_its_lines(document, reason):
    found = read(document, JSON)

    assert [(bad.raw, bad.reason) for bad in found.malformed] == [(document, reason)]
    assert found.malformed_line_count == max(1, document.count(b"\n"))


def test_a_document_that_is_too_long_is_malformed_and_one_of_white_space_is_blank():
    long = b'["' + b"x" * 5_000 + b'"]\n'

    assert read(long, JSON, limit=4_000).malformed == [
        Malformed(1, long[:1024], TOO_LONG, 1, len(long), sha256(long).hexdigest())
    ]
    assert read(b" \n\n", JSON).blank_count == 2
    assert read(b"", JSON) == Records()


def test_a_document_of_many_records_comes_in_pieces():
    array = b"[" + b",".join([b'{"a":1}'] * 50_000) + b"]"

    pieces = list(read_records([array], JSON))

    assert sorted(len(piece.rows) for piece in pieces) == [10_000, 20_000, 20_000]
    assert sorted(n for piece in pieces for n in piece.record_numbers) == list(range(1, 50_001))
    assert sum(piece.accepted_line_count for piece in pieces) == 1


def test_tabs_separate_without_quotes_and_a_byte_order_mark_is_no_part_of_a_field():
    tabs = CsvFormat(kind="csv", header=False, columns=("a", "b"), delimiter="\t", quote="")

    assert read(b'\xef\xbb\xbf1\t"2\r\n', tabs).rows == [{"a": "1", "b": '"2'}]
    assert read(b'\xef\xbb\xbf"1",2\n', BARE_CSV).rows == [{"a": "1", "b": "2"}]


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
    found = read(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,\r\n", CSV, names=["a"])

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
        read(header + b"1,2\n", CSV, names=["c"])

    assert str(caught.value) == reason


def test_a_quoted_record_counts_all_its_lines_at_its_first():
    found = read(b'1,"two\nthree"\n4\n5,6\n', BARE_CSV)

    assert found.rows == [{"a": "1", "b": "two\nthree"}, {"a": "5", "b": "6"}]
    assert found.line_numbers == [1, 4]
    assert (found.accepted_line_count, found.malformed_line_count) == (3, 1)
    assert [bad[:3] for bad in found.malformed] == [(3, b"4", "wrong number of fields")]


def test_other_delimiters_and_quotes_are_a_setting():
    semicolons = CsvFormat(kind="csv", header=True, delimiter=";", quote="'")

    assert read(b"a;b\n1;'2;3'\n", semicolons).rows == [{"a": "1", "b": "2;3"}]


def test_a_plain_json_line_is_what_the_standard_library_makes_of_it():
    line = json.dumps({"name": "Bluse “Ähre”", "price": 12.5, "tags": ["a", None]}).encode()

    assert read(line).rows == [json.loads(line)]
