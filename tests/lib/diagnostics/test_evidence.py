"""What an evaluation looks at; the whole of it is worked by hand in tests/jobs/test_diagnose_model.py."""

from datetime import date, datetime, time

from lakerec.diagnostics.evidence import (
    EvaluatedModel,
    discovered_pairs,
    fit_candidates,
    see_what_happened,
    served_candidates,
)
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.model.split import SplitSettings, last_moment
from tests.records import unkept

MODEL = EvaluatedModel(
    as_of=last_moment(date(2026, 3, 10)),
    split=SplitSettings(calibrate_days=2, test_days=2, relevant_actions=("purchase",)),
    feedback=FeedbackSettings(weights={"view": 1.0, "purchase": 6.0}, cancels={}, half_life_days=0, window_days=0),
    user_factors=None,
    item_factors=None,
)
SPANNING = "split string, user_ix int, item_ix int"
LABELLED = (
    "recommender string, is_newcomer boolean, split string, user_ix int, item_ix int, score double, is_relevant boolean"
)


def daily(spark, *events):
    noon = datetime.combine(date(2026, 3, 1), time(12))
    rows = [(date(2026, 3, day), user, item, action, 1, None, noon, noon) for day, user, item, action in events]
    return spark.createDataFrame(rows, DAILY_INTERACTIONS.schema)


def tuples(frame):
    return sorted(tuple(row) for row in frame.collect())


def test_what_followed_the_cut_is_split_by_window_and_leaves_out_what_was_known_before(spark):
    events = daily(
        spark,
        (9, 1, 10, "view"),
        (10, 1, 11, "purchase"),
        (11, 1, 10, "purchase"),  # viewed before the cut: known
        (11, 1, 12, "view"),  # not relevant, but it shows that he was there
        (12, 1, 13, "purchase"),
        (12, 1, 13, "view"),
        (13, 1, 13, "purchase"),
        (14, 2, 10, "purchase"),
        (15, 3, 10, "purchase"),  # after the test window
        (14, 3, 10, "purchase"),  # in a visit that began before it
    )

    spanning = spark.createDataFrame([("test", 3, 10), ("validation", 1, 99)], SPANNING)
    happened = see_what_happened(events, spanning, MODEL, ["view", "purchase"], unkept)

    assert tuples(happened.masked) == [(1, 10), (1, 11)]
    assert tuples(happened.relevant.select("split", "user_ix", "item_ix")) == [
        ("test", 1, 13),
        ("test", 2, 10),
        ("validation", 1, 13),
    ]
    assert tuples(happened.active.select("split", "user_ix")) == [
        ("test", 1),
        ("test", 2),
        ("test", 3),
        ("validation", 1),
    ]


def test_what_is_not_a_masking_action_leaves_the_item_to_be_found_again(spark):
    events = daily(spark, (9, 1, 10, "view"), (11, 1, 10, "purchase"))

    spanning = spark.createDataFrame([], SPANNING)
    happened = see_what_happened(events, spanning, MODEL, ["purchase"], unkept)

    assert tuples(happened.masked) == []
    assert tuples(happened.relevant.select("split", "user_ix", "item_ix")) == [("validation", 1, 10)]


def test_the_model_is_calibrated_on_all_its_users_and_bestsellers_on_newcomers_who_came_in_that_window(spark):
    labelled = spark.createDataFrame(
        [
            ("als", False, "test", 1, 10, 0.9, True),
            ("als", False, "test", 2, 10, 0.8, False),  # known, did nothing: still a candidate that was not bought
            ("als", False, "validation", 1, 10, 0.9, False),
            ("popularity", False, "test", 1, 10, 0.7, True),  # a baseline of a known user is not served
            ("popularity", True, "test", 8, 10, 0.6, True),
            ("popularity", True, "test", 9, 10, 0.5, False),  # came in the other window
        ],
        LABELLED,
    )
    active = spark.createDataFrame([("test", 8), ("validation", 9)], "split string, user_ix int")

    found = fit_candidates(served_candidates(labelled, active, spark.createDataFrame([], SPANNING)))

    als, popularity = found["als", "test"], found["popularity", "test"]
    assert (als.score.tolist(), als.is_bought.tolist()) == ([0.8, 0.9], [0.0, 1.0])
    assert (popularity.score.tolist(), popularity.is_bought.tolist()) == ([0.6], [1.0])
    assert [len(found[key].score) for key in (("als", "validation"), ("popularity", "validation"))] == [1, 0]


def test_what_a_user_discovered_after_the_cut_is_no_candidate_when_the_test_window_begins(spark):
    events = daily(spark, (10, 1, 10, "view"), (11, 1, 11, "view"), (12, 1, 12, "scroll"), (13, 1, 13, "view"))
    lists = [(name, 1, item, score) for name in ("validation", "test") for item, score in ((11, 0.9), (13, 0.8))]
    labelled = spark.createDataFrame(
        [("als", False, name, user, item, score, False) for name, user, item, score in lists], LABELLED
    )

    discovered = discovered_pairs(events, MODEL, mask_actions=["view"])
    nobody = spark.createDataFrame([], "split string, user_ix int")
    found = fit_candidates(served_candidates(labelled, nobody, discovered))

    assert tuples(discovered.select("split", "user_ix", "item_ix")) == [("test", 1, 11)]
    assert found["als", "validation"].score.tolist() == [0.8, 0.9]
    assert found["als", "test"].score.tolist() == [0.8]


def test_without_candidates_each_recommender_has_none(spark):
    served = spark.createDataFrame(
        [], "recommender string, split string, user_ix int, score double, is_relevant boolean"
    )

    found = fit_candidates(served)

    assert [len(candidates.score) for candidates in found.values()] == [0, 0, 0, 0]
