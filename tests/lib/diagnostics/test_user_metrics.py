"""NDCG by user, and means that are paired."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakerec.config import load
from lakerec.diagnostics.evidence import Happened
from lakerec.diagnostics.user_metrics import (
    UserMetric,
    aligned,
    draw_judged,
    fit_user_ndcg,
    mean_over_users,
    merged,
    ndcg_of_lists,
)

RANKING = load("test", {"ranking.replicates": 50}).ranking


def test_each_user_is_judged_by_what_the_list_holds_and_an_absent_list_by_0() -> None:
    lists = np.array([[7, 1, 10], [7, 2, 11], [9, 1, 12], [9, 2, 10]])
    truth = np.array([[7, 11], [9, 12], [9, 10], [8, 10]])

    found = ndcg_of_lists(lists, truth, k=2)

    assert found.user_ix.tolist() == [7, 8, 9]
    assert found.values.tolist() == pytest.approx([1 / np.log2(3), 0, 1])


def test_only_users_of_all_metrics_are_compared() -> None:
    one = UserMetric(np.array([1, 2, 5]), np.array([0.1, 0.2, 0.5]))
    other = merged([UserMetric(np.array([5]), np.array([0.6])), UserMetric(np.array([2, 3]), np.array([0.3, 0.4]))])

    users, values = aligned([one, other])

    assert users.tolist() == [2, 5]
    assert values.tolist() == [[0.2, 0.3], [0.5, 0.6]]


def test_a_difference_that_all_users_share_has_no_spread_and_few_users_have_no_interval() -> None:
    users, values = np.arange(40), np.random.default_rng(7).random(40)

    means = mean_over_users(users, np.column_stack([values, values + 0.1]), RANKING)
    few = mean_over_users(users[:9], values[:9, None], RANKING)

    assert means.interval(means.replicates[:, 1] - means.replicates[:, 0]) == pytest.approx((0.1, 0.1))
    assert few.interval(few.replicates[:, 0]) == (None, None)


def test_a_model_is_judged_on_the_validation_window_alone_without_what_users_know(spark: SparkSession) -> None:
    users = spark.createDataFrame([(1, [1.0]), (2, [1.0]), (3, [1.0])], "user_ix int, factors array<float>")
    items = spark.createDataFrame([(10, [0.9]), (11, [0.5]), (12, [0.1])], "item_ix int, factors array<float>")
    index = spark.createDataFrame([("a", 10), ("b", 11), ("c", 12)], "item_id string, item_ix int")
    relevant = [("validation", 1, 11), ("validation", 2, 12), ("test", 3, 10)]
    happened = Happened(
        masked=spark.createDataFrame([(1, 10)], "user_ix int, item_ix int"),
        relevant=spark.createDataFrame(relevant, "split string, user_ix int, item_ix int"),
        active=spark.createDataFrame([], "split string, user_ix int"),
    )

    found = fit_user_ndcg(draw_judged(users, happened, 10, 7), items, index, happened, k=2)

    assert found.user_ix.tolist() == [1, 2]
    assert found.values.tolist() == [1, 0]  # user 1 knows item 10, so 11 comes first; 12 is third for user 2
