"""What a search may see, and what a configuration is worth there, by hand."""

from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from lakerec.config import load
from lakerec.diagnostics.search_space import Candidate
from lakerec.diagnostics.validation import (
    Resampling,
    Seen,
    Truth,
    before_test,
    by_user,
    collect_truth,
    first_test_day,
    fit_judge,
    judge,
    rank_for_judged,
)
from lakerec.draws import place_of
from lakerec.errors import TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.model.scorer import with_masked
from lakerec.model.split import SplitSettings, last_moment

SPLIT = SplitSettings(calibrate_days=2, test_days=3, relevant_actions=("purchase",))
AS_OF = datetime(2026, 3, 10, 15, tzinfo=UTC)
ROW = 1 << 32
TRUTH = Truth(
    user_ix=np.array([3, 5, 8]),
    place=np.array([0.1, 0.9, 0.2]),
    keys=np.array([7, 9, ROW + 7, 2 * ROW + 1]),  # 3 wants items 7 and 9, 5 wants 7, 8 wants 1
    counts=np.array([2, 1, 1]),
)


def lists_of(*rows: tuple[int, int, int]) -> pa.Table:
    """User, rank, item."""
    return pa.table(dict(zip(("user_ix", "rank", "item_ix"), np.array(rows, np.int32).T, strict=True)))


def test_rows_of_the_test_window_are_cut_off(spark):
    days = [(date(2026, 3, day),) for day in range(1, 13)]

    seen = before_test(spark.createDataFrame(days, "event_date date"), AS_OF, SPLIT)

    assert first_test_day(AS_OF, SPLIT) == date(2026, 3, 8)
    assert max(row.event_date for row in seen.collect()) == date(2026, 3, 7)


def test_a_list_is_held_against_what_its_user_wants_and_no_list_finds_nothing():
    lists = lists_of((3, 1, 4), (3, 2, 9), (3, 3, 7), (8, 1, 7), (8, 2, 1), (4, 1, 7))

    recall, ndcg = by_user(lists, TRUTH, "recall", 2), by_user(lists, TRUTH, "ndcg", 3)

    assert recall.tolist() == [1 / 2, 0, 1 / 1]
    ideal = 1 + 1 / np.log2(3)
    assert ndcg == pytest.approx([(1 / np.log2(3) + 1 / np.log2(4)) / ideal, 0, 1 / np.log2(3)])
    assert by_user(lists_of((4, 1, 7)), TRUTH, "recall", 2).tolist() == [0, 0, 0]


def test_a_configuration_is_judged_on_the_users_of_the_sample_beside_the_given_one():
    found = judge(np.array([0.5, 1.0, 0.1]), np.array([0.2, 0.0, 0.2]), TRUTH, 0.5, Resampling(20, 7))

    assert (found.value, found.low, found.user_count) == ((0.5 + 0.1) / 2, None, 2)
    assert found.difference == pytest.approx((0.3 - 0.1) / 2)
    with pytest.raises(TrainingDataError, match=r"nobody of a sample of 5% .*Set fewer tuning\.samples"):
        judge(np.zeros(3), np.zeros(3), TRUTH, 0.05, Resampling(20, 7))


def test_a_difference_that_all_users_share_is_surer_than_the_values():
    rng = np.random.default_rng(7)
    users = np.arange(400)
    truth = Truth(users, np.zeros(400), np.empty(0, np.int64), np.ones(400, np.int64))
    hard = rng.random(400)

    found = judge(hard + 0.01, hard, truth, 1.0, Resampling(200, 7))

    assert found.high - found.low > 0.03
    assert (found.difference_low, found.difference_high) == pytest.approx((0.01, 0.01))
    assert found.verdict == "better"


def test_the_same_users_are_judged_each_time_and_samples_lie_within_larger_ones(spark):
    relevant = spark.createDataFrame(
        [(user, item) for user in range(40) for item in (1, 2)], "user_ix int, item_ix int"
    )
    known = spark.createDataFrame([(user,) for user in range(1, 60)], "user_ix int")

    everybody = collect_truth(relevant, known, 100, seed=7)
    some = collect_truth(relevant.orderBy("item_ix"), known, 10, seed=7)

    assert everybody.user_ix.tolist() == list(range(1, 40))  # user 0 is unknown
    assert set(everybody.counts.tolist()) == {2}
    assert everybody.keys.tolist() == [row * ROW + item for row in range(39) for item in (1, 2)]
    assert len(some.user_ix) == 10
    places = dict(zip(everybody.user_ix.tolist(), everybody.place.tolist(), strict=True))
    assert some.place.tolist() == [places[user] for user in some.user_ix.tolist()]
    in_spark = known.where(place_of(7) < 0.4).where("user_ix < 40").collect()
    assert [row.user_ix for row in in_spark] == everybody.user_ix[everybody.within(0.4)].tolist()


def test_the_given_configuration_finds_what_two_tastes_share_and_one_that_learns_nothing_finds_less(spark):
    """Users of two tastes viewed three of four items of theirs; the fourth is what they buy."""
    config = load("test", {"als.rank": 4, "als.max_iter": 5, "als.solver": "cg", "als.reg_param": 0.01})
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    views = [(user, 4 * (user % 2) + item) for user in range(40) for item in range(4) if item != user // 2 % 4]
    train = spark.createDataFrame(
        [(noon.date(), user, item, "view", 1, None, noon, noon) for user, item in views], DAILY_INTERACTIONS.schema
    )
    wanted = spark.createDataFrame([(u, 4 * (u % 2) + u // 2 % 4) for u in range(40)], "user_ix int, item_ix int")
    truth = collect_truth(wanted, train, 100, seed=7)
    judged = with_masked(train.select("user_ix").distinct(), train.select("user_ix", "item_ix"))
    index = spark.createDataFrame([(f"i{ix}", ix) for ix in range(8)], ITEM_INDEX.schema)
    seen = Seen(last_moment(noon.date()), train, judged, index, truth)
    tuning = config.tuning.model_copy(update={"metric": "recall", "k": 1})

    rank = partial(rank_for_judged, seen, n=1, seed=7)
    judge_values = fit_judge(rank, truth, Candidate(config.als, config.feedback), tuning, Resampling(50, 7))
    given, poor = judge_values({}, 1.0), judge_values({"als.reg_param": 1000.0}, 1.0)

    assert (given.value, given.difference, given.user_count) == (1.0, 0.0, 40)
    assert poor.difference == pytest.approx(poor.value - 1.0)
    assert poor.verdict == "worse"
