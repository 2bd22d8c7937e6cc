"""Rows of users, lists and truth become arrays."""

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.list_blocks import Maker, read_block, whole_users
from tests.lib.diagnostics.measuring import a_plan, in_order, made, truth, user

ALS = Maker("als")


def test_a_block_holds_each_users_band_lists_and_truth():
    rows = in_order(user(1, "5-19"), truth(1, 12, 10), truth(1, 14, split=0), made(1, 0, 10, 11), user(9, "new", False))

    block = read_block(rows, a_plan(ALS))

    assert (block.history.tolist(), block.is_known.tolist()) == ([2, 0], [True, False])
    assert block.lists(a_plan(ALS), ALS, split=1).tolist() == [[0, 1, -1], [-1, -1, -1]]
    assert block.lists(a_plan(ALS), ALS, split=0).tolist() == [[-1, -1, -1], [-1, -1, -1]]
    validation, test = block.truth
    assert (test.keys.tolist(), test.counts.tolist()) == ([0 * 5 + 0, 0 * 5 + 2], [2, 0])
    assert validation.counts.tolist() == [1, 0]


def test_items_beyond_the_longest_list_that_is_measured_are_not_looked_at():
    rows = in_order(user(1, "5-19"), made(1, 0, 10, 11, 12, 13))

    assert read_block(rows, a_plan(ALS)).lists(a_plan(ALS), ALS, split=1).tolist() == [[0, 1, 2]]


def test_blocks_tear_no_user_apart_however_rows_arrive():
    rows = in_order(*[made(ix, 0, 10, 11, 12) for ix in range(7)])
    names = ["user_ix", "code", "place", "item_ix"]
    batches = [pa.RecordBatch.from_arrays([pa.array(c) for c in part.T], names) for part in np.array_split(rows, 5)]

    blocks = list(whole_users(batches, rows_held=4))

    assert np.concatenate(blocks).tolist() == rows.tolist()
    users = [set(block[:, 0]) for block in blocks]
    assert len(users) > 1
    assert sum(map(len, users)) == 7
    assert list(whole_users([])) == []
