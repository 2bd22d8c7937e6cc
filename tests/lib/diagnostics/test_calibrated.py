"""From candidates to the rows of four tables."""

import numpy as np
import pytest

from lakerec.diagnostics.calibrated import CALIBRATED, calibrate
from lakerec.diagnostics.calibrations import CalibrationSettings, Candidates
from lakerec.diagnostics.thresholds import Rule, ThresholdSettings

CALIBRATION = CalibrationSettings(minimum_positives=2, bin_count=2, fold_count=2)
THRESHOLD = ThresholdSettings(
    rule=Rule.LIFT, minimum_precision=0.5, gain=1.0, cost=0.1, minimum_lift=1.5, candidate_count=2
)
NOBODY = Candidates(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))


def bought(*pairs):
    score, is_bought = np.array(pairs, dtype=float).T
    return Candidates(score, is_bought, np.arange(len(score)))


def test_each_recommender_has_rows_of_its_own_and_one_without_candidates_none():
    often = bought((0.0, 0), (0.0, 0), (0.0, 1), (1.0, 1), (1.0, 1), (1.0, 0))
    found = {(name, split): NOBODY for name in CALIBRATED for split in ("validation", "test")}
    found |= {("als", "validation"): often, ("als", "test"): often}

    calibrated = calibrate(found, {}, CALIBRATION, THRESHOLD)

    assert [name for name, each in calibrated.calibrations.items() if each.is_fitted] == ["als"]
    assert [row[:4] + row[5:] for row in calibrated.probabilities] == [
        ("als", "all", 1, 3, 1 / 3),
        ("als", "all", 2, 3, 2 / 3),
    ]
    assert {row[0] for row in calibrated.metrics} == {"als"}
    assert sum(row.is_chosen for row in calibrated.thresholds) == 1


def test_a_threshold_is_chosen_over_what_known_users_and_strangers_are_served_together():
    als = bought((0.0, 0), (0.0, 0), (0.0, 1), (1.0, 1), (1.0, 1), (1.0, 0))
    found = {(name, split): als for name in CALIBRATED for split in ("validation", "test")}

    calibrated = calibrate(found, {}, CALIBRATION, THRESHOLD)

    lowest = calibrated.thresholds[0]
    assert lowest.share == 1.0
    assert lowest.precision == (3 + 3) / (6 + 6)  # folded-in users are served as known ones in evaluation


def test_known_users_are_judged_by_what_they_did_before_as_well_with_the_calibration_of_all():
    als = bought((0.0, 0), (0.0, 0), (0.0, 1), (1.0, 1), (1.0, 1), (1.0, 0))
    found = {(name, split): als for name in CALIBRATED for split in ("validation", "test")}
    histories = {"1-4": np.array([0, 1, 3, 99]), "5+": np.array([2, 4, 5])}

    calibrated = calibrate(found, histories, CALIBRATION, THRESHOLD)

    low, high = calibrated.calibrations["als"].of(np.array([0.0, 1.0]))
    assert [row for row in calibrated.probabilities if row[0] == "als" and row[1] != "all"] == [
        ("als", "history=1-4", 1, 2, low, 0.0),
        ("als", "history=1-4", 2, 1, high, 1.0),
        ("als", "history=5+", 1, 3, pytest.approx((low + 2 * high) / 3), 2 / 3),  # half of three lie in the upper tie
    ]
    assert {row[1] for row in calibrated.metrics if row[0] == "als"} == {"all", "history=1-4", "history=5+"}
    assert {row[1] for row in calibrated.probabilities if row[0] != "als"} == {"all"}
