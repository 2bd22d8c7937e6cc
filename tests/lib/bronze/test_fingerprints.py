"""Fingerprints are alike where a parser finds the same names and types in the same order, and only there."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.fingerprints import take_fingerprints
from tests.lib.bronze.test_plain_objects import NAMES, VALUES

KINDS = {str: "text", int: "number", float: "number", bool: "boolean", list: "array"}


def fingerprints(*lines: str) -> list[int]:
    data = np.frombuffer("".join(f"{line}\n" for line in lines).encode(), np.uint8)
    ends = np.cumsum([len(line.encode()) + 1 for line in lines], dtype=np.int64) - 1
    marks = np.full(len(lines), 7, np.uint64)
    take_fingerprints(data, ends, marks)
    return marks.tolist()


def test_names_and_types_in_their_order_tell_and_values_blanks_and_nulls_do_not():
    same = ['{"a":"x","b":1}', ' { "a" : "" , "b" : -2.5 }\r', '{"c":null,"a":"b","b":0}']
    others = ['{"b":1,"a":"x"}', '{"a":1,"b":"x"}', '{"a":"x"}', '{"a":"x","b":true}', '{"ab":"x","b":1}']

    assert len({*fingerprints(*same)}) == 1
    assert len({*fingerprints(same[0], *others)}) == 1 + len(others)
    assert len({*fingerprints('{"a":true}', '{"a":false}')}) == 1


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"a":[]}', '{"a":{"b":1}}', '{"a":"é"}', '{"a":\n1}', '{"a":1}\n'])
def test_what_is_no_plain_object_has_none(record):
    none, other = fingerprints(record, '{"a":1}')

    assert none == 0
    assert other == fingerprints('{"a":1}')[0]


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=3)))
def test_they_are_the_same_where_a_parser_finds_the_same(objects):
    marks = fingerprints(*(json.dumps(each) for each in objects))
    kinds = [tuple((name, KINDS[type(value)]) for name, value in each.items() if value is not None) for each in objects]

    plain = {(mark, kind) for mark, kind in zip(marks, kinds, strict=True) if mark}
    assert len(plain) == len({mark for mark, _ in plain}) == len({kind for _, kind in plain})
