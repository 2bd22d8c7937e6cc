from datetime import UTC, datetime

import pyarrow as pa

from lakerec.bronze.columns import malformed_batch
from lakerec.bronze.formats import Malformed
from lakerec.bronze.malformed_lines import read_malformed_lines
from lakerec.config import load_source

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def test_a_malformed_line_keeps_its_bytes_and_its_reason():
    read = pa.Table.from_batches([malformed_batch([Malformed(7, b"\xff\x00\r", "not UTF-8")], "f1")])

    lines = read_malformed_lines(read, source=load_source("shop"), batch=4, ingested_at=NOON)

    assert lines.to_pylist() == [
        {
            "source": "shop",
            "file_id": "f1",
            "line_number": 7,
            "record_number": 1,
            "batch": 4,
            "raw": b"\xff\x00\r",
            "reason": "not UTF-8",
            "ingested_at": NOON,
            "size_bytes": None,
            "content_hash": None,
        }
    ]
