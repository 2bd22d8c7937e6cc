from collections import Counter
from datetime import UTC, date, datetime

import pyarrow as pa

from lakerec.bronze.columns import accepted_batch, malformed_batch
from lakerec.bronze.events import read_events
from lakerec.bronze.formats import Malformed, read_records
from lakerec.config import load_source

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
LINES = (
    b'{"event_id":"e1","item_id":"i1","action":"view","occurred_at":"2024-03-01T23:30:00-01:00"}\n'
    b'{"event_id":"e2","item_id":"i1","action":"view","occurred_at":"yesterday"}\n'
)


def test_the_rows_of_events_are_the_accepted_records_with_their_day_in_utc():
    shop = load_source("shop")
    [records] = read_records([LINES], shop.format)
    read = [accepted_batch(records, shop, "event", "f1", Counter()), malformed_batch([Malformed(3, b"{", "x")], "f1")]

    events = read_events(pa.Table.from_batches(read), source=shop, batch=4, ingested_at=NOON)

    first, second = events.to_pylist()
    assert (first["source"], first["file_id"], first["line_number"], first["record_number"]) == ("shop", "f1", 1, 1)
    assert (first["batch"], first["ingested_at"], first["id_namespace"]) == (4, NOON, "")
    assert (first["event_at"], first["event_date"]) == (datetime(2024, 3, 2, 0, 30, tzinfo=UTC), date(2024, 3, 2))
    assert first["raw"] == LINES.splitlines()[0]
    assert (second["occurred_at"], second["event_at"], second["event_date"]) == ("yesterday", None, None)
