"""recommendations.shown: the live lists without batches."""

from datetime import UTC, datetime

from lakerec.recommendations.shown import SHOWN, show_release, shown_release
from lakerec.recommendations.user_items import USER_ITEMS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_every_row_of_the_batch_is_shown_under_the_name_of_its_release(spark):
    batch = [
        ("b1", "ann", 1, "i1", 0.5, 0.02, True, "als", "m1", NOON, 1),
        ("b1", "eve", 1, "i0", 0.4, None, False, "popularity", "m1", NOON, 1),
    ]

    shown = show_release(spark.createDataFrame(batch, USER_ITEMS.schema), "000001-b1")

    assert shown.columns == SHOWN.names
    assert sorted(tuple(row) for row in shown.collect()) == [
        ("ann", 1, "i1", 0.02, True, "als", "000001-b1"),
        ("eve", 1, "i0", None, False, "popularity", "000001-b1"),
    ]


def test_the_release_is_told_by_any_row_and_an_empty_table_was_written_from_none():
    assert shown_release([{"release_id": "000001-b1"}]) == "000001-b1"
    assert shown_release([]) is None
