from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.register import number_new_ids
from lakerec.silver.events import EVENTS
from tests.records import at, rows_of


def test_items_are_numbered_whoever_acted_on_them(spark):
    events = rows_of(
        spark,
        EVENTS,
        [
            {"user_id": None, "item_id": "lamp", "occurred_at": at(2)},
            {"user_id": "ann", "item_id": "chair", "occurred_at": at(1)},
        ],
    )

    entries = number_new_ids(events, rows_of(spark, ITEM_INDEX, []), ITEM_INDEX)

    assert entries.columns == ITEM_INDEX.names
    assert sorted(entries.collect()) == [("chair", 0), ("lamp", 1)]
