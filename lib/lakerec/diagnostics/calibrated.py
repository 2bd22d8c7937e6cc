"""From listed candidates to calibrations, what these are worth, and thresholds: rows of four tables."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lakerec.diagnostics.calibration_metrics import judge_probabilities
from lakerec.diagnostics.calibrations import Calibration, CalibrationSettings, Candidates, fit_calibration, share_bought
from lakerec.diagnostics.probabilities import reliability
from lakerec.diagnostics.rankings import ALS, POPULARITY, TEST, VALIDATION
from lakerec.diagnostics.rungs import FOLD_IN, SESSION
from lakerec.diagnostics.thresholds import Outcomes, Threshold, ThresholdSettings, fit_thresholds

CALIBRATED = (ALS, FOLD_IN, SESSION, POPULARITY)
SERVING = (ALS, POPULARITY)

Found = Mapping[tuple[str, str], Candidates]
"""Candidates by (recommender, split)."""


class Calibrated(NamedTuple):
    """What was fitted on the calibrate window and measured on the test window, all without model_id.

    Attributes:
        calibrations: by recommender.
        probabilities: rows of diagnostics.probabilities.
        metrics: rows of diagnostics.calibration_metrics.
        thresholds: rows of diagnostics.thresholds.
    """

    calibrations: dict[str, Calibration]
    probabilities: list[tuple[Any, ...]]
    metrics: list[tuple[Any, ...]]
    thresholds: list[Threshold]


def calibrate(found: Found, settings: CalibrationSettings, threshold: ThresholdSettings) -> Calibrated:
    """Calibrate each recommender for itself, and choose one threshold for all."""
    fitted = {name: fit_calibration(found[name, VALIDATION], settings) for name in CALIBRATED}
    bins = {name: reliability(fitted[name], found[name, TEST], settings.bin_count) for name in CALIBRATED}
    base_rate = {name: share_bought(found[name, VALIDATION]) for name in CALIBRATED}
    return Calibrated(
        calibrations=fitted,
        probabilities=[
            (name, "all", nth, *each) for name in CALIBRATED for nth, each in enumerate(bins[name], start=1)
        ],
        metrics=[
            (name, "all", *metric)
            for name in CALIBRATED
            for metric in judge_probabilities(fitted[name], base_rate[name], found[name, TEST], bins[name])
        ],
        thresholds=fit_thresholds(_outcomes(fitted, found, VALIDATION), _outcomes(fitted, found, TEST), threshold),
    )


def _outcomes(fitted: Mapping[str, Calibration], found: Found, split: str) -> Outcomes:
    """Candidates of all recommenders that have a calibration, as the evaluation's ladder serves them."""
    served = [name for name in SERVING if fitted[name].is_fitted]
    probability = [fitted[name].of(found[name, split].score) for name in served]
    is_bought = [found[name, split].is_bought for name in served]
    return Outcomes(np.concatenate([np.empty(0), *probability]), np.concatenate([np.empty(0), *is_bought]))
