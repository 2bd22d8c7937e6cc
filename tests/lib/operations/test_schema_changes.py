from datetime import date

import pytest

from lakerec.operations.schema_changes import SchemaChange, find_changes
from lakerec.operations.schema_fields import FieldOfDay

Day = dict[str, int]


def log_of(*days: Day | None, last_is_undated: bool = False) -> list[FieldOfDay]:
    """Fields of days of March; `{"price:number": 3}` is a field, its type, and records that have it."""
    rows = []
    for n, day in enumerate(days, start=1):
        event_date = None if last_is_undated and n == len(days) else date(2026, 3, n)
        for name, count in (day or {}).items():
            path, _, kind = name.partition(":")
            rows.append(FieldOfDay("shop", event_date, path, kind or "object", count, f"f{n}", count))
    return rows


def told(*days: Day, **others: bool) -> list[tuple]:
    """Changes without source and file, which follows from the day."""
    return [
        (c.change, c.field, c.before, c.after, c.event_date and c.event_date.day, c.record_count)
        for c in find_changes(log_of(*days, **others))
    ]


PLAIN = {"": 10, "item:string": 10, "price:number": 9}


@pytest.mark.parametrize(
    ("later", "change"),
    [
        (PLAIN, []),
        (PLAIN | {"coupon:string": 2}, [("added", "coupon", None, "string", 2, 2)]),
        (PLAIN | {"price:string": 4}, [("retyped", "price", "number", "string", 2, 4)]),
        (
            {"": 10, "item:string": 10, "price:object": 9, "price.amount:number": 9, "price.currency:string": 9},
            [("nested", "price", "number", "object", 2, 9)],
        ),
        ({"": 10, "item:string": 10}, [("removed", "price", "number", None, 2, 10)]),
        ({"": 10, "itemId:string": 10, "price:number": 9}, [("renamed", "itemId", "item", "string", 2, 10)]),
        (
            {"": 10, "item:string": 3, "itemId:string": 7, "price:number": 9},
            [("added", "itemId", None, "string", 2, 7)],  # both are there yet
        ),
        (
            {"": 10, "price:number": 9, "count:number": 5},
            [("added", "count", None, "number", 2, 5), ("removed", "item", "string", None, 2, 10)],
        ),
    ],
)
def test_what_a_producer_changes_is_told_with_its_first_day_and_its_records(later, change):
    assert told(PLAIN, later) == change


def test_a_rename_in_the_middle_of_a_day_is_told_once_the_old_name_stays_away():
    during = {"": 10, "item:string": 3, "itemId:string": 7, "price:number": 9}
    after = {"": 10, "itemId:string": 10, "price:number": 9}

    assert told(PLAIN, during, after) == [("renamed", "itemId", "item", "string", 2, 7 + 10)]


def test_of_several_new_names_the_nearest_is_the_renamed_one():
    later = {"": 10, "item_name:string": 10, "coupon:string": 10, "price:number": 9}

    assert told(PLAIN, later) == [
        ("added", "coupon", None, "string", 2, 10),
        ("renamed", "item_name", "item", "string", 2, 10),
    ]


def test_a_rare_field_is_not_missed_after_a_few_records():
    rarely = {"": 100, "item:string": 100, "gift:boolean": 5}  # 5 / 100 have it

    assert told(rarely, {"": 100, "item:string": 100}) == []  # 0.95 ^ 100 = 0.006
    assert told(rarely, {"": 200, "item:string": 200}) == [("removed", "gift", "boolean", None, 2, 200)]


def test_a_field_that_comes_back_was_never_removed():
    assert told(PLAIN, {"": 10, "item:string": 10}, PLAIN) == []


def test_a_renamed_time_is_found_though_its_records_have_no_day():
    dated = {"": 10, "at:string": 10, "item:string": 10}
    undated = {"": 10, "time:string": 10, "item:string": 10}

    assert told(dated, undated, last_is_undated=True) == [("renamed", "time", "at", "string", None, 10)]
    assert told(dated, {"": 2, "item:string": 2}, last_is_undated=True) == []  # some records without time: no change


def test_sources_have_changes_of_their_own_and_no_fields_have_none():
    rows = [FieldOfDay("till", date(2026, 3, n), name, "object", 1, "f", n) for n, name in ((1, ""), (2, ""), (2, "a"))]

    assert find_changes([]) == []
    assert find_changes(rows + log_of(PLAIN)) == [
        SchemaChange("till", "a", "added", None, "object", date(2026, 3, 2), "f", 2, 1)
    ]


def test_a_change_is_said_in_one_line():
    (change,) = find_changes(log_of(PLAIN, PLAIN | {"price:string": 4000}))

    assert change.sentence() == "shop: field 'price' retyped (number -> string) from 2026-03-02, 4,000 records"
