"""diagnostics.rankings: who is judged, and whose lists are whose."""

import pytest

from lakerec.diagnostics.rankings import (
    RANKINGS,
    RankingSettings,
    draw_users,
    history_bands,
    judge_users,
    judged_rankings,
    label_lists,
    share_of_users,
)

SETTINGS = RankingSettings(top_n=5, ks=(1, 5), max_users=10, seed=7, history_bounds=(1, 5, 20))
RELEVANT = "split string, user_ix int, item_ix int"
LISTS = "recommender string, is_newcomer boolean, user_ix int, rank int, item_ix int, score double"


def some_users(spark, *user_ix):
    return spark.createDataFrame([(ix,) for ix in user_ix], "user_ix int")


def drawn_users(spark, known, newcomers):
    rows = [(ix, True, True) for ix in known] + [(ix, False, True) for ix in newcomers]
    return spark.createDataFrame(rows, "user_ix int, is_known boolean, is_buyer boolean")


def tuples(frame):
    return sorted(tuple(row) for row in frame.collect())


def test_known_users_have_factors_newcomers_have_none_and_buyers_did_something_relevant(spark):
    relevant = spark.createDataFrame([("test", 1, 10), ("validation", 1, 11), ("test", 8, 10)], RELEVANT)

    users = draw_users(some_users(spark, 1, 2), some_users(spark, 1, 8, 8, 9), relevant, SETTINGS)

    assert users.columns == ["user_ix", "is_known", "is_buyer"]
    assert tuples(users) == [(1, True, True), (2, True, False), (8, False, True), (9, False, False)]


def test_a_draw_takes_the_same_users_from_any_order_and_other_users_by_another_seed(spark):
    few = SETTINGS.model_copy(update={"max_users": 5})
    nobody, nothing = some_users(spark), spark.createDataFrame([], RELEVANT)
    one_way, other_way = some_users(spark, *range(100)), some_users(spark, *reversed(range(100)))

    drawn = tuples(draw_users(one_way, nobody, nothing, few))

    assert len(drawn) == 5
    assert tuples(draw_users(other_way, nobody, nothing, few)) == drawn
    assert tuples(draw_users(one_way, nobody, nothing, few.model_copy(update={"seed": 8}))) != drawn


def test_a_list_is_labelled_for_both_windows_by_what_followed_in_each(spark):
    lists = spark.createDataFrame([("als", False, 1, 1, 10, 0.9), ("als", False, 1, 2, 11, 0.5)], LISTS)
    relevant = spark.createDataFrame([("test", 1, 11), ("validation", 1, 10), ("test", 2, 10)], RELEVANT)

    labelled = label_lists(lists, relevant).select("split", "rank", "is_relevant")

    assert tuples(labelled) == [
        ("test", 1, False),
        ("test", 2, True),
        ("validation", 1, True),
        ("validation", 2, False),
    ]


def test_who_did_nothing_relevant_is_not_judged_and_newcomers_are_judged_by_the_ladder_alone(spark):
    users = drawn_users(spark, known=[1, 2], newcomers=[8, 9])
    relevant = spark.createDataFrame([("test", 1, 10), ("test", 1, 11), ("test", 8, 10), ("test", 7, 10)], RELEVANT)
    history = spark.createDataFrame([(1, "5-19")], "user_ix int, history string")

    judged = judge_users(users, relevant, history)

    assert tuples(judged) == [
        ("als", "test", 1, 2, "5-19"),
        ("ladder", "test", 1, 2, "5-19"),
        ("ladder", "test", 8, 1, "new"),
        ("popularity", "test", 1, 2, "5-19"),
        ("random", "test", 1, 2, "5-19"),
    ]


def test_the_ladder_is_als_for_known_users_and_bestsellers_for_newcomers(spark):
    lists = [
        ("als", False, 1, 1, 10, 0.9),
        ("popularity", False, 1, 1, 11, 0.3),
        ("random", False, 1, 1, 12, 0.1),
        ("popularity", True, 8, 1, 11, 0.3),
        ("als", False, 2, 1, 10, 0.9),  # did nothing relevant
    ]
    relevant = spark.createDataFrame([("test", 1, 10), ("test", 8, 11)], RELEVANT)
    users = drawn_users(spark, known=[1, 2], newcomers=[8])
    judged = judge_users(users, relevant, spark.createDataFrame([], "user_ix int, history string"))

    rankings = judged_rankings(label_lists(spark.createDataFrame(lists, LISTS), relevant), judged)

    assert rankings.columns == [name for name in RANKINGS.names if name != "model_id"]
    assert tuples(rankings) == [
        ("als", "test", 1, 1, 10, 0.9, True),
        ("ladder", "test", 1, 1, 10, 0.9, True),
        ("ladder", "test", 8, 1, 11, 0.3, True),
        ("popularity", "test", 1, 1, 11, 0.3, False),
        ("random", "test", 1, 1, 12, 0.1, False),
    ]


def test_history_is_banded_by_all_training_events_of_a_user(spark):
    daily = [(1, 4), (2, 4), (2, 1), (3, 19), (4, 20)]

    bands = history_bands(spark.createDataFrame(daily, "user_ix int, event_count long"), SETTINGS)

    assert tuples(bands) == [(1, "1-4"), (2, "5-19"), (3, "5-19"), (4, "20+")]


def test_a_band_of_one_is_named_by_its_only_number(spark):
    narrow = SETTINGS.model_copy(update={"history_bounds": (1, 2)})

    bands = history_bands(spark.createDataFrame([(1, 1), (2, 2)], "user_ix int, event_count long"), narrow)

    assert tuples(bands) == [(1, "1"), (2, "2+")]


def test_the_share_of_users_is_of_all_training_users_and_covers_the_catalogue_of_the_model(spark):
    interactions = spark.createDataFrame([(1, 10), (2, 10), (2, 11), (3, 12)], "user_ix int, item_ix int")

    shares = share_of_users(interactions, spark.createDataFrame([(10,), (11,), (13,)], "item_ix int"))

    assert tuples(shares) == [(10, pytest.approx(2 / 3)), (11, pytest.approx(1 / 3)), (13, None)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ks": (1, 6)}, "must lie in 1..ranking.top_n"),
        ({"ks": (0,)}, "must lie in 1..ranking.top_n"),
        ({"history_bounds": (5, 20)}, "must begin with 1 and ascend"),
        ({"history_bounds": (1, 5, 5)}, "must begin with 1 and ascend"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RankingSettings(**{**SETTINGS.model_dump(), **change})
