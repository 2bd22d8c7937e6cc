"""From scores to probabilities: Platt scaling, isotonic regression, and the choice between them."""

import numpy as np
import pytest

from lakerec.diagnostics.calibrations import (
    Calibration,
    CalibrationSettings,
    Candidates,
    Knot,
    fit_calibration,
    fit_isotonic,
    fit_platt,
    log_loss,
    share_bought,
)

SETTINGS = CalibrationSettings(minimum_positives=2, bin_count=3, fold_count=5)


def candidates(score, is_bought):
    return Candidates(np.array(score, dtype=float), np.array(is_bought, dtype=float), np.arange(len(score)))


def sampled(curve, seed=7, size=40_000):
    """Candidates with scores between 0 and 1 that are bought as often as the curve says."""
    random = np.random.default_rng(seed)
    score = random.random(size)
    return Candidates(score, (random.random(size) < curve(score)).astype(float), np.arange(size) // 20)


def isotonic(found, settings):
    return fit_isotonic(found, fit_platt(found, settings))


def test_with_two_scores_the_fit_meets_platts_smoothed_share_of_each():
    score = [0.0] * 8 + [1.0] * 8
    is_bought = [1] * 2 + [0] * 6 + [1] * 6 + [0] * 2

    fitted = fit_platt(candidates(score, is_bought), SETTINGS)

    high, low = 9 / 10, 1 / 10  # targets: (8 + 1) / (8 + 2) and 1 / (8 + 2)
    assert fitted.of(np.array([0.0, 1.0])) == pytest.approx(
        [(2 * high + 6 * low) / 8, (6 * high + 2 * low) / 8], abs=1e-6
    )


def test_a_large_sample_gives_back_the_curve_that_made_it_whatever_the_unit_of_the_score():
    random = np.random.default_rng(7)
    score = random.normal(100, 50, 200_000)
    is_bought = random.random(len(score)) < 1 / (1 + np.exp(-(-5 + 0.02 * score)))

    fitted = fit_platt(candidates(score, is_bought), SETTINGS)

    assert fitted.intercept == pytest.approx(-5, abs=0.1)
    assert fitted.slope == pytest.approx(0.02, abs=0.001)


def test_scores_that_separate_bought_from_not_bought_give_a_finite_slope():
    fitted = fit_platt(candidates([1, 2, 3, 4], [0, 0, 1, 1]), SETTINGS)

    assert 0 < fitted.slope < 10


@pytest.mark.parametrize(
    ("score", "is_bought", "reason"),
    [
        ([1, 2, 3], [0, 0, 1], "1 of 3 candidates were bought, fewer than 2"),
        ([], [], "0 of 0 candidates were bought, fewer than 2"),
        ([1, 2], [1, 1], "all 2 candidates were bought"),
        ([5, 5, 5, 5], [1, 1, 0, 0], "fewer than 2 were bought above the lowest score"),
        ([1, 2, 3, 4], [1, 1, 0, 0], "fewer than 2 were bought above the lowest score"),
        ([1, 2, 2, 3, 3], [1, 1, 1, 0, 0], "a higher score went with fewer purchases (slope -0.67)"),
    ],
)
def test_where_there_is_no_ground_for_a_probability_there_is_none_and_the_reason_is_said(score, is_bought, reason):
    fitted = fit_platt(candidates(score, is_bought), SETTINGS)

    assert fitted[:2] == (None, None)
    assert fitted.reason.split(" (slope")[0] == reason.split(" (slope")[0]
    assert np.isnan(fitted.of(np.array([1.0]))).all()


def test_a_score_column_gets_the_same_probability_as_an_array_of_scores(spark):
    calibration = Calibration(intercept=-2.0, slope=4.0)
    scores = spark.createDataFrame([(0.5,), (0.0,)], "score double")

    rows = scores.select(calibration.of_column(scores.score)).collect()

    assert [row[0] for row in rows] == pytest.approx([1 / 2, 1 / (1 + np.exp(2))])
    assert calibration.of(np.array([0.5, 0.0])) == pytest.approx([row[0] for row in rows])


def test_a_column_without_a_calibration_is_null(spark):
    scores = spark.createDataFrame([(0.5,)], "score double")

    rows = scores.select(Calibration(None, None, "too few").of_column(scores.score)).collect()

    assert rows[0][0] is None


@pytest.mark.parametrize("fit", [fit_platt, isotonic])
def test_a_score_beyond_what_enough_purchases_speak_for_counts_as_the_last_that_they_do(fit):
    few_at_the_top = candidates([1, 2, 3, 4, 5, 60, 70], [0, 0, 1, 0, 1, 1, 0])

    fitted = fit(few_at_the_top, SETTINGS)  # two are asked for: those at 5 and 60

    low, at_one, at_five, beyond, far = fitted.of(np.array([-9.0, 1.0, 5.0, 60.0, 1e9]))
    assert low == at_one
    assert at_five == beyond == far
    assert at_one < at_five


def test_platts_bounds_hold_for_a_column_and_null_stays_null(spark):
    calibration = Calibration(intercept=-2.0, slope=4.0, lowest_score=0.0, highest_score=0.5)
    scores = spark.createDataFrame([(-3.0,), (0.25,), (0.5,), (8.0,), (None,)], "score double")

    found = [row[0] for row in scores.select(calibration.of_column(scores.score)).collect()]

    assert found[:-1] == pytest.approx([1 / (1 + np.exp(2)), 1 / (1 + np.exp(1)), 1 / 2, 1 / 2])
    assert found[-1] is None
    assert calibration.of(np.array([-3.0, 0.25, 0.5, 8.0])) == pytest.approx(found[:-1])


def test_isotonic_regression_pools_what_would_fall_and_joins_its_knots_by_lines():
    one_is_enough = SETTINGS.model_copy(update={"minimum_positives": 1})
    fitted = isotonic(candidates([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 1, 1]), one_is_enough)

    nearest = 1 / (6 + 2)  # six candidates tell nothing finer
    assert fitted.knots == (
        Knot(1, nearest),
        Knot(2, 1 / 2),
        Knot(3, 1 / 2),
        Knot(4, 1 - nearest),
        Knot(6, 1 - nearest),
    )
    assert fitted.of(np.array([0.0, 1.5, 2.5, 9.0])) == pytest.approx(
        [nearest, (nearest + 1 / 2) / 2, 1 / 2, 1 - nearest]
    )


def test_an_isotonic_column_gets_what_the_array_gets_and_null_stays_null(spark):
    calibration = Calibration(None, None, None, (Knot(0.0, 0.1), Knot(1.0, 0.1), Knot(1.5, 0.2), Knot(2.0, 0.6)))
    values = [-1.0, 0.0, 0.3, 1.0, 1.25, 2.0, 7.0]

    scores = spark.createDataFrame([(value,) for value in [*values, None]], "score double")
    found = [row[0] for row in scores.select(calibration.of_column(scores.score)).collect()]

    assert found[-1] is None
    assert found[:-1] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.15, 0.6, 0.6])
    assert calibration.of(np.array(values)) == pytest.approx(found[:-1])


def test_a_logistic_truth_is_left_to_platt_and_a_step_to_isotonic_regression():
    logistic = fit_calibration(sampled(lambda score: 1 / (1 + np.exp(4 - 3 * score))), SETTINGS)
    step = fit_calibration(sampled(lambda score: np.where(score < 0.5, 0.01, 0.3)), SETTINGS)

    assert logistic.slope == pytest.approx(3, abs=0.3)
    assert step.slope is None
    assert step.of(np.array([0.2, 0.8])) == pytest.approx([0.01, 0.3], abs=0.02)
    assert step.reason.startswith("cross-validated log-loss")


def test_where_a_part_of_the_users_is_upside_down_the_ways_are_not_compared_and_the_reason_is_said():
    clear, upside_down = [(0, 0)] * 8 + [(1, 1)] * 8, [(0, 1)] * 5 + [(0, 0)] * 3 + [(1, 1)] * 3 + [(1, 0)] * 5
    in_turn = np.array([pair for both in zip(clear, upside_down, strict=True) for pair in both])
    two_parts = SETTINGS.model_copy(update={"fold_count": 2})

    fitted = fit_calibration(candidates(*in_turn.T), two_parts)

    assert fitted.slope > 0
    assert fitted.reason == "Platt scaling: without some part of the users neither way could be fitted"


def test_both_ways_lie_between_0_and_1_and_never_fall_where_the_score_rises():
    found = sampled(lambda score: score**3 / 5)
    grid = np.linspace(-1, 2, 500)

    for fitted in (fit_platt(found, SETTINGS), isotonic(found, SETTINGS)):
        probability = fitted.of(grid)
        assert ((probability > 0) & (probability < 1)).all()
        assert (np.diff(probability) >= 0).all()


def test_without_ground_for_platt_there_is_none_for_isotonic_regression_either():
    upside_down = candidates([1, 2, 3, 4], [1, 1, 0, 0])

    assert not isotonic(upside_down, SETTINGS).is_fitted
    assert not fit_calibration(upside_down, SETTINGS).is_fitted


def test_log_loss_and_base_rate_by_hand():
    assert log_loss(np.array([0.5, 0.2]), np.array([1.0, 0.0])) == pytest.approx([-np.log(0.5), -np.log(0.8)])
    assert share_bought(candidates([1, 2, 3, 4], [1, 0, 0, 0])) == 1 / 4
    assert share_bought(candidates([], [])) == 0.0
