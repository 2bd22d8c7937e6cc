"""Sums over users for pairs of items that they had together, by products of sparse matrices.

A row for each pair of each user would be what a cluster spends its time on: pairs grow with the square of what a user
had. So each task multiplies matrices of its users, and the products move in pieces of many bytes to the tasks that hold
whole rows of the sum: all that is known of a block of items.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from scipy import sparse

from lakerec.model.scorer import Ints

Matrices = tuple[sparse.csr_matrix, ...]
"""Products, each (items, items) and symmetric; as many of them whatever the users."""
Multiply = Callable[[Iterator[pa.RecordBatch]], Iterator[Matrices]]
Choose = Callable[["Rows"], pa.RecordBatch]

_ITEMS_OF_BLOCK = 1 << 10
"""Items whose rows a task holds."""
_PAIRS_HELD = 1 << 25
"""Pairs counted in one product, 8 bytes each; a catalogue of up to 5,792 items has no more."""
_ITEMS_HELD = 1 << 23
"""Items of users counted in one product, 8 bytes each, twice."""

_PIECES = "block int, matrix int, row binary, column binary, value binary"


class Rows(NamedTuple):
    """Whole rows of the sums of products: those of items from `first` on."""

    first: int
    sums: Matrices


def sum_products(
    users: DataFrame,
    multiply: Multiply,
    item_count: int,
    choose: Choose,
    schema: str,
    items_of_block: int = _ITEMS_OF_BLOCK,
) -> DataFrame:
    """What is chosen of sums over all users, computed when it is asked for.

    Args:
        users: what `multiply` reads.
        multiply: makes matrices of some users; on an executor.
        item_count: rows and columns of these matrices.
        choose: is given the rows of each block of items; on an executor.
        schema: of what it makes of them.
        items_of_block: only speed and memory depend on it.
    """
    firsts = range(0, item_count or 1, items_of_block)

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for product in multiply(batches):
            for block, first in enumerate(firsts):
                yield from _pieces(block, [matrix[first : first + items_of_block] for matrix in product])

    def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if pieces := list(batches):
            block = pa.Table.from_batches(pieces)
            first = firsts[block["block"][0].as_py()]
            shape = (min(items_of_block, item_count - first), item_count)
            yield choose(Rows(first, _summed(block, shape)))

    moved = users.mapInArrow(pack, _PIECES).repartitionById(len(firsts), "block")
    return moved.mapInArrow(unpack, schema)


def count_users(item_count: int, pairs_held: int = _PAIRS_HELD) -> Multiply:
    """How many users had both items of a pair; on the diagonal how many had the item.

    Args:
        item_count: places that there are.
        pairs_held: what a task counts at once; only speed and memory depend on it.

    Returns:
        What reads items array<int>: places from 0, each once; a row per user.
    """

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[Matrices]:
        parts = (part for batch in batches for part in _small_parts(batch["items"], pairs_held // 8))
        for users in _gather(parts, pairs_held, item_count):
            had = _matrix(users, item_count)
            yield (had.T.tocsr() @ had,)

    return count


def best_of_rows(values: sparse.csr_matrix, most: int) -> Ints:
    """Where in `values.data` the largest numbers above 0 of each row stand, at most so many.

    Row after row, in the order (value descending, column ascending).
    """
    chosen = [np.empty(0, np.int64)]
    for begin, end in zip(values.indptr, values.indptr[1:], strict=False):
        of_row = values.data[begin:end]
        edge = np.partition(of_row, -most)[-most] if end - begin > most else 0
        places = begin + np.flatnonzero((of_row > 0) & (of_row >= edge))
        order = np.lexsort((values.indices[places], -values.data[places]))
        chosen.append(places[order[:most]])
    return np.concatenate(chosen)


def rows_of(values: sparse.csr_matrix) -> Ints:
    """Row of each number in `values.data`."""
    return np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))


def _pieces(block: int, parts: Iterable[sparse.csr_matrix]) -> Iterator[pa.RecordBatch]:
    """A piece of each matrix."""
    for number, matrix in enumerate(parts):
        part = matrix.tocoo()
        numbers = [pa.array([each], pa.int32()) for each in (block, number)]
        entries = (part.row.astype(np.int32), part.col.astype(np.int32), part.data.astype(np.float64))
        packed = [pa.array([values.tobytes()], pa.binary()) for values in entries]
        yield pa.RecordBatch.from_arrays([*numbers, *packed], ["block", "matrix", "row", "column", "value"])


def _summed(pieces: pa.Table, shape: tuple[int, int]) -> Matrices:
    """All pieces of a block."""
    numbers = pieces["matrix"].to_numpy()
    sums = []
    for number in range(numbers.max() + 1):
        of_matrix = pieces.filter(pa.array(numbers == number))
        row, column, value = (
            np.frombuffer(b"".join(of_matrix[name].to_pylist()), kind)
            for name, kind in (("row", np.int32), ("column", np.int32), ("value", np.float64))
        )
        sums.append(sparse.csr_matrix((value, (row, column)), shape=shape))
    return tuple(sums)


def _small_parts(users: pa.ListArray, most_pairs: int) -> Iterator[pa.ListArray]:
    """Users with about so many pairs."""
    pairs = np.cumsum(_pair_counts(users))
    ends = np.flatnonzero(np.diff(pairs // most_pairs, append=-1)) + 1
    for start, end in zip([0, *ends], ends, strict=False):
        yield users.slice(start, end - start)


def _gather(parts: Iterable[pa.ListArray], pairs_held: int, item_count: int) -> Iterator[pa.ListArray]:
    """As many users as can be counted in one product."""
    held: list[pa.ListArray] = []
    items = pairs = 0
    for part in parts:
        held.append(part)
        items += len(part.flatten())
        pairs += int(_pair_counts(part).sum())
        if items >= _ITEMS_HELD or min(pairs, item_count**2) >= pairs_held:
            yield pa.concat_arrays(held)
            held, items, pairs = [], 0, 0
    if held:
        yield pa.concat_arrays(held)


def _matrix(users: pa.ListArray, item_count: int) -> sparse.csr_matrix:
    """(users, items), 1 where a user had the item."""
    column = users.flatten().to_numpy()
    starts = np.concatenate([[0], np.cumsum(_lengths(users))])
    return sparse.csr_matrix((np.ones(len(column), np.int32), column, starts), shape=(len(users), item_count))


def _pair_counts(users: pa.ListArray) -> npt.NDArray[np.int64]:
    """Of each user; both ways and each item with itself, as a product counts them."""
    counts: npt.NDArray[np.int64] = _lengths(users).astype(np.int64) ** 2
    return counts


def _lengths(users: pa.ListArray) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = users.value_lengths().to_numpy()
    return lengths
