import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.strict_json import (
    NotJsonError,
    count_repeated_keys,
    has_repeated_key,
    member,
    parse_exactly,
    parse_json,
    split_array,
)

LARGE = "1" * 400
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def fault(text: bytes) -> str:
    with pytest.raises(NotJsonError) as caught:
        parse_json(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": -Infinity}', "not JSON"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'{"a": 1}\x00', "not JSON"),
        (b'{"a": 1e999}x', "not JSON"),
        (b'{"a": 01e999}', "not JSON"),
        (b"{1e999: 1}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"a": "\\udc00\\ud800", "b": 1e999}', "lone surrogate"),
        (b'{"a": "\\ud800"', "not JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"[" * 1_025 + b"]" * 1_025, "nested too deeply"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_json_is_refused_for_a_reason(text, reason):
    assert fault(text) == reason


def test_a_number_too_large_for_a_double_is_the_text_of_its_digits():
    text = f'{{"a": {LARGE}, "b": [-{LARGE}], "c": "{LARGE}e", "d": 1.5e+999, "e": 1}}'.encode()

    assert parse_json(text) == {"a": LARGE, "b": [f"-{LARGE}"], "c": f"{LARGE}e", "d": "1.5e+999", "e": 1}


def test_a_byte_order_mark_before_a_text_is_passed_over():
    assert parse_json(b"\xef\xbb\xbf{}") == {}
    assert fault(b"\xef\xbb\xbf") == "not JSON"
    assert fault(b"\xef\xbb\xbf\xef\xbb\xbf{}") == "not JSON"


def test_nesting_is_read_to_its_limit_and_a_pair_of_surrogates_is_one_character():
    assert parse_json(b"[" * 1_024 + b"]" * 1_024)
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_every_number_can_be_had_as_its_digits():
    assert parse_exactly(b'{"a": 2.50, "b": [18446744073709551616], "c": "7", "d": true}') == {
        "a": "2.50",
        "b": ["18446744073709551616"],
        "c": "7",
        "d": True,
    }


@pytest.mark.parametrize(
    ("text", "is_repeated"),
    [
        (b'{"a":1,"b":2}', False),
        (b'{"a":1,"a":2}', True),
        (b'{"a" :1,"a":2}', True),
        (b'{"a":1,"\\u0061":2}', True),
        (b'{"a":{"x":1,"x":1}}', True),
        (b'{"a":[{"x":1},{"x":1}]}', False),
        (b'{"a":{"x":1},"a":2}', True),
        (b'{"a":"\\":","b" : "c : d"}', False),
    ],
)
def test_a_key_that_is_named_twice_in_one_object_is_noticed(text, is_repeated):
    value = parse_json(text)

    assert has_repeated_key(text, value) is is_repeated
    assert count_repeated_keys([b"{}", text, text], [{}, value, value]) == 2 * is_repeated


@given(JSON, st.booleans())
def test_no_text_without_repetition_is_said_to_have_one(value, is_spaced):
    text = json.dumps(value, separators=(" , ", " : ") if is_spaced else None).encode()

    assert not has_repeated_key(text, value)


@given(st.lists(JSON, max_size=4), st.sampled_from([None, 1]))
def test_an_array_is_cut_into_the_bytes_of_its_elements(values, indent):
    text = json.dumps(values, indent=indent).encode()

    parts = split_array(text)

    assert [json.loads(part) for part in parts] == values
    assert all(part in text for part in parts)


def test_a_member_is_the_last_of_its_name():
    assert member(b'{"a": [1], "b": {"c": [2,  3]}, "\\u0061" : [4 ]}', ["a"]).strip() == b"[4 ]"
    assert member(b'{"a": [1], "b": {"c": [2,  3]}}', ["b", "c"]).strip() == b"[2,  3]"
