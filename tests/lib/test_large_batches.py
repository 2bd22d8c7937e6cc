"""Small batches put together: nothing lost, in order, no larger than needed."""

import pyarrow as pa

from lakerec.large_batches import large_batches

BATCH = pa.RecordBatch.from_pydict({"user_ix": [1, 2], "item_ix": [3, 4], "strength": [1.0, 2.0]})
BATCH_BYTES = 2 * 3 * 8


def test_many_batches_become_one() -> None:
    (table,) = large_batches([BATCH] * 3, enough_bytes=1_000)

    assert len(table) == 6
    assert table["user_ix"].to_pylist() == [1, 2] * 3


def test_a_table_ends_with_the_batch_that_makes_it_large_enough() -> None:
    assert [len(table) for table in large_batches([BATCH] * 3, 2 * BATCH_BYTES)] == [4, 2]
    assert [len(table) for table in large_batches([BATCH] * 4, 2 * BATCH_BYTES)] == [4, 4]


def test_no_batches_become_none() -> None:
    assert list(large_batches([], 1)) == []
