import json

import pytest

from lakerec.bronze.nesting import element_bytes, record_exactly, split_value

SESSION = {
    "session": 7,
    "device": {"os": "ios", "screen": "4k"},
    "events": [{"aid": 1, "at": {"ts": 5}, "extra": "x"}, {"aid": 2}],
}
NAMES = ["session", "device.os", "events.aid", "events.at.ts"]


def test_each_element_of_an_exploded_array_is_a_record_with_the_mapped_fields_of_its_holder():
    first, second = split_value(json.loads(json.dumps(SESSION)), "events", NAMES)

    assert first == {
        "session": 7,
        "device.os": "ios",
        "device": {"screen": "4k"},
        "events.aid": 1,
        "events.at.ts": 5,
        "events": {"extra": "x"},
    }
    assert second == {"session": 7, "device.os": "ios", "events.aid": 2}


def test_a_named_member_of_an_inner_object_is_lifted_up_and_the_rest_stays():
    value = {"user": {"id": "u1", "age": 5}, "geo": {"at": {"city": "Köln"}}}

    [record] = split_value(value, "", ["user.id", "geo.at.city"])

    assert record == {"user.id": "u1", "user": {"age": 5}, "geo.at.city": "Köln"}


@pytest.mark.parametrize("value", [{"user": "u1"}, {"user": {}}, {"user": {"name": "Ann"}}, {}, {"user": [{"id": 1}]}])
def test_a_path_that_leads_nowhere_leaves_the_record_as_it_was(value):
    assert split_value(dict(value), "", ["user.id"]) == [value]


def test_a_field_of_exactly_the_named_path_comes_before_an_inner_one():
    value = {"user.id": "outer", "user": {"id": "inner"}}

    assert split_value(dict(value), "", ["user.id"]) == [value]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"session": 1}, "no array to explode"),
        ({"events": None}, "no array to explode"),
        ({"events": {"aid": 1}}, "no array to explode"),
        ({"events": []}, "empty array to explode"),
        ([7], "not an object"),
    ],
)
def test_an_object_without_a_record_says_why(value, reason):
    assert split_value(value, "events", NAMES) == [reason]


def test_an_element_that_is_no_object_does_not_spoil_its_neighbours():
    found = split_value({"session": 1, "note": "n", "events": [3, {"aid": 9}, {"aid": 8}]}, "events", NAMES)

    assert found == [
        "not an object",
        {"session": 1, "note": "n", "events.aid": 9},
        {"session": 1, "events.aid": 8},
    ]


def test_every_record_of_a_line_has_its_exact_bytes():
    raw = b'[ {"events": [ {"aid": 1.50}, 7 ]} , {"events": []}, null, {"events":[{"aid" :2}]}]'

    assert element_bytes(raw, json.loads(raw), "events") == [
        b'{"aid": 1.50}',
        b"7",
        b'{"events": []}',
        b"null",
        b'{"aid" :2}',
    ]


def test_a_record_can_be_had_with_the_digits_of_its_numbers():
    raw = b'{"session": 18446744073709551616, "events": [{"aid": 2.50}, {"aid": 1e30}]}'

    assert record_exactly(raw, 2, "events", NAMES) == {"session": "18446744073709551616", "events.aid": "1e30"}
