"""ALS by either solver: what it learns, what it refuses, and that it gives the same bits twice."""

import logging

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.errors import TrainingDataError
from lakerec.model.als import FittedAls, check_factors, fit_als, fit_als_at, with_positive_strength
from lakerec.model.als_settings import AlsSettings
from lakerec.model.cg_als import random_directions
from tests.lib.model.als_oracle import loss, solved_row

MLLIB = AlsSettings(
    solver="mllib",
    rank=3,
    max_iter=4,
    reg_param=0.1,
    alpha=10.0,
    seed=7,
    user_blocks=2,
    item_blocks=2,
    checkpoint_interval=10,
    cg_steps=3,
    cg_broadcast_bytes=10**6,
    warm_start=False,
)
CG = MLLIB.model_copy(update={"solver": "cg"})
Pairs = list[tuple[int, int, float | None]]
BOTH = pytest.mark.parametrize("settings", [pytest.param(MLLIB, id="mllib"), pytest.param(CG, id="cg")])


def some_pairs() -> Pairs:
    """12 users and 9 items; every user has 3 items, and returned the item whose number is 4 below its own."""
    bought: Pairs = [(user, (user + step) % 9, 1.0 + user % 3) for user in range(12) for step in (0, 2, 3)]
    returned: Pairs = [(user, user - 4, -2.0) for user in range(6, 12)]
    return bought + returned


def interactions(spark: SparkSession, pairs: Pairs) -> DataFrame:
    return spark.createDataFrame(pairs, "user_ix int, item_ix int, strength double")


def vectors(factors: DataFrame) -> dict[int, np.ndarray]:
    return {row[0]: np.array(row[1], np.float32) for row in factors.collect()}


def bits(fitted: FittedAls) -> dict[tuple[str, int], bytes]:
    sides = {"user": fitted.user_factors, "item": fitted.item_factors}
    return {(side, ix): vector.tobytes() for side, factors in sides.items() for ix, vector in vectors(factors).items()}


@BOTH
def test_on_the_way_a_fit_is_what_a_shorter_one_ends_with(spark: SparkSession, settings: AlsSettings) -> None:
    pairs = interactions(spark, some_pairs())

    on_the_way = [bits(fitted) for fitted in fit_als_at(pairs, settings, [2, 4])]

    shorter = settings.model_copy(update={"max_iter": 2})
    assert on_the_way == [bits(fit_als(pairs, shorter)), bits(fit_als(pairs, settings))]


@BOTH
def test_same_data_seed_and_blocks_give_the_same_bits_in_any_order_of_rows(
    spark: SparkSession, settings: AlsSettings
) -> None:
    forwards, backwards = interactions(spark, some_pairs()), interactions(spark, some_pairs()[::-1]).repartition(5)

    assert bits(fit_als(forwards, settings)) == bits(fit_als(backwards, settings))


def test_another_seed_gives_other_factors(spark: SparkSession) -> None:
    pairs = interactions(spark, some_pairs())

    assert bits(fit_als(pairs, MLLIB)) != bits(fit_als(pairs, MLLIB.model_copy(update={"seed": 8})))


@BOTH
def test_the_user_factors_solve_the_normal_equations_of_the_item_factors(
    spark: SparkSession, settings: AlsSettings
) -> None:
    fitted = fit_als(interactions(spark, some_pairs()), settings)
    users, items = vectors(fitted.user_factors), vectors(fitted.item_factors)

    assert set(users) == set(range(12))
    for user, found in users.items():
        np.testing.assert_allclose(found, solved(user, items), rtol=1e-5, atol=1e-6)


def solved(user: int, items: dict[int, np.ndarray]) -> np.ndarray:
    own = [(item, strength) for owner, item, strength in some_pairs() if owner == user and strength is not None]
    return solved_row(own, np.array([items[item] for item in range(9)]), MLLIB.reg_param, MLLIB.alpha)


def test_few_steps_reach_the_loss_of_exact_half_steps_from_the_same_start(spark: SparkSession) -> None:
    pairs = [(user, item, float(strength or 0)) for user, item, strength in some_pairs()]
    users = random_directions(12, CG.rank, CG.seed)
    for _ in range(CG.max_iter):
        items = solved_side([(item, user, strength) for user, item, strength in pairs], users)
        users = solved_side(pairs, items)

    fitted = fit_als(interactions(spark, some_pairs()), CG)

    assert loss_of(fitted) <= loss(users, items, pairs, CG.reg_param, CG.alpha) * 1.005


def solved_side(pairs: list[tuple[int, int, float]], others: np.ndarray) -> np.ndarray:
    rows = sorted({row for row, _, _ in pairs})
    entries = [[(other, strength) for owner, other, strength in pairs if owner == row] for row in rows]
    return np.array([solved_row(own, others, CG.reg_param, CG.alpha) for own in entries])


def loss_of(fitted: FittedAls) -> float:
    users, items = vectors(fitted.user_factors), vectors(fitted.item_factors)
    sides = np.array([users[user] for user in range(12)]), np.array([items[item] for item in range(9)])
    known = [(user, item, strength) for user, item, strength in some_pairs() if strength is not None]
    return loss(*sides, known, MLLIB.reg_param, MLLIB.alpha)


def test_factors_too_large_to_broadcast_are_fitted_by_mllib_which_is_said(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = interactions(spark, some_pairs())
    twelve_users = 12 * 3 * 4

    with caplog.at_level(logging.WARNING):
        fits = CG.model_copy(update={"cg_broadcast_bytes": twelve_users})
        small = CG.model_copy(update={"cg_broadcast_bytes": twelve_users - 1})
        solvers = [fit_als(pairs, settings).solver for settings in (fits, small)]

    assert solvers == ["cg", "mllib"]
    assert "more than als.cg_broadcast_bytes (143): mllib solves instead of cg" in caplog.text


WITH_HOPELESS_ROWS: Pairs = [
    (1, 1, 2.0),
    (1, 2, -1.0),  # stays: both sides have something positive
    (2, 2, 1.0),
    (3, 1, -1.0),  # user 3 only returned
    (2, 4, 0.0),  # nobody wanted item 4
    (3, 4, -5.0),
    (5, 5, 1e-60),  # nothing to float32
]


def test_users_and_items_without_a_positive_strength_are_left_out_but_other_returns_stay(spark: SparkSession) -> None:
    pairs = interactions(spark, WITH_HOPELESS_ROWS)

    kept = sorted((row.user_ix, row.item_ix, row.strength) for row in with_positive_strength(pairs).collect())

    assert kept == [(1, 1, 2.0), (1, 2, -1.0), (2, 2, 1.0)]


@BOTH
@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([(0, 0, 1.0)], id="one pair"),
        pytest.param([(0, item, 1.0) for item in range(8)], id="one user"),
        pytest.param([(user, user % 2, 1.0) for user in range(8)], id="fewer items than rank"),
        pytest.param([(user, user % 3, 1e-40) for user in range(8)], id="strengths near float32's smallest"),
    ],
)
def test_little_data_is_fitted_like_any_other(spark: SparkSession, pairs: Pairs, settings: AlsSettings) -> None:
    fitted = fit_als(interactions(spark, pairs), settings)

    assert set(vectors(fitted.user_factors)) == {user for user, _, _ in pairs}
    assert set(vectors(fitted.item_factors)) == {item for _, item, _ in pairs}
    assert fitted.pair_count == len(pairs)


@BOTH
@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        pytest.param([], "no user has acted on an item before the cut", id="empty"),
        pytest.param([(0, 0, -1.0), (1, 1, 0.0)], "no pair has a positive strength", id="only returns"),
        pytest.param([(0, 0, 1.0), (1, 1, float("nan"))], "1 strengths are no finite numbers", id="nan"),
        pytest.param([(0, 0, 1.0), (0, 1, float("inf"))], "1 strengths are no finite numbers", id="infinite"),
        pytest.param([(0, 0, 1.0), (1, 1, 1.0), (1, 0, None)], "1 strengths are no finite numbers", id="null"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(
    spark: SparkSession, pairs: Pairs, message: str, settings: AlsSettings
) -> None:
    with pytest.raises(TrainingDataError, match=message):
        fit_als(interactions(spark, pairs), settings)


@BOTH
def test_equations_that_cannot_be_solved_name_the_settings_to_change(
    spark: SparkSession, settings: AlsSettings
) -> None:
    far_too_strong = interactions(spark, [(user, item, 1e30) for user in range(6) for item in range(user % 3 + 1)])

    with pytest.raises(TrainingDataError, match=r"als.reg_param 0.1 and als.alpha 10.0.*Raise als.reg_param"):
        fit_als(far_too_strong, settings)


def test_factors_that_are_no_numbers_are_refused(spark: SparkSession) -> None:
    fine = spark.createDataFrame([(1, [0.5, -0.5])], "user_ix int, factors array<float>")
    broken = fine.withColumn("factors", F.array(F.lit(1.0), F.lit("NaN").cast("double")).cast("array<float>"))

    check_factors(fine)
    with pytest.raises(TrainingDataError, match="the fit diverged"):
        check_factors(broken)
