"""Lists of an evaluation: each recommender for those it is judged or calibrated on."""

import numpy as np
import pytest

from lakerec.diagnostics.lists import Catalogue, make_lists, share_of_strength
from lakerec.diagnostics.rankings import RankingSettings
from lakerec.model.scorer import ItemSide

SETTINGS = RankingSettings(top_n=2, ks=(1, 2), max_users=10, seed=7, history_bounds=(1, 5))
FACTORS = "user_ix int, factors array<float>"


def side(scores):
    return ItemSide(np.array(list(scores), np.int32), np.array([[s] for s in scores.values()], np.float32))


def test_the_model_lists_for_all_known_users_baselines_for_buyers_and_bestsellers_for_newcomers(spark):
    users = spark.createDataFrame(
        [(1, True, True, [10]), (2, True, False, []), (8, False, False, [12])],
        "user_ix int, is_known boolean, is_buyer boolean, masked array<int>",
    )
    factors = spark.createDataFrame([(1, [1.0]), (2, [-1.0]), (3, [1.0])], FACTORS)  # 3 was not drawn
    catalogue = Catalogue(als=side({10: 0.9, 11: 0.5, 12: 0.1}), popularity=side({12: 0.75, 10: 0.25}))

    rows = make_lists(users, factors, catalogue, SETTINGS).orderBy("rank").collect()

    lists = {}
    for row in rows:
        lists.setdefault((row["recommender"], row["is_newcomer"], row["user_ix"]), []).append(row["item_ix"])
    assert set(lists.pop(("random", False, 1))) == {11, 12}
    assert lists == {
        ("als", False, 1): [11, 12],  # 10 is masked
        ("als", False, 2): [12, 11],  # taste turned round
        ("popularity", False, 1): [12],
        ("popularity", True, 8): [10],
    }


def test_popularity_is_a_share_of_all_that_is_liked(spark):
    popularity = spark.createDataFrame([(1, 6.0), (2, 2.0), (3, 0.0), (4, -4.0)], "item_ix int, strength double")

    shares = {row["item_ix"]: row["strength"] for row in share_of_strength(popularity).collect()}

    assert shares == {1: pytest.approx(6 / 8), 2: pytest.approx(2 / 8)}
