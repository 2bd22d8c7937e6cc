"""What a glance takes out of plain objects is what a parser makes of them; all others it leaves alone."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.plain_objects import MOST_OTHERS, take_apart


def taken(*lines: str, names: tuple[str, ...] = ("a", "b")) -> list[tuple[int, list[str], str]]:
    """Of each plain object: its line, the values of the names, and all others."""
    text = "".join(f"{line}\n" for line in lines).encode()
    data = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(data == 10)
    starts, stops = np.full((2, len(names), len(feeds)), -1, np.int32)
    found, other_stops = np.full((2, len(feeds)), -1, np.int64)
    others = np.zeros(len(data), np.uint8)
    name_stops = np.cumsum([len(name) for name in names])
    joined = np.frombuffer("".join(names).encode(), np.uint8)
    count = take_apart(data, feeds, joined, name_stops, found, starts, stops, others, other_stops)
    begins = [0, *other_stops[: count - 1]]
    return [
        (
            int(found[n]),
            [text[starts[f, n] : stops[f, n]].decode() for f in range(len(names))],
            others[begins[n] : other_stops[n]].tobytes().decode(),
        )
        for n in range(count)
    ]


def test_the_values_that_are_wanted_are_found_in_any_order_and_the_others_kept_in_the_order_of_their_names():
    assert taken(
        '{"a":"x","b":-12,"d":true,"c":[]}',
        '{ "b" : 2.50 , "d": null,\t"ab":"y" , "a":"" }\r',
        "",
        '{"b":null,"a":false,"c":1.00}',
    ) == [(1, ["", "2.5"], '{"ab":"y","d":null}'), (3, ["false", ""], '{"c":1.0}')]


@pytest.mark.parametrize("value", ["0", "-1", "999999999999999999", "0.0001", "123456789012.345", "-0.5", "-0.0"])
def test_a_number_is_plain_where_any_parser_writes_it_as_it_stands(value):
    assert taken(f'{{"a":{value}}}') == [(0, [repr(json.loads(value)), ""], "")]


@pytest.mark.parametrize(
    "value",
    [
        *("-0", "1e2", "1.5E3", "0.00001", "1234567890123456789", "0.1234567890123456", "12345678901234567.0"),
        *("01", "1.", ".5", "+1", "-", "0x1", "1 2", "NaN", "Infinity", "-Infinity", "tru", "nul", "True", "'x'", ""),
        *('"x', '"a\\n"', '"\x01"', '"\x7f"', '"é"', '"x"y', "{}", "[1]", '{"c":1}'),
    ],
)
def test_any_other_value_is_left_to_a_parser(value):
    assert taken(f'{{"a":{value}}}', f'{{"c":{value}}}') == []


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            " ",
            "{}",
            "{",
            "}",
            "[]",
            "1",
            '"a"',
            '{"a"}',
            '{"a":}',
            '{"a":1',
            '{"a":1,}',
            '{,"a":1}',
            '{"a":1,,"b":2}',
        ),
        *(
            '{"a":1}}',
            '{"a":1}{"b":1}',
            '{"a":1} x',
            '{"a" 1}',
            "{a:1}",
            '{"a":1;"b":2}',
            '\ufeff{"a":1}',
            '{"a":1\x0b}',
        ),
        *('{"a":1,"a":1}', '{"c":1,"c":2}', '{"\\u0061":1}', '{"é":1}'),
    ],
)
def test_a_line_that_is_no_plain_object_is_left_to_a_parser(line):
    assert taken(line, '{"a":1}') == [(1, ["1", ""], "")]


def test_an_object_may_have_only_so_many_others():
    most = {f"k{n:02}": n for n in range(MOST_OTHERS)}

    assert [others for _, _, others in taken(json.dumps(most), json.dumps({**most, "more": 1}))] == [
        json.dumps(most, separators=(",", ":"))
    ]


NAMES = st.text('abcé\\"', max_size=2)
VALUES: Any = st.one_of(
    st.text('xyz "\\é/\x7f', max_size=4),
    st.integers(),
    st.floats(),
    st.decimals(-1000, 1000, places=3).map(float),
    st.booleans(),
    st.none(),
    st.lists(st.integers(), max_size=1),
)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=5)), st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_what_is_taken_is_what_a_parser_finds(objects, separators, ensure_ascii):
    lines = [json.dumps(each, separators=separators, ensure_ascii=ensure_ascii) for each in objects]

    for line, (a, b), others in taken(*lines):
        parsed = json.loads(lines[line])
        wanted = [as_text(parsed.pop(name, None)) for name in ("a", "b")]
        assert [a, b] == wanted
        assert others == (json.dumps(parsed, separators=(",", ":"), sort_keys=True) if parsed else "")


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
