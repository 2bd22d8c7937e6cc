from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa

from lakerec.bronze.columns import accepted_batch
from lakerec.bronze.formats import read_records
from lakerec.bronze.items import read_items
from lakerec.config import load_source

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
LINE = (
    b'{"item_id":"i1","name":"Linen shirt","category":"shirts","attributes":{"size":"M","colour":"blue"},'
    b'"price":19.9,"is_available":true,"changed_at":"2024-03-01T00:00:00Z","season":"summer"}\n'
)


def test_the_rows_of_items_are_catalogue_records_as_delivered():
    shop = load_source("shop")
    [records] = read_records([LINE], shop.format)
    read = pa.Table.from_batches([accepted_batch(records, shop, "item", "f1", Counter())])

    items = read_items(read, source=shop, batch=4, ingested_at=NOON)

    assert items.to_pylist() == [
        {
            "source": "shop",
            "id_namespace": "",
            "file_id": "f1",
            "line_number": 1,
            "record_number": 1,
            "batch": 4,
            "raw": LINE.rstrip(b"\n"),
            "item_id": "i1",
            "name": "Linen shirt",
            "category": "shirts",
            "attributes": '{"colour":"blue","size":"M"}',
            "price": "19.9",
            "is_available": "true",
            "changed_at": "2024-03-01T00:00:00Z",
            "item_at": datetime(2024, 3, 1, tzinfo=UTC),
            "rescued": '{"season":"summer"}',
            "ingested_at": NOON,
        }
    ]
