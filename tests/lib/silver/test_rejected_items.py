from lakerec.silver.items import believe_items
from lakerec.silver.rejected_items import REJECTED_ITEMS
from tests.records import a_catalogue_record, at, raw_items

FAULTS = [
    ({"item_id": ""}, ["has an item"]),
    ({"item_id": "i" * 65}, ["has ids that are not too long"]),
    ({"item_at": None}, ["has a readable time"]),
    ({"price": "dear"}, ["has a readable price"]),
    ({"price": "-1"}, ["has a price that is not negative"]),
    ({"is_available": "maybe"}, ["has a readable availability"]),
    ({"item_id": None, "item_at": None, "price": "?"}, ["has an item", "has a readable time", "has a readable price"]),
]


def test_a_catalogue_record_is_rejected_with_every_reason_in_order(spark):
    records = [a_catalogue_record("lamp", at(1)) | sent for sent, _ in FAULTS]

    believed, rejected = believe_items(raw_items(spark, records), 64)

    found = {row.line_number: row.reasons for row in rejected.select(REJECTED_ITEMS.names).collect()}
    assert found == {line: reasons for line, (_, reasons) in enumerate(FAULTS, start=1)}
    assert believed.collect() == []
