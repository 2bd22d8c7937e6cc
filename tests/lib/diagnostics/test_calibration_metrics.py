"""Are the probabilities worth more than the base rate: what is, passes; a constant and a raw score do not."""

import numpy as np
import pytest

from lakerec.diagnostics.calibration_metrics import (
    calibration_error,
    error_by_chance,
    judge_probabilities,
    mean_by_user,
)
from lakerec.diagnostics.calibrations import Calibration, CalibrationSettings, Candidates, Knot, fit_calibration
from lakerec.diagnostics.probabilities import Bin, reliability

SETTINGS = CalibrationSettings(minimum_positives=20, bin_count=10, fold_count=5)
IDENTITY = Calibration(None, None, None, (Knot(0.0, 1e-9), Knot(1.0, 1 - 1e-9)))


def window(seed):
    """20,000 users with 20 candidates each, of whom about 2 % are bought: the higher the score, the more."""
    random = np.random.default_rng(seed)
    score = random.beta(2, 5, 400_000)
    is_bought = random.random(len(score)) < 1 / (1 + np.exp(5.5 - 5 * score))
    return Candidates(score, is_bought.astype(float), np.arange(len(score)) // 20)


CALIBRATE, TEST = window(1), window(2)
BASE_RATE = float(CALIBRATE.is_bought.mean())


def passes(calibration):
    bins = reliability(calibration, TEST, SETTINGS.bin_count)
    found = {metric.metric: metric for metric in judge_probabilities(calibration, BASE_RATE, TEST, bins)}
    error = found["calibration_error"].value
    is_close = error <= 0.02 and error <= 0.1 * found["base_rate"].value
    return is_close and found["brier_skill"].low > 0 and found["log_loss_gain"].low > 0


def test_a_calibration_of_the_window_before_passes():
    assert passes(fit_calibration(CALIBRATE, SETTINGS))


def test_a_constant_and_the_uncalibrated_score_both_fail():
    constant = Calibration(None, None, None, (Knot(0.0, BASE_RATE), Knot(1.0, BASE_RATE)))

    assert not passes(constant)
    assert not passes(IDENTITY)


def test_two_users_by_hand():
    test = Candidates(np.array([0.9, 0.1, 0.1]), np.array([1.0, 0.0, 0.0]), np.array([7, 7, 8]))

    metrics = judge_probabilities(IDENTITY, 0.5, test, [Bin(2, 0.1, 0.0), Bin(1, 0.9, 1.0)])

    value = {metric.metric: metric.value for metric in metrics}
    assert value["base_rate"] == 1 / 3
    assert value["calibration_error"] == pytest.approx((2 * 0.1 + 1 * 0.1) / 3)
    assert value["brier_skill"] == pytest.approx(1 - (3 * 0.1**2) / (3 * 0.5**2))
    assert value["log_loss_gain"] == pytest.approx(np.log(2) + np.log(0.9))
    assert {metric.candidate_count for metric in metrics} == {3}
    assert {metric.user_count for metric in metrics} == {2}


def test_candidates_of_one_user_count_as_one_observation():
    values, users = np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 1, 2, 2])

    mean, low, high = mean_by_user(values, users)
    _, low_alone, high_alone = mean_by_user(values, np.arange(4))

    assert mean == 1 / 2
    assert high - low == pytest.approx(
        2 * 1.96 * 0.5, rel=1e-3
    )  # two users, one at 0 and one at 1: spread √(2·(1+1))/4
    assert high - low > high_alone - low_alone


def test_without_a_calibration_or_candidates_nothing_is_judged():
    none = Candidates(np.empty(0), np.empty(0), np.empty(0, int))

    assert judge_probabilities(Calibration(None, None, "too few"), 0.1, TEST, []) == []
    assert judge_probabilities(IDENTITY, 0.1, none, []) == []
    assert calibration_error([Bin(4, 0.25, 0.5)]) == 0.25


def test_exact_forecasts_are_off_by_chance_alone():
    random = np.random.default_rng(3)
    sizes, probability = [4_000] * 50, 0.02
    errors = []
    for _ in range(40):
        bins = [Bin(size, probability, random.binomial(size, probability) / size) for size in sizes]
        errors.append(calibration_error(bins))

    assert np.mean(errors) == pytest.approx(error_by_chance(bins), rel=0.05)
