"""The published JSON parsing cases (nst/JSONTestSuite), each with two verdicts: as a text, and as a line of a log."""

import json
from collections import Counter
from pathlib import Path

import pytest

from lakerec.bronze.formats import read_records
from lakerec.bronze.mapping import JsonLinesFormat
from lakerec.bronze.strict_json import NotJsonError, parse_json

# What the standard leaves open (i_): numbers of any size are read, what no UTF-8 text can hold is refused.
OPEN_CASES = {
    "i_number_double_huge_neg_exp": ("valid", "not an object"),
    "i_number_huge_exp": ("valid", "not an object"),
    "i_number_neg_int_huge_exp": ("valid", "not an object"),
    "i_number_pos_double_huge_exp": ("valid", "not an object"),
    "i_number_real_neg_overflow": ("valid", "not an object"),
    "i_number_real_pos_overflow": ("valid", "not an object"),
    "i_number_real_underflow": ("valid", "not an object"),
    "i_number_too_big_neg_int": ("valid", "not an object"),
    "i_number_too_big_pos_int": ("valid", "not an object"),
    "i_number_very_big_negative_int": ("valid", "not an object"),
    "i_object_key_lone_2nd_surrogate": ("lone surrogate", "malformed"),
    "i_string_1st_surrogate_but_2nd_missing": ("lone surrogate", "malformed"),
    "i_string_1st_valid_surrogate_2nd_invalid": ("lone surrogate", "malformed"),
    "i_string_UTF-16LE_with_BOM": ("not UTF-8", "malformed"),
    "i_string_UTF-8_invalid_sequence": ("not UTF-8", "malformed"),
    "i_string_UTF8_surrogate_U+D800": ("not UTF-8", "malformed"),
    "i_string_incomplete_surrogate_and_escape_valid": ("lone surrogate", "malformed"),
    "i_string_incomplete_surrogate_pair": ("lone surrogate", "malformed"),
    "i_string_incomplete_surrogates_escape_valid": ("lone surrogate", "malformed"),
    "i_string_invalid_lonely_surrogate": ("lone surrogate", "malformed"),
    "i_string_invalid_surrogate": ("lone surrogate", "malformed"),
    "i_string_invalid_utf-8": ("not UTF-8", "malformed"),
    "i_string_inverted_surrogates_U+1D11E": ("lone surrogate", "malformed"),
    "i_string_iso_latin_1": ("not UTF-8", "malformed"),
    "i_string_lone_second_surrogate": ("lone surrogate", "malformed"),
    "i_string_lone_utf8_continuation_byte": ("not UTF-8", "malformed"),
    "i_string_not_in_unicode_range": ("not UTF-8", "malformed"),
    "i_string_overlong_sequence_2_bytes": ("not UTF-8", "malformed"),
    "i_string_overlong_sequence_6_bytes": ("not UTF-8", "malformed"),
    "i_string_overlong_sequence_6_bytes_null": ("not UTF-8", "malformed"),
    "i_string_truncated-utf-8": ("not UTF-8", "malformed"),
    "i_string_utf16BE_no_BOM": ("not UTF-8", "malformed"),
    "i_string_utf16LE_no_BOM": ("not UTF-8", "malformed"),
    "i_structure_500_nested_arrays": ("valid", "not an object"),
    "i_structure_UTF-8_BOM_empty_object": ("valid", "accepted"),
}

BLANK_CASES = {"n_single_space", "n_structure_no_data"}


@pytest.fixture(scope="session")
def cases(shared_data: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((shared_data / "json_test_suite").glob("*.json"))}


def syntax(text: bytes) -> str:
    try:
        parse_json(text)
    except NotJsonError as error:
        return str(error)
    return "valid"


def verdict(line: bytes) -> str:
    [records] = read_records([line + b"\n"], JsonLinesFormat(kind="jsonl"))
    if records.rows:
        return "accepted"
    if records.blank_count:
        return "blank"
    [bad] = records.malformed
    assert bad.raw == line
    return bad.reason if bad.reason == "not an object" else "malformed"


def expected_verdict(name: str, text: bytes) -> str:
    """By hand, with the standard library as the judge of what a valid text is."""
    if name in OPEN_CASES:
        return OPEN_CASES[name][1]
    if name in BLANK_CASES:
        return "blank"
    if name.startswith("n_"):
        return "malformed"
    return "accepted" if isinstance(json.loads(text), dict) else "not an object"


def test_every_case_has_the_syntax_that_was_published_or_is_written_down_here(cases):
    found = {name: syntax(text) for name, text in cases.items()}

    assert [name for name, result in found.items() if name[0] == "y" and result != "valid"] == []
    assert [name for name, result in found.items() if name[0] == "n" and result == "valid"] == []
    assert {n: result for n, result in found.items() if n[0] == "i"} == {n: v[0] for n, v in OPEN_CASES.items()}
    assert Counter(name[0] for name in found) == {"y": 95, "n": 188, "i": 35}


def test_every_case_without_a_line_feed_has_its_verdict_as_a_line(cases):
    lines = {name: text for name, text in cases.items() if b"\n" not in text}

    found = {name: verdict(line) for name, line in lines.items()}

    assert found == {name: expected_verdict(name, line) for name, line in lines.items()}
    assert Counter((name[0], result) for name, result in found.items()) == {
        ("i", "accepted"): 1,
        ("i", "malformed"): 23,
        ("i", "not an object"): 11,
        ("n", "blank"): 2,
        ("n", "malformed"): 180,
        ("y", "accepted"): 11,
        ("y", "not an object"): 80,
    }
