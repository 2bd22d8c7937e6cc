from typing import Any

import orjson
import pytest

from lakerec.bronze.formats import read_records
from lakerec.bronze.mapping import JsonLinesFormat
from lakerec.shop.lines import event_lines
from lakerec.shop.rows import DAY, NOBODY, Action, Planted, Rows, empty_rows

PHONE, DESKTOP = 0, 1


def a_row(**fields: Any) -> Rows:
    row = empty_rows(1)
    ordinary = {"number": 12, "session": 3, "user": 7, "is_signed_in": True, "item": 5, "action": Action.VIEW}
    for name, value in {**ordinary, "at": DAY + 1_500, **fields}.items():
        row[name] = value
    return row


def the_record(**fields: Any) -> dict[str, Any]:
    (line,) = event_lines(a_row(**fields))
    record: dict[str, Any] = orjson.loads(line)
    return record


def test_a_view_has_no_field_that_does_not_apply() -> None:
    assert the_record() == {
        "event_id": "e0000000000012",
        "user_id": "u000007",
        "session_id": "s000000000003",
        "item_id": "i000005",
        "action": "view",
        "occurred_at": "1970-01-02T00:00:01.500Z",
        "device": "phone",
    }


def test_a_purchase_has_units_and_a_price() -> None:
    record = the_record(action=Action.PURCHASE, quantity=2, cents=4990)

    assert (record["action"], record["quantity"], record["price"]) == ("purchase", 2, 49.9)


def test_an_impression_says_where_and_how_probably_it_was_shown() -> None:
    record = the_record(action=Action.IMPRESSION, list=4, position=2, surface=2, propensity=0.125)

    shown = {key: record[key] for key in ("list_id", "position", "surface", "propensity")}
    assert shown == {"list_id": "l000000000004", "position": 2, "surface": "search", "propensity": 0.125}


def test_while_nobody_is_signed_in_phones_send_no_user_and_browsers_null() -> None:
    on_phone = the_record(is_signed_in=False, device=PHONE)
    on_desktop = the_record(is_signed_in=False, device=DESKTOP)
    never = the_record(user=NOBODY, device=DESKTOP)

    assert "user_id" not in on_phone
    assert on_desktop["user_id"] is None
    assert never["user_id"] is None


@pytest.mark.parametrize("number", range(6))
def test_a_record_to_be_rejected_lacks_exactly_one_thing(number: int) -> None:
    ordinary = the_record(number=number)
    action = the_record(number=number, planted=Planted.UNKNOWN_ACTION)
    item = the_record(number=number, planted=Planted.MISSING_ITEM)
    time = the_record(number=number, planted=Planted.UNREADABLE_TIME)

    assert action | {"action": "view"} == ordinary
    assert action["action"] not in {known.name.lower() for known in Action}
    assert item | {"item_id": "i000005"} == ordinary
    assert not item.get("item_id")
    assert time | {"occurred_at": ordinary["occurred_at"]} == ordinary


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (Planted.CUT, "not JSON"),
        (Planted.GARBLED, "not UTF-8"),
        (Planted.SPOILED_BYTE, "not UTF-8"),
        (Planted.ARRAY, "not an object"),
        (Planted.STRING, "not an object"),
    ],
)
def test_the_reader_finds_the_planted_reason(planted: Planted, reason: str, number: int) -> None:
    (line,) = event_lines(a_row(number=number, planted=planted))

    (records,) = read_records([line + b"\n"], JsonLinesFormat(kind="jsonl"))

    assert [(malformed.line_number, malformed.raw, malformed.reason) for malformed in records.malformed] == [
        (1, line, reason)
    ]


def test_no_two_bad_lines_are_equal() -> None:
    bad = [code for code in Planted if code >= Planted.CUT]

    lines = [line for code in bad for number in range(50) for line in event_lines(a_row(number=number, planted=code))]

    assert len(set(lines)) == len(bad) * 50


def test_a_duplicate_has_the_same_bytes() -> None:
    once, twice = (list(event_lines(a_row(planted=code))) for code in (Planted.NOTHING, Planted.REPEATED))

    assert once == twice
