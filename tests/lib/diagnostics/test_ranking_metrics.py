"""diagnostics.ranking_metrics out of Spark's frames; formulas and intervals are tested beside their kernels."""

from collections import namedtuple

import pytest

from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.list_blocks import Maker
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS, comparisons_of, measure_rankings, metrics_of
from lakerec.diagnostics.rankings import judge_by
from lakerec.diagnostics.summaries import Measured
from tests.lib.diagnostics.measuring import a_plan

RANKINGS = "recommender string, made_by string, split string, user_ix int, rank int, item_ix int"
USERS = "user_ix int, is_known boolean, history string"
RELEVANT = "split string, user_ix int, item_ix int"
MAKERS = (Maker("als"), Maker("popularity"), Maker("als", "m1"), Maker("fold_in", population=1))
Metric = namedtuple("Metric", RANKING_METRICS.names)
Comparison = namedtuple("Comparison", COMPARISONS.names)

LISTED = [
    ("als", "", "test", 1, 1, 10),
    ("als", "", "test", 1, 2, 11),
    ("als", "", "test", 1, 3, 12),
    ("als", "", "test", 2, 1, 10),
    ("als", "", "test", 2, 2, 13),
    ("als", "m1", "test", 2, 1, 13),
    ("popularity", "", "test", 1, 1, 11),
    ("fold_in", "", "test", 3, 1, 14),
    ("random", "", "test", 1, 1, 11),  # the plan does not name it
]
DRAWN = [(1, True, "5-19"), (2, True, "1-4"), (3, True, "1-4"), (4, True, "1-4")]
WANTED = [("test", 1, 10), ("test", 1, 12), ("test", 1, 14), ("test", 2, 13), ("test", 3, 14), ("test", 8, 10)]


@pytest.fixture(scope="module")
def measured(spark):
    lists, users, relevant = (
        spark.createDataFrame(*each) for each in ((LISTED, RANKINGS), (DRAWN, USERS), (WANTED, RELEVANT))
    )
    newcomers = judge_by(users.where("user_ix = 3"), relevant)
    frame = measure_rankings(lists, [judge_by(users, relevant), newcomers], a_plan(*MAKERS))
    return [Measured(*row) for row in frame.collect()]


def test_users_without_a_list_miss_and_users_with_nothing_relevant_are_left_out_and_counted(measured):
    found = [Metric(*row) for row in metrics_of(measured, "m2")]

    rows = {(r.recommender, r.slice, r.metric, r.k): r for r in found if r.split == "test"}
    recall = rows["als", "all", "recall", 3]
    assert recall.value == pytest.approx((2 / 3 + 1 / 1 + 0) / 3)
    assert (recall.model_id, recall.user_count, recall.left_out_count) == ("m2", 3, 1)
    assert rows["als", "history=1-4", "recall", 3].value == pytest.approx((1 / 1 + 0) / 2)
    assert rows["als", "all", "coverage", 3].value == pytest.approx(4 / 5)
    assert rows["popularity", "all", "hit_rate", 3].value == 0
    assert rows["als", "category=shoe", "recall", 3].value == pytest.approx((1 / 2 + 1 / 1 + 0) / 3)
    folded_in = rows["fold_in", "all", "recall", 3]
    assert (folded_in.value, folded_in.user_count, folded_in.left_out_count) == (1 / 1, 1, None)
    assert {recommender for recommender, *_ in rows} == {"als", "popularity", "fold_in"}


def test_differences_name_the_model_that_they_are_taken_from(measured):
    found = [Comparison(*row) for row in comparisons_of(measured, "m2")]

    rows = {(r.baseline, r.baseline_model_id): r for r in found if (r.slice, r.metric, r.k) == ("all", "mrr", 3)}
    assert rows.keys() == {("popularity", "m2"), ("als", "m1")}
    assert rows["popularity", "m2"].value == pytest.approx((1 / 1 + 1 / 2 + 0) / 3)
    assert rows["als", "m1"].value == pytest.approx(1 / 2 - 1 / 1)  # for user 2, who has both lists
    assert rows["als", "m1"].verdict == "not told apart"


def test_without_anybody_there_are_no_rows(spark):
    lists, users, relevant = (spark.createDataFrame([], schema) for schema in (RANKINGS, USERS, RELEVANT))

    assert measure_rankings(lists, [judge_by(users, relevant)], a_plan(*MAKERS)).collect() == []
