"""Weights, quantiles and halves; that the intervals hold what they promise is proved by the slow tests at the end."""

import numpy as np
import pytest

from lakerec.diagnostics.bootstrap import BLOCK_COUNT, block_of, interval_by_halves, middle, poisson_weights
from lakerec.diagnostics.list_metrics import RELEVANCE, JudgedLists, coverage, gini

USERS = np.arange(20_000)


def test_weights_depend_on_user_replicate_and_seed_alone():
    weights = poisson_weights(USERS, 50, seed=7)

    assert (poisson_weights(USERS[::-1][:100], 50, seed=7) == weights[::-1][:100]).all()
    assert (poisson_weights(USERS[:100], 20, seed=7) == weights[:100, :21]).all()
    assert (poisson_weights(USERS[:100], 50, seed=8) != weights[:100]).any()


def test_the_first_column_is_the_estimate_and_the_others_are_poisson_of_mean_one():
    weights = poisson_weights(USERS, 50, seed=7)

    assert (weights[:, 0] == 1).all()
    drawn = weights[:, 1:]
    assert drawn.mean() == pytest.approx(1, abs=0.005)
    assert drawn.var() == pytest.approx(1, abs=0.01)
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.005)
    assert (drawn == 3).mean() == pytest.approx(np.exp(-1) / 6, abs=0.002)


def test_replicates_and_users_go_their_own_ways():
    drawn = poisson_weights(USERS, 8, seed=7)[:, 1:]

    correlation = np.corrcoef(drawn.T) - np.eye(8)
    assert np.abs(correlation).max() < 0.03
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.03


def test_the_middle_lies_between_the_ends_that_numpy_finds_and_leaves_out_what_is_missing():
    numbers = np.random.default_rng(1).normal(size=(200, 3))
    numbers[:50, 1] = np.nan
    numbers[:, 2] = np.nan

    low, high = middle(numbers)

    assert low[0] == pytest.approx(np.quantile(numbers[:, 0], 0.025, method="weibull"))
    assert high[1] == pytest.approx(np.quantile(numbers[50:, 1], 0.975, method="weibull"))
    assert np.isnan(low[2])


def test_parts_of_users_are_about_equal_and_stay_the_same():
    parts = block_of(USERS, seed=7)

    assert (block_of(USERS[500:600], seed=7) == parts[500:600]).all()
    sizes = np.bincount(parts, minlength=BLOCK_COUNT)
    assert sizes.min() > 0.85 * len(USERS) / BLOCK_COUNT
    assert len(sizes) == BLOCK_COUNT


def test_halves_give_a_mean_the_spread_of_the_whole():
    rng = np.random.default_rng(2)
    spreads = []
    for _ in range(200):
        values = rng.normal(size=160)
        exposure = values.reshape(BLOCK_COUNT, 10).sum(axis=1, keepdims=True)
        _, low, high = interval_by_halves(exposure, lambda each: each[..., 0] / 160)
        spreads.append((high - low) / 2)

    # of sums: a half's sum varies as sqrt(16 · 10 · 1/4); twice that would be the mean's own, 1.96 / sqrt(160)
    assert np.mean(spreads) * 2 == pytest.approx(1.96 / np.sqrt(160), rel=0.12)


def test_lists_that_are_all_alike_leave_no_doubt_about_coverage():
    exposure = np.tile([5.0, 5.0, 0.0, 0.0], (BLOCK_COUNT, 1))

    assert interval_by_halves(exposure, coverage) == pytest.approx((0.5, 0.5, 0.5))
    assert interval_by_halves(exposure, gini) == pytest.approx((0.5, 0.5, 0.5))


POPULATION = 200_000
SAMPLES = 1000


def metric_of_everybody(name, k=10, shift=0.0):
    """A metric of a fixed model for each of a population: ranks and numbers of relevant items are skewed, as ever."""
    rng = np.random.default_rng(3)
    relevant = 1 + rng.poisson(1.5, POPULATION)
    skill = rng.beta(0.4, 6.0, POPULATION)[:, np.newaxis] + shift
    is_hit = rng.random((POPULATION, k)) < skill * (1 / np.arange(1, k + 1)) ** 0.5
    allowed = np.cumsum(is_hit, axis=1) <= relevant[:, np.newaxis]
    return RELEVANCE[name](JudgedLists(is_hit & allowed, relevant), k)


def bootstrapped(values, users, seed):
    """Estimate and replicates of a mean over users, as a measurement sums them."""
    weights = poisson_weights(users, 200, seed)
    return (weights.T @ values) / weights.sum(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("metric", RELEVANCE)
def test_intervals_hold_the_truth_of_the_population_in_95_of_100_samples(metric):
    everybody = metric_of_everybody(metric)
    truth, rng, held = everybody.mean(), np.random.default_rng(4), 0
    for sample in range(SAMPLES):
        users = rng.choice(POPULATION, 1000, replace=False)
        low, high = middle(bootstrapped(everybody[users], users, seed=sample)[1:])
        held += low <= truth <= high

    print(f"{metric}: {held / SAMPLES:.1%} of {SAMPLES} intervals hold the truth")
    assert 0.92 <= held / SAMPLES <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("metric", RELEVANCE)
def test_one_model_on_two_halves_of_a_population_is_told_apart_in_at_most_7_of_100_cases(metric):
    everybody = metric_of_everybody(metric)
    rng, told_apart = np.random.default_rng(5), 0
    for sample in range(SAMPLES):
        users = rng.choice(POPULATION, 2000, replace=False)
        one, other = users[:1000], users[1000:]
        difference = bootstrapped(everybody[one], one, sample) - bootstrapped(everybody[other], other, sample)
        low, high = middle(difference[1:])
        told_apart += low > 0 or high < 0

    print(f"{metric}: told apart in {told_apart / SAMPLES:.1%} of {SAMPLES} cases")
    assert told_apart / SAMPLES <= 0.07
