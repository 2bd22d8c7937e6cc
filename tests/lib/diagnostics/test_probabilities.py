"""diagnostics.probabilities: Platt scaling and its reliability bins."""

import numpy as np
import pytest

from lakerec.diagnostics.probabilities import (
    Bin,
    Calibration,
    CalibrationSettings,
    Candidates,
    fit_platt,
    reliability,
)

SETTINGS = CalibrationSettings(minimum_positives=2, bin_count=3)


def candidates(score, is_bought):
    return Candidates(np.array(score, dtype=float), np.array(is_bought, dtype=float))


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
        ([5, 5, 5, 5], [1, 1, 0, 0], "all candidates have the same score"),
        ([1, 2, 3, 4], [1, 1, 0, 0], "a higher score went with fewer purchases (slope -1.09)"),
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


def test_bins_hold_equal_counts_and_compare_predicted_with_observed():
    same = Calibration(intercept=0.0, slope=1.0)
    probability = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.8])
    logits = np.log(probability / (1 - probability))

    bins = reliability(same, candidates(logits, [0, 0, 1, 0, 1, 1]), bin_count=3)

    assert [b.size for b in bins] == [2, 2, 2]
    assert [b.predicted for b in bins] == pytest.approx([(0.1 + 0.2) / 2, (0.3 + 0.4) / 2, (0.6 + 0.8) / 2])
    assert [b.observed for b in bins] == [0 / 2, 1 / 2, 2 / 2]


def test_equal_predictions_stay_in_one_bin_in_any_order_of_rows():
    same = Calibration(intercept=0.0, slope=1.0)

    bins = reliability(same, candidates([0, 0, 0, 0, 3, 3], [1, 0, 1, 0, 1, 1]), bin_count=3)
    turned = reliability(same, candidates([3, 3, 0, 0, 0, 0], [1, 1, 0, 1, 0, 1]), bin_count=3)

    assert bins == [Bin(4, 1 / 2, 2 / 4), Bin(2, pytest.approx(1 / (1 + np.exp(-3))), 2 / 2)]
    assert turned == bins


def test_without_candidates_or_without_a_calibration_there_are_no_bins():
    assert reliability(Calibration(0.0, 1.0), candidates([], []), bin_count=3) == []
    assert reliability(Calibration(None, None, "too few"), candidates([1, 2], [0, 1]), bin_count=3) == []
