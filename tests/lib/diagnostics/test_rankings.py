"""diagnostics.rankings: who is judged, and whose lists are whose."""

import pytest

from lakerec.diagnostics.rankings import (
    RANKINGS,
    RankingSettings,
    draw_users,
    history_bands,
    judge_by,
    judged_rankings,
    label_lists,
    with_history,
)

SETTINGS = RankingSettings(
    top_n=5,
    ks=(1, 5),
    max_users=10,
    seed=7,
    history_bounds=(1, 5, 20),
    item_age_bounds=(7, 30),
    max_categories=5,
    replicates=20,
    compared_models=1,
)
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

    rankings = judged_rankings(label_lists(spark.createDataFrame(lists, LISTS), relevant), judge_by(users, relevant))

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


def test_users_without_a_training_event_are_new(spark):
    history = spark.createDataFrame([(1, "5-19")], "user_ix int, history string")

    assert tuples(with_history(some_users(spark, 1, 8), history)) == [(1, "5-19"), (8, "new")]


def test_the_bands_of_history_have_names_in_order():
    assert SETTINGS.histories == ("new", "1-4", "5-19", "20+")
    assert SETTINGS.model_copy(update={"history_bounds": (1,)}).histories == ("new", "1+")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ks": (1, 6)}, "must lie in 1..ranking.top_n"),
        ({"ks": (0,)}, "must lie in 1..ranking.top_n"),
        ({"history_bounds": (5, 20)}, "must begin with 1 and ascend"),
        ({"history_bounds": (1, 5, 5)}, "must begin with 1 and ascend"),
        ({"item_age_bounds": (0, 7)}, "must begin above 0 and ascend"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RankingSettings(**{**SETTINGS.model_dump(), **change})
