"""The words in which days and settings are kept."""

from datetime import date

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.increment import days_condition, describe_reshaping, in_order, iso_days, shape_of

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
EVENTS = Table(
    "silver.events", "One row per event.", (Column("event_date", T.DateType(), "Day."),), (), Write.REPLACE_DAYS
)


def test_rows_without_a_readable_day_go_with_any_days() -> None:
    assert (
        days_condition([TUESDAY, MONDAY]) == "event_date IN (DATE'2026-03-02', DATE'2026-03-03') OR event_date IS NULL"
    )
    assert days_condition([None]) == days_condition([]) == "event_date IS NULL"


def test_days_are_kept_ascending_with_the_unreadable_one_first() -> None:
    assert in_order([TUESDAY, None, MONDAY]) == [None, MONDAY, TUESDAY]
    assert iso_days([TUESDAY, None]) == [None, "2026-03-03"]
    assert iso_days(None) is None


def test_settings_that_moved_are_named_one_by_one() -> None:
    stored = shape_of(EVENTS, {"session": {"max_days": 3, "bots": True}})
    wanted = shape_of(EVENTS, {"session": {"max_days": 5, "bots": True}})

    assert describe_reshaping(EVENTS, stored, wanted) == (
        "silver.events: its rows were made with other settings (session.max_days 3 -> 5). "
        "Run again with --rebuild silver, or set them back."
    )
