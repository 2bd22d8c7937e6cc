"""Many small batches of Arrow as few large ones, for what costs by the batch."""

from collections.abc import Iterable, Iterator

import pyarrow as pa


def large_batches(batches: Iterable[pa.RecordBatch], enough_bytes: int) -> Iterator[pa.Table]:
    """Batches put together in their order; each table but the last ends with the batch that makes it large enough."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= enough_bytes:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)
