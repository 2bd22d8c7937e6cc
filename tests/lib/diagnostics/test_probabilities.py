"""diagnostics.probabilities: reliability bins."""

import numpy as np
import pytest

from lakerec.diagnostics.calibrations import Calibration, Candidates
from lakerec.diagnostics.probabilities import Bin, reliability


def candidates(score, is_bought):
    return Candidates(np.array(score, dtype=float), np.array(is_bought, dtype=float), np.arange(len(score)))


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
