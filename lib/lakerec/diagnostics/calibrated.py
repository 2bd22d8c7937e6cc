"""From listed candidates to calibrations, what these are worth, and thresholds: rows of four tables."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from lakerec.diagnostics.calibration_metrics import judge_probabilities
from lakerec.diagnostics.calibrations import Calibration, CalibrationSettings, Candidates, fit_calibration, share_bought
from lakerec.diagnostics.probabilities import reliability
from lakerec.diagnostics.rankings import ALS, POPULARITY, TEST, VALIDATION
from lakerec.diagnostics.rungs import FOLD_IN, SESSION
from lakerec.diagnostics.thresholds import Outcomes, Threshold, ThresholdSettings, fit_thresholds
from lakerec.model.scorer import Ints

CALIBRATED = (ALS, FOLD_IN, SESSION, POPULARITY)
SERVING = (ALS, POPULARITY)

Found = Mapping[tuple[str, str], Candidates]
"""Candidates by (recommender, split)."""

Histories = Mapping[str, Ints]
"""Known users by band of history; user_ix."""


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


def calibrate(
    found: Found, histories: Histories, settings: CalibrationSettings, threshold: ThresholdSettings
) -> Calibrated:
    """Calibrate each recommender for itself, judge that by how much users did, too, and choose one threshold for all.

    A slice has no calibration and no base rate of its own: it shows whom the one of all misleads.
    """
    fitted = {name: fit_calibration(found[name, VALIDATION], settings) for name in CALIBRATED}
    base_rate = {name: share_bought(found[name, VALIDATION]) for name in CALIBRATED}
    probabilities: list[tuple[Any, ...]] = []
    metrics: list[tuple[Any, ...]] = []
    for name in CALIBRATED:
        for part, candidates in _slices(name, found[name, TEST], histories):
            bins = reliability(fitted[name], candidates, settings.bin_count)
            judged = judge_probabilities(fitted[name], base_rate[name], candidates, bins)
            probabilities += [(name, part, nth, *each) for nth, each in enumerate(bins, start=1)]
            metrics += [(name, part, *metric) for metric in judged]
    return Calibrated(
        calibrations=fitted,
        probabilities=probabilities,
        metrics=metrics,
        thresholds=fit_thresholds(_outcomes(fitted, found, VALIDATION), _outcomes(fitted, found, TEST), threshold),
    )


def _slices(recommender: str, candidates: Candidates, histories: Histories) -> Iterator[tuple[str, Candidates]]:
    """All candidates, and those of each band of known users, whom als alone serves."""
    yield "all", candidates
    for band, users in sorted(histories.items()) if recommender == ALS else ():
        yield f"history={band}", candidates.of(np.isin(candidates.user_ix, users))


def _outcomes(fitted: Mapping[str, Calibration], found: Found, split: str) -> Outcomes:
    """Candidates of all recommenders that have a calibration, as the evaluation's ladder serves them."""
    served = [name for name in SERVING if fitted[name].is_fitted]
    probability = [fitted[name].of(found[name, split].score) for name in served]
    is_bought = [found[name, split].is_bought for name in served]
    return Outcomes(np.concatenate([np.empty(0), *probability]), np.concatenate([np.empty(0), *is_bought]))
