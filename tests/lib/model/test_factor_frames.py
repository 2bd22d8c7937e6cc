"""Factors as a frame."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakerec.model import factor_frames
from lakerec.model.factor_frames import factor_frame


def test_every_id_keeps_its_factors_over_parts_and_batches(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factor_frames, "_PART_ROWS", 5)
    ids = np.arange(12, dtype=np.int32) * 3
    factors = np.arange(24, dtype=np.float32).reshape(12, 2)

    frame = factor_frame(spark.range(1), "item_ix", ids, factors)

    assert frame.dtypes == [("item_ix", "int"), ("factors", "array<float>")]
    assert frame.rdd.getNumPartitions() == 3
    assert [tuple(row) for row in frame.orderBy("item_ix").collect()] == [
        (3 * row, [2.0 * row, 2.0 * row + 1]) for row in range(12)
    ]
