"""The solver cg: half-steps against MLlib's, starting where an earlier model ended."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakerec.model.als import fit_als
from lakerec.model.cg_als import random_directions, start_from, turn
from tests.lib.model.test_als import CG, MLLIB, interactions, loss_of, some_pairs, vectors


def test_enough_steps_from_mllibs_factors_end_where_mllibs_next_iteration_does(spark: SparkSession) -> None:
    pairs = interactions(spark, some_pairs())
    before = fit_als(pairs, MLLIB.model_copy(update={"max_iter": 3}))
    after = fit_als(pairs, MLLIB.model_copy(update={"max_iter": 4}))

    one_more = CG.model_copy(update={"max_iter": 1, "cg_steps": 20})
    ours = fit_als(pairs, one_more, start=before.item_factors)

    np.testing.assert_allclose(scores(ours), scores(after), atol=1e-4)


def scores(fitted) -> np.ndarray:  # type: ignore[no-untyped-def]
    """What does not depend on the basis of the factors."""
    users, items = vectors(fitted.user_factors), vectors(fitted.item_factors)
    return np.array([[users[user] @ items[item] for item in range(9)] for user in range(12)])


def test_a_warm_start_is_ahead_of_a_cold_one_and_takes_users_and_items_that_are_new(spark: SparkSession) -> None:
    old = [pair for pair in some_pairs() if pair[0] < 11 and pair[1] < 8]
    parent = fit_als(interactions(spark, old), CG.model_copy(update={"max_iter": 8}))
    pairs = interactions(spark, some_pairs())
    short = CG.model_copy(update={"max_iter": 1})

    warm, cold = fit_als(pairs, short, start=parent.item_factors), fit_als(pairs, short)

    assert loss_of(warm) < loss_of(cold)


def test_a_start_keeps_known_items_and_gives_new_ones_nothing(spark: SparkSession) -> None:
    factors = spark.createDataFrame([(9, [3.0, 4.0]), (2, [1.0, 2.0])], "item_ix int, factors array<float>")

    start = start_from(factors, np.array([1, 2, 5], np.int32), rank=2)

    assert start.tolist() == [[0, 0], [1, 2], [0, 0]]


def test_turned_factors_give_the_same_scores_and_have_a_diagonal_gram_matrix() -> None:
    rng = np.random.default_rng(1)
    users, items = rng.standard_normal((5, 4)).astype(np.float32), rng.standard_normal((7, 4)).astype(np.float32)

    turned = turn(items)

    np.testing.assert_allclose((users @ turned.basis) @ turned.factors.T, users @ items.T, atol=1e-5)
    np.testing.assert_allclose(turned.factors.T @ turned.factors, np.diag(turned.spectrum), atol=1e-5)


def test_first_factors_have_length_1_and_follow_the_seed() -> None:
    directions = random_directions(100, 3, seed=5)

    assert np.linalg.norm(directions, axis=1) == pytest.approx(np.ones(100), abs=1e-6)
    assert np.array_equal(directions, random_directions(100, 3, seed=5))
    assert not np.array_equal(directions, random_directions(100, 3, seed=6))
