"""diagnostics.ranking_metrics: every metric by hand, and against Spark's own evaluator."""

from math import log2

import pytest
from pyspark.ml.evaluation import RankingEvaluator

from lakerec.diagnostics.ranking_metrics import judge_lists, measure_rankings

RANKINGS = "recommender string, split string, user_ix int, rank int, item_ix int, is_relevant boolean"
JUDGED = "recommender string, split string, user_ix int, relevant_count long, history string"

# user 1: hits at ranks 1 and 3, three relevant items, one of them never listed
# user 2: a short list of two with a hit at rank 2, one relevant item
# user 3: has a relevant item, and an empty list
# user 4: a list, but nothing relevant: not judged
LISTED = [
    ("als", "test", 1, 1, 10, True),
    ("als", "test", 1, 2, 11, False),
    ("als", "test", 1, 3, 12, True),
    ("als", "test", 2, 1, 10, False),
    ("als", "test", 2, 2, 13, True),
    ("als", "test", 4, 1, 14, False),
]
USERS = [("als", "test", 1, 3, "5-19"), ("als", "test", 2, 1, "1-4"), ("als", "test", 3, 1, "1-4")]
# the share of training users who had each of the catalogue's five items
SHARES = [(10, 1 / 2), (11, 1 / 4), (12, 1 / 8), (13, 1 / 4), (14, 1 / 16)]


def measured(spark, ks, listed=LISTED, users=USERS, shares=SHARES):
    rows = measure_rankings(
        spark.createDataFrame(listed, RANKINGS),
        spark.createDataFrame(users, JUDGED),
        spark.createDataFrame(shares, "item_ix int, user_share double"),
        ks,
    ).collect()
    return {(row["slice"], row["metric"], row["k"]): row for row in rows}


def test_each_metric_at_three_is_the_mean_over_the_three_judged_users(spark):
    ideal_of_three = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    ideal_of_one = 1 / log2(2)

    rows = measured(spark, ks=[3])

    value = {metric: row["value"] for (part, metric, _), row in rows.items() if part == "all"}
    assert value["recall"] == pytest.approx((2 / 3 + 1 / 1 + 0) / 3)
    assert value["precision"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert value["ndcg"] == pytest.approx(
        ((1 / log2(2) + 1 / log2(4)) / ideal_of_three + (1 / log2(3)) / ideal_of_one) / 3
    )
    assert value["map"] == pytest.approx(((1 / 1 + 2 / 3) / 3 + (1 / 2) / 1 + 0) / 3)
    assert value["mrr"] == pytest.approx((1 / 1 + 1 / 2 + 0) / 3)
    assert value["hit_rate"] == pytest.approx(2 / 3)
    assert value["coverage"] == pytest.approx(4 / 5)  # items 10, 11, 12, 13; the list of user 4 is not judged
    assert value["novelty"] == pytest.approx(((1 + 2 + 3) / 3 + (1 + 2) / 2) / 2)  # user 3 has no list, so no value
    assert value["average_popularity"] == pytest.approx(((1 / 2 + 1 / 4 + 1 / 8) / 3 + (1 / 2 + 1 / 4) / 2) / 2)
    assert {row["user_count"] for (part, _, _), row in rows.items() if part == "all"} == {3}
    assert {(row["low"], row["high"]) for row in rows.values()} == {(None, None)}


def test_the_first_place_alone_looks_only_at_the_first_place(spark):
    rows = measured(spark, ks=[1])

    value = {metric: row["value"] for (part, metric, _), row in rows.items() if part == "all"}
    assert value["recall"] == pytest.approx((1 / 3 + 0 + 0) / 3)
    assert value["precision"] == pytest.approx((1 / 1 + 0 + 0) / 3)
    assert value["ndcg"] == pytest.approx((1 / 1 + 0 + 0) / 3)
    assert value["map"] == pytest.approx((1 / min(1, 3) + 0 + 0) / 3)
    assert value["mrr"] == pytest.approx(1 / 3)
    assert value["coverage"] == pytest.approx(1 / 5)


def test_slices_hold_the_users_of_one_band_of_history(spark):
    rows = measured(spark, ks=[3])

    assert rows["history=5-19", "recall", 3]["value"] == pytest.approx(2 / 3)
    assert rows["history=5-19", "recall", 3]["user_count"] == 1
    assert rows["history=1-4", "recall", 3]["value"] == pytest.approx((1 / 1 + 0) / 2)
    assert rows["history=1-4", "coverage", 3]["value"] == pytest.approx(2 / 5)
    assert rows["history=1-4", "coverage", 3]["user_count"] == 2


def test_where_every_list_is_empty_metrics_are_zero_and_what_describes_listed_items_is_null(spark):
    rows = measured(spark, ks=[2], listed=[])

    zero = ("recall", "precision", "ndcg", "map", "mrr", "hit_rate", "coverage")
    assert {rows["all", metric, 2]["value"] for metric in zero} == {0.0}
    assert rows["all", "novelty", 2]["value"] is None


def test_without_anybody_to_judge_there_are_no_rows(spark):
    assert measured(spark, ks=[2], users=[]) == {}


def test_recommenders_and_splits_are_measured_apart(spark):
    listed = [*LISTED, ("random", "test", 1, 1, 14, False), ("als", "validation", 1, 1, 14, True)]
    users = [*USERS, ("random", "test", 1, 3, "5-19"), ("als", "validation", 1, 1, "5-19")]
    frames = (
        spark.createDataFrame(listed, RANKINGS),
        spark.createDataFrame(users, JUDGED),
        spark.createDataFrame(SHARES, "item_ix int, user_share double"),
    )

    rows = measure_rankings(*frames, [3]).where("metric = 'recall' AND slice = 'all'").collect()

    found = {(row["recommender"], row["split"]): row["value"] for row in rows}
    assert found == pytest.approx({("als", "test"): 5 / 9, ("random", "test"): 0.0, ("als", "validation"): 1.0})


def test_single_lists_keep_their_own_values_for_whoever_resamples_them(spark):
    lists = judge_lists(
        spark.createDataFrame(LISTED, RANKINGS),
        spark.createDataFrame(USERS, JUDGED),
        spark.createDataFrame(SHARES, "item_ix int, user_share double"),
        [1, 3],
    ).collect()

    assert {(row["user_ix"], row["k"]): row["recall"] for row in lists} == pytest.approx(
        {(1, 1): 1 / 3, (1, 3): 2 / 3, (2, 1): 0.0, (2, 3): 1 / 1, (3, 1): 0.0, (3, 3): 0.0}
    )


def test_sparks_own_evaluator_agrees_where_it_has_the_metric_and_divides_its_map_differently(spark):
    predicted = [([10.0, 11.0, 12.0], [10.0, 12.0, 99.0]), ([10.0, 13.0], [13.0]), ([], [15.0])]
    lists = spark.createDataFrame(predicted, "prediction array<double>, label array<double>")

    def theirs(name, k=10):
        return RankingEvaluator(metricName=name, k=k).evaluate(lists)

    ours = {
        k: {m: row["value"] for (part, m, at), row in measured(spark, ks=[k]).items() if part == "all"}
        for k in (1, 2, 3)
    }

    for k, value in ours.items():
        assert value["precision"] == pytest.approx(theirs("precisionAtK", k))
        assert value["recall"] == pytest.approx(theirs("recallAtK", k))
        assert value["ndcg"] == pytest.approx(theirs("ndcgAtK", k))
        assert value["map"] == pytest.approx(theirs("meanAveragePrecisionAtK", k))
    # their MAP without k divides by all relevant items: user 1 can reach 2 / 3 at most in a list of two
    assert theirs("meanAveragePrecision") == pytest.approx(((1 / 1 + 2 / 3) / 3 + (1 / 2) / 1 + 0) / 3)
    assert ours[2]["map"] == pytest.approx(((1 / 1) / 2 + (1 / 2) / 1 + 0) / 3)
