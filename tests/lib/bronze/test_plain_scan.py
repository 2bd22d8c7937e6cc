"""Where parts of a plain object end; what is plain and what is not, is tried in test_plain_objects."""

import numpy as np
import pytest

from lakerec.bronze.plain_scan import NOT_PLAIN, after_blanks, after_colon, after_string, after_value, find_member


def end(scan, text: str, at: int = 0) -> int:
    return scan(np.frombuffer(f"{text}\n".encode(), np.uint8), at)


def test_blanks_end_where_something_stands():
    assert end(after_blanks, " \t\r x") == 4
    assert end(after_blanks, "x  ", at=1) == 3


@pytest.mark.parametrize(("text", "stop"), [('"ab",', 4), ('""', 2), ('"a', NOT_PLAIN), ("ab", NOT_PLAIN)])
def test_a_string_ends_behind_its_quote(text, stop):
    assert end(after_string, text) == stop


@pytest.mark.parametrize(("text", "stop"), [(" : 1", 3), (":1", 1), (" 1", NOT_PLAIN)])
def test_a_value_begins_behind_the_colon(text, stop):
    assert end(after_colon, text) == stop


@pytest.mark.parametrize(
    ("text", "stop"), [("-12.5,", 5), ("true}", 4), ("null ", 4), ('"x"', 3), ("[1]", NOT_PLAIN), ("{}", NOT_PLAIN)]
)
def test_a_value_ends_where_it_cannot_go_on(text, stop):
    assert end(after_value, text) == stop


@pytest.mark.parametrize(
    ("text", "stop"), [(' "a" : 1,', 8), (' "a" : [', NOT_PLAIN), ('"a" 1', NOT_PLAIN), ("a:1", NOT_PLAIN)]
)
def test_a_member_is_a_name_and_a_value(text, stop):
    assert end(find_member, text)[3] == stop


def test_a_member_is_found_behind_blanks():
    assert end(find_member, '{ "ab": "x"}', at=1) == (2, 6, 8, 11)
