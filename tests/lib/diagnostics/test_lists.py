"""Lists of an evaluation: each recommender for those it is judged or calibrated on."""

import numpy as np
import pytest
from scipy import sparse

from lakerec.diagnostics.lists import Baselines, Catalogue, RankedUsers, make_lists, share_of_strength
from lakerec.model.item_knn import Neighbours
from lakerec.model.scorer import ItemSide
from tests.lib.diagnostics.test_rankings import SETTINGS

FACTORS = "user_ix int, factors array<float>"
LIKED = "user_ix int, liked array<struct<strength: double, item_ix: int>>"


def side(scores):
    return ItemSide(np.array(list(scores), np.int32), np.array([[s] for s in scores.values()], np.float32))


def neighbours(*near):
    """Of items 10, 11 and 12: (item, other, similarity)."""
    rows, columns, values = zip(*[(item - 10, other - 10, similarity) for item, other, similarity in near], strict=True)
    return Neighbours(np.array([10, 11, 12], np.int32), sparse.csr_matrix((values, (rows, columns)), shape=(3, 3)))


def test_the_model_lists_for_all_known_users_baselines_for_buyers_and_bestsellers_for_newcomers(spark):
    users = spark.createDataFrame(
        [(1, True, True, [10]), (2, True, False, []), (8, False, False, [12])],
        "user_ix int, is_known boolean, is_buyer boolean, masked array<int>",
    )
    factors = spark.createDataFrame([(1, [1.0]), (2, [-1.0]), (3, [1.0])], FACTORS)  # 3 was not drawn
    liked = spark.createDataFrame([(1, [(2.0, 12), (1.0, 10)])], LIKED)
    catalogue = Catalogue(als=side({10: 0.9, 11: 0.5, 12: 0.1}), popularity=side({12: 0.75, 10: 0.25}))
    near = neighbours((10, 11, 0.5), (12, 11, 0.25), (10, 12, 0.75))
    baselines = Baselines(side({11: 1.0}), near, neighbours((10, 12, 0.5)), is_repeat_listed=True)
    settings = SETTINGS.model_copy(update={"top_n": 2})

    rows = make_lists(RankedUsers(users, factors, liked), catalogue, baselines, settings).orderBy("rank").collect()

    lists, scores = {}, {}
    for row in rows:
        key = row["recommender"], row["is_newcomer"], row["user_ix"]
        lists.setdefault(key, []).append(row["item_ix"])
        scores.setdefault(key, []).append(row["score"])
    assert set(lists.pop(("random", False, 1))) == {11, 12}
    assert lists == {
        ("als", False, 1): [11, 12],  # 10 is masked
        ("als", False, 2): [12, 11],  # taste turned round
        ("popularity", False, 1): [12],
        ("recent_popularity", False, 1): [11],
        ("item_knn_cosine", False, 1): [11, 12],
        ("item_knn_bm25", False, 1): [12],
        ("repeat", False, 1): [12],
        ("popularity", True, 8): [10],
    }
    assert scores["item_knn_cosine", False, 1] == [1.0 * 0.5 + 2.0 * 0.25, 1.0 * 0.75]


def test_popularity_is_a_share_of_all_that_is_liked(spark):
    popularity = spark.createDataFrame([(1, 6.0), (2, 2.0), (3, 0.0), (4, -4.0)], "item_ix int, strength double")

    shares = {row["item_ix"]: row["strength"] for row in share_of_strength(popularity).collect()}

    assert shares == {1: pytest.approx(6 / 8), 2: pytest.approx(2 / 8)}
