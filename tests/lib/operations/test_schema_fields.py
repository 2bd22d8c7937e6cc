import json
from typing import Any

import pytest

from lakerec.operations.schema_fields import FieldOfDay, fit_fields
from tests.records import a_record, at, on, shapes_of


def a_line(n: int, day: int, record: Any, **others: Any) -> dict:
    raw = record if isinstance(record, bytes) else json.dumps(record).encode()
    return a_record(f"e{n}", at(day, n), raw=raw, **others)


def test_names_that_are_ids_are_forgotten_again_and_change_nothing(spark):
    fields = fit_fields(shapes_of(spark, [a_line(n % 20, 1, {f"u{n}": 1}) for n in range(10_050)]))

    assert len(fields) == 10_051


def test_the_fields_of_a_day_are_counted_with_the_earliest_record_that_has_them(spark):
    records = [
        a_line(3, 1, {"item": "lamp", "price": 2.5}),
        a_line(2, 1, {"item": "lamp", "price": 3}),
        a_line(1, 1, {"item": None, "price": "3"}),
        a_line(1, 2, {"item": "lamp"}, source="till"),
    ]

    fields = fit_fields(shapes_of(spark, records))

    assert sorted(fields) == [
        FieldOfDay("shop", on(1), "", "object", 3, "f1", 3),
        FieldOfDay("shop", on(1), "item", "string", 2, "f1", 2),
        FieldOfDay("shop", on(1), "price", "number", 2, "f1", 2),
        FieldOfDay("shop", on(1), "price", "string", 1, "f1", 3),
        FieldOfDay("till", on(2), "", "object", 1, "f1", 4),
        FieldOfDay("till", on(2), "item", "string", 1, "f1", 4),
    ]


@pytest.mark.parametrize("name", ["a b", "a:b", "a<b>", "a,b", "a`b", "", "ключ", "BIGINT", "x: BIGINT"])
def test_names_may_hold_any_character(spark, name):
    fields = fit_fields(shapes_of(spark, [a_line(1, 1, {name: "text", "b": 1})]))

    assert {(row.field, row.type) for row in fields} == {("", "object"), (name, "string"), ("b", "number")}


def test_of_other_formats_the_fields_that_are_mapped_nowhere_are_told(spark):
    records = [
        a_line(1, 1, b'lamp,"2",DE', rescued='{"Country":"DE"}'),
        a_line(2, 1, b"12"),
        a_record("no bytes of its own", raw=None),
        a_record("no day", event_at=None, raw=b'{"when":"soon"}'),
    ]

    fields = fit_fields(shapes_of(spark, records))

    assert {(row.event_date, row.field, row.record_count) for row in fields} == {
        (on(1), "", 2),
        (on(1), "Country", 1),
        (None, "", 1),
        (None, "when", 1),
    }


def test_no_records_have_no_fields(spark):
    assert fit_fields(shapes_of(spark, [])) == []
