"""Pairs of items that the same users had: as if every pair of every user had been counted by itself."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from lakerec.model.item_pairs import count_pairs


def counted(spark, lists, **bounds):
    users = spark.createDataFrame([(items,) for items in lists], "items array<int>")
    return {(row.item_ix, row.other_ix): row.user_count for row in count_pairs(users, **bounds).collect()}


def test_by_hand(spark):
    assert counted(spark, [[4, 0, 2], [2, 4], [7], []]) == {(0, 2): 1, (0, 4): 1, (2, 4): 2}


@pytest.mark.parametrize("pairs_held", [8, 100, 1 << 20])
def test_as_counting_pair_by_pair_however_many_are_held_at_once(spark, pairs_held):
    rng = np.random.default_rng(5)
    lists = [rng.choice(30, rng.integers(0, 12), replace=False).tolist() for _ in range(60)]

    pairs = Counter(pair for items in lists for pair in combinations(sorted(items), 2))
    assert counted(spark, lists, pairs_held=pairs_held) == pairs


def test_nobody_had_anything(spark):
    assert counted(spark, []) == {}
