"""From sums to rows: values, intervals, counts and verdicts."""

import numpy as np
import pyarrow as pa
import pytest

from lakerec.diagnostics.list_blocks import Maker
from lakerec.diagnostics.summaries import judge, summarise
from lakerec.diagnostics.tallies import tally_batches
from tests.lib.diagnostics.measuring import a_plan, made, travelling, truth, user

ALS, POPULARITY, LADDER = Maker("als"), Maker("popularity"), Maker("ladder", serves_newcomers=True)


def told(plan, *rows, dimension="history", tasks=1):
    """Rows by (recommender, baseline, slice, metric, k) of the test split, out of several tasks."""
    parts = [travelling(*rows[task::tasks]) for task in range(tasks)]
    tallies = pa.concat_tables(pa.Table.from_batches(tally_batches([part], plan)) for part in parts)
    chosen = [row for row in tallies.to_pylist() if (row["split"], row["dimension"]) == (1, dimension)]
    found = summarise(pa.Table.from_pylist(chosen, tallies.schema), plan).to_pylist()
    return {(r["recommender"], r["baseline"], r["slice"], r["metric"], r["k"]): r for r in found}


THREE = (
    [*user(1, "5-19"), *truth(1, 10, 12, 14), *made(1, 0, 10, 11, 12)],
    [*user(2, "1-4"), *truth(2, 13), *made(2, 0, 10, 13)],
    [*user(3, "1-4"), *truth(3, 14)],
    [*user(4, "1-4"), *made(4, 0, 14)],  # nothing relevant: left out, and counted
)


@pytest.mark.parametrize("tasks", [1, 3])
def test_all_is_the_mean_over_the_users_of_every_band(tasks):
    rows = told(a_plan(ALS), *THREE, tasks=tasks)

    recall = rows["als", None, "all", "recall", 3]
    assert recall["value"] == pytest.approx((2 / 3 + 1 / 1 + 0) / 3)
    assert (recall["user_count"], recall["left_out_count"], recall["split"]) == (3, 1, "test")
    assert rows["als", None, "history=1-4", "recall", 3]["value"] == pytest.approx((1 / 1 + 0) / 2)
    assert rows["als", None, "user=returning", "precision", 3]["value"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert ("als", None, "user=new", "recall", 3) not in rows
    assert rows["als", None, "all", "coverage", 3]["value"] == pytest.approx(4 / 5)  # 10 .. 13; 4's list is not judged
    assert rows["als", None, "all", "coverage", 1]["value"] == pytest.approx(1 / 5)
    assert rows["als", None, "all", "novelty", 3]["value"] == pytest.approx(((1 + 2 + 3) / 3 + (1 + 2) / 2) / 2)


def test_fewer_than_ten_users_have_no_interval():
    rows = told(a_plan(ALS), *THREE)

    assert {(row["low"], row["high"]) for row in rows.values()} == {(None, None)}


def crowd(count, als, popularity):
    """Users who wanted item 10; als and popularity list it to so many of the first of them."""
    return [
        [
            *user(ix, "1-4"),
            *truth(ix, 10),
            *made(ix, 0, 10 if ix < als else 11),
            *made(ix, 1, 10 if ix < popularity else 11),
        ]
        for ix in range(count)
    ]


def test_the_interval_is_about_what_theory_says_of_a_share():
    plan = a_plan(ALS, POPULARITY, replicates=1000)

    row = told(plan, *crowd(400, als=100, popularity=0))["als", None, "all", "hit_rate", 1]

    margin = 1.96 * np.sqrt(0.25 * 0.75 / 400)
    assert row["value"] == 100 / 400
    assert (row["low"], row["high"]) == pytest.approx((0.25 - margin, 0.25 + margin), abs=0.006)


def test_a_clear_difference_is_better_or_worse_and_the_same_is_not_told_apart():
    plan = a_plan(ALS, POPULARITY, replicates=200)

    wins = told(plan, *crowd(200, als=80, popularity=50))["als", "popularity", "all", "recall", 1]
    loses = told(plan, *crowd(200, als=50, popularity=80))["als", "popularity", "all", "recall", 1]
    equals = told(plan, *crowd(200, als=50, popularity=50))["als", "popularity", "all", "recall", 1]

    assert (wins["value"], wins["verdict"]) == (pytest.approx(30 / 200), "better")
    assert wins["low"] > 0.085  # both find the first 50: paired, only the 30 others vary
    assert (loses["value"], loses["verdict"]) == (pytest.approx(-30 / 200), "worse")
    assert (equals["low"], equals["high"], equals["verdict"]) == (0, 0, "not told apart")


def test_few_users_are_not_told_apart_however_they_lean():
    row = told(a_plan(ALS, POPULARITY), *crowd(5, als=5, popularity=0))["als", "popularity", "all", "recall", 1]

    assert (row["value"], row["low"], row["verdict"]) == (1.0, None, "not told apart")


def test_another_model_is_named_and_the_ladder_is_compared_with_a_ladder_only():
    earlier = (Maker("als", "m1"), Maker("ladder", "m1", serves_newcomers=True))
    plan = a_plan(ALS, LADDER, *earlier)
    rows = [[*user(ix, "1-4"), *truth(ix, 10), *(r for m in range(4) for r in made(ix, m, 10))] for ix in range(12)]

    found = told(plan, *rows)

    pairs = {(r["recommender"], r["baseline"], r["baseline_model_id"]) for r in found.values() if r["baseline"]}
    assert pairs == {("als", "als", "m1"), ("ladder", "ladder", "m1")}


def test_slices_of_items_tell_relevance_alone():
    rows = told(a_plan(ALS), *THREE, dimension="category")

    assert {key[3] for key in rows} == {"recall", "precision", "ndcg", "map", "mrr", "hit_rate"}
    assert rows["als", None, "category=hat", "recall", 3]["value"] == pytest.approx(1 / 1)
    shoes = rows["als", None, "category=shoe", "recall", 3]
    assert shoes["value"] == pytest.approx((1 / 2 + 1 / 1 + 0) / 3)
    assert (shoes["user_count"], shoes["left_out_count"]) == (3, None)


def test_nothing_gives_no_rows():
    plan = a_plan(ALS)

    empty = pa.Table.from_batches(tally_batches([], plan))

    assert summarise(empty, plan).num_rows == 0


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.1, "not told apart"), (0, 0.1, "not told apart"),
     (np.nan, np.nan, "not told apart")],
)  # fmt: skip
def test_a_verdict_needs_an_interval_without_zero(low, high, verdict):
    assert judge(low, high) == verdict
