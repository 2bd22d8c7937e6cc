import pytest

from lakerec.silver.events import EventSettings
from lakerec.silver.redrive import days_judged_otherwise, is_wider
from lakerec.silver.rejected_events import REJECTED_EVENTS
from tests.records import a_record, at, on, raw_events, rows_of

RULES = EventSettings(
    actions=("view", "return"), return_actions=("return",), max_future_skew_minutes=60, max_id_bytes=64
)
SHAPE = {"events": RULES.model_dump(), "session": {"max_days": 3}, "transform_version": 2}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, True),
        ({"actions": ["hover", "view", "return"]}, True),
        ({"actions": ["view"]}, False),
        ({"return_actions": ["return", "view"]}, True),
        ({"return_actions": []}, False),
        ({"max_future_skew_minutes": 61}, True),
        ({"max_future_skew_minutes": 59}, False),
        ({"max_id_bytes": 65}, True),
        ({"max_id_bytes": 63}, False),
    ],
)
def test_a_rule_is_wider_when_it_believes_all_that_was_believed(change, verdict):
    assert is_wider(SHAPE, SHAPE | {"events": SHAPE["events"] | change}) is verdict


@pytest.mark.parametrize(
    "before", [SHAPE | {"session": {"max_days": 2}}, SHAPE | {"transform_version": 1}, {"events": {"actions": []}}, {}]
)
def test_other_sessions_another_transform_or_settings_of_old_are_not_wider(before):
    assert not is_wider(before, SHAPE)


def test_days_with_a_new_verdict_are_those_with_other_reasons_or_none(spark):
    records = raw_events(
        spark,
        [
            a_record("now known", at(1), action="hover"),
            a_record("one reason less", at(2), action="hover", item_id=None),
            a_record("as before", at(3), item_id=None),
            a_record("believed all along", at(4)),
            a_record("no day", event_at=None, action="hover"),
        ],
    )
    reasons = [["is a known action"], ["has an item", "is a known action"], ["has an item"], None]
    last = ["has a readable time", "is a known action"]
    rejected = [
        {"file_id": "f1", "line_number": n, "record_number": 1, "source": "shop", "event_date": day, "reasons": told}
        for n, day, told in zip((1, 2, 3, 5), (on(1), on(2), on(3), None), [*reasons[:3], last], strict=True)
    ]
    wider = RULES.model_copy(update={"actions": ("view", "return", "hover")})

    found = days_judged_otherwise(records, rows_of(spark, REJECTED_EVENTS, rejected), wider)

    assert {row.event_date for row in found.collect()} == {None, on(1), on(2)}
