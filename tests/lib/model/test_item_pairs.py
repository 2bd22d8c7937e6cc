"""Sums over pairs of items that the same users had: as if every pair of every user had been counted by itself."""

from collections import Counter
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from lakerec.model.item_pairs import Rows, best_of_rows, count_users, rows_of, sum_products

ITEMS = 30


def every_pair(rows: Rows) -> pa.RecordBatch:
    [counts] = rows.sums
    columns = {"item": rows.first + rows_of(counts), "other": counts.indices, "users": counts.data}
    return pa.RecordBatch.from_pydict({name: np.asarray(values, np.int64) for name, values in columns.items()})


def counted(spark, lists, pairs_held=100, items_of_block=100):
    users = spark.createDataFrame([(items,) for items in lists], "items array<int>").repartition(2)
    schema = "item long, other long, users long"
    pairs = sum_products(users, count_users(ITEMS, pairs_held), ITEMS, every_pair, schema, items_of_block)
    return {(row["item"], row["other"]): row["users"] for row in pairs.collect()}


def test_by_hand(spark):
    pairs = {(0, 2): 1, (0, 4): 1, (2, 4): 2}

    both_ways = {**pairs, **{(other, item): users for (item, other), users in pairs.items()}}
    assert counted(spark, [[4, 0, 2], [2, 4], [7], []]) == {**both_ways, (0, 0): 1, (2, 2): 2, (4, 4): 2, (7, 7): 1}


@pytest.mark.parametrize("items_of_block", [1, 7, 100])
@pytest.mark.parametrize("pairs_held", [8, 1 << 20])
def test_as_counting_pair_by_pair_however_much_is_held_at_once(spark, items_of_block, pairs_held):
    rng = np.random.default_rng(5)
    lists = [rng.choice(ITEMS, rng.integers(0, 12), replace=False).tolist() for _ in range(60)]

    pairs = Counter(pair for items in lists for pair in product(items, items))
    assert counted(spark, lists, pairs_held, items_of_block) == pairs


def test_nobody_had_anything(spark):
    assert counted(spark, []) == {}


def test_the_best_of_a_row_are_in_order_and_equal_ones_by_column():
    values = sparse.csr_matrix(np.array([[0.5, 2.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 3.0, 0.0]]))

    best = best_of_rows(values, most=2)

    assert list(zip(rows_of(values)[best].tolist(), values.indices[best].tolist(), strict=True)) == [
        (0, 1),
        (0, 0),
        (2, 2),
    ]
