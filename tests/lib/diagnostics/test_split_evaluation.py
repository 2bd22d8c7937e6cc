"""Candidates become masks; the whole of it is worked by hand in tests/jobs/test_evaluate_split.py."""

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.split_evaluation import with_others_masked


def test_all_but_candidates_are_masked_and_masked_candidates_stay_masked():
    users = pa.RecordBatch.from_pydict(
        {
            "user_ix": pa.array([1, 2, 3], pa.int32()),
            "masked": pa.array([[10], [], []], pa.list_(pa.int32())),
            "candidates": pa.array([[10, 12, 99], [11], None], pa.list_(pa.int32())),
        }
    )

    for part, expected in ((users, [[10, 11], [10, 12], [10, 11, 12]]), (users.slice(1), [[10, 12], [10, 11, 12]])):
        masked = with_others_masked(part, np.array([12, 10, 11], np.int32))
        assert masked.schema.names == ["user_ix", "masked"]
        assert masked["masked"].to_pylist() == expected
