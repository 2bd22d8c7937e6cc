"""Factors on the driver as a frame, without a copy in the driver's Java heap."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

_PART_ROWS = 50_000
"""Rows of a partition."""

_BATCH_ROWS = 10_000


def factor_frame(
    beside: DataFrame, column: str, ids: npt.NDArray[np.int32], factors: npt.NDArray[np.float32]
) -> DataFrame:
    """A row per id; lazy, and made anew from the broadcast factors wherever it is read.

    Args:
        beside: any frame of the session.
        column: name of the ids.
        factors: (ids, rank).

    Returns:
        ids and factors array<float>.
    """
    session = beside.sparkSession
    shared = session.sparkContext.broadcast((ids, factors))

    def parts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        all_ids, all_factors = shared.value
        for part in (number for batch in batches for number in batch["id"].to_pylist()):
            end = min((part + 1) * _PART_ROWS, len(all_ids))
            for begin in range(part * _PART_ROWS, end, _BATCH_ROWS):
                rows = slice(begin, min(begin + _BATCH_ROWS, end))
                yield _batch(column, all_ids[rows], all_factors[rows])

    count = -(-len(ids) // _PART_ROWS)
    return session.range(0, count, 1, max(1, count)).mapInArrow(parts, f"{column} int, factors array<float>")


def _batch(column: str, ids: npt.NDArray[np.int32], factors: npt.NDArray[np.float32]) -> pa.RecordBatch:
    ends = np.arange(len(ids) + 1, dtype=np.int32) * factors.shape[1]
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(factors.reshape(-1)))
    return pa.RecordBatch.from_arrays([pa.array(ids), lists], [column, "factors"])
