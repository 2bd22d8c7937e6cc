"""Pairs of items that the same users had, counted by products of sparse matrices.

A row for each pair of each user would be what a cluster spends its time on: pairs grow with the square of what a user
had.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import sparse

_PAIRS_HELD = 1 << 25
"""Pairs counted in one product, 8 bytes each; a catalogue of up to 5,792 items has no more."""
_ITEMS_HELD = 1 << 23
"""Items of users counted in one product, 8 bytes each, twice."""
_ROWS_SENT = 1 << 20

_SCHEMA = "item_ix int, other_ix int, user_count int"


def count_pairs(users: DataFrame, pairs_held: int = _PAIRS_HELD) -> DataFrame:
    """How many users had both items of a pair.

    Args:
        users: items array<int>, item_ix of 0 or more, each once; whatever else. A row per user.
        pairs_held: what a task counts at once; only speed and memory depend on it.

    Returns:
        item_ix, other_ix, user_count; item_ix is the smaller. A row for each pair that somebody had.
    """
    counted = users.where(F.size("items") > 1).select("items").mapInArrow(_counter(pairs_held), _SCHEMA)
    return counted.groupBy("item_ix", "other_ix").agg(F.sum("user_count").alias("user_count"))


def _counter(pairs_held: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its users: a pair comes once for each product that has it."""

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parts = (part for batch in batches for part in _small_parts(batch["items"], pairs_held // 8))
        for users in _gather(parts, pairs_held):
            had = _matrix(users)
            yield from _pairs(had.T.tocsr() @ had)

    return count


def _small_parts(users: pa.ListArray, most_pairs: int) -> Iterator[pa.ListArray]:
    """Users with about so many pairs."""
    pairs = np.cumsum(_pair_counts(users))
    ends = np.flatnonzero(np.diff(pairs // most_pairs, append=-1)) + 1
    for start, end in zip([0, *ends], ends, strict=False):
        yield users.slice(start, end - start)


def _gather(parts: Iterable[pa.ListArray], pairs_held: int) -> Iterator[pa.ListArray]:
    """As many users as can be counted in one product."""
    held: list[pa.ListArray] = []
    items = pairs = largest = 0
    for part in parts:
        held.append(part)
        items += len(part.flatten())
        pairs += int(_pair_counts(part).sum())
        largest = max(largest, int(part.flatten().to_numpy().max()))
        if items >= _ITEMS_HELD or min(pairs, (largest + 1) ** 2) >= pairs_held:
            yield pa.concat_arrays(held)
            held, items, pairs, largest = [], 0, 0, 0
    if held:
        yield pa.concat_arrays(held)


def _matrix(users: pa.ListArray) -> sparse.csr_matrix:
    """(users, items up to the largest), 1 where a user had the item."""
    column = users.flatten().to_numpy()
    starts = np.concatenate([[0], np.cumsum(_lengths(users))])
    shape = (len(users), int(column.max()) + 1)
    return sparse.csr_matrix((np.ones(len(column), np.int32), column, starts), shape=shape)


def _pairs(counts: sparse.csr_matrix) -> Iterator[pa.RecordBatch]:
    """What stands above the diagonal of a symmetric matrix."""
    item_count = counts.shape[0]
    step = max(1, item_count * _ROWS_SENT // max(1, counts.nnz))
    for first in range(0, item_count, step):
        block = counts[first : first + step].tocoo()
        item = block.row + np.int32(first)
        is_above = block.col > item
        columns = {"item_ix": item, "other_ix": block.col, "user_count": block.data}
        yield pa.RecordBatch.from_pydict({name: values[is_above] for name, values in columns.items()})


def _pair_counts(users: pa.ListArray) -> npt.NDArray[np.int64]:
    """Of each user; both ways and each item with itself, as a product counts them."""
    counts: npt.NDArray[np.int64] = _lengths(users).astype(np.int64) ** 2
    return counts


def _lengths(users: pa.ListArray) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = users.value_lengths().to_numpy()
    return lengths
