"""diagnostics.calibration_metrics: are the probabilities worth more than none, on the test window.

A forecast that always says the calibrate window's base rate is what they have to beat. Intervals treat a user's
candidates as one observation, as they are bought or not bought together: the variance of a mean over clusters (Cochran,
"Sampling Techniques", 1977, section 2.11), at 95 %.
"""

from typing import NamedTuple

import numpy as np
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.calibrations import Calibration, Candidates, Floats, log_loss
from lakerec.diagnostics.probabilities import Bin
from lakerec.model.scorer import Ints

CALIBRATION_METRICS = Table(
    name="diagnostics.calibration_metrics",
    comment="One row per (model, recommender, slice, metric): how good the probabilities are on the test window.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "Whose lists, as in diagnostics.probabilities."),
        Column("slice", T.StringType(), "all; als: also known users by history=<band of training events>."),
        Column(
            "metric",
            T.StringType(),
            "base_rate; calibration_error (ECE: mean distance of predicted and observed over the bins); "
            "calibration_error_by_chance (that of exact forecasts); "
            "brier_skill (1 - Brier score / that of the constant); log_loss_gain (constant's log-loss - own; nats).",
        ),
        Column("value", T.DoubleType(), "Its value."),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval, paired with the constant; null: not computed."),
        Column("high", T.DoubleType(), "Upper end of its interval; null: not computed."),
        Column("candidate_count", T.LongType(), "Candidates (user, item) judged."),
        Column("user_count", T.LongType(), "Users whose candidates they are."),
    ),
    key=("model_id", "recommender", "slice", "metric"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

_Z = 1.959963984540054


class Metric(NamedTuple):
    """One row of diagnostics.calibration_metrics from `metric` on."""

    metric: str
    value: float
    low: float | None
    high: float | None
    candidate_count: int
    user_count: int


def judge_probabilities(calibration: Calibration, base_rate: float, test: Candidates, bins: list[Bin]) -> list[Metric]:
    """The metrics of one recommender; none without a calibration or without candidates.

    Args:
        base_rate: share bought on the calibrate window: what the constant forecast says.
        bins: of the test window.
    """
    if not calibration.is_fitted or not len(test.score) or not 0 < base_rate < 1:
        return []
    stated, constant = calibration.of(test.score), np.full(len(test.score), base_rate)
    counts = len(test.score), len(np.unique(test.user_ix))
    constant_brier = float(((constant - test.is_bought) ** 2).mean())
    better = (constant - test.is_bought) ** 2 - (stated - test.is_bought) ** 2
    mean, low, high = mean_by_user(better, test.user_ix)
    gain = mean_by_user(log_loss(constant, test.is_bought) - log_loss(stated, test.is_bought), test.user_ix)
    return [
        Metric("base_rate", *mean_by_user(test.is_bought, test.user_ix), *counts),
        Metric("calibration_error", calibration_error(bins), None, None, *counts),
        Metric("calibration_error_by_chance", error_by_chance(bins), None, None, *counts),
        Metric("brier_skill", mean / constant_brier, low / constant_brier, high / constant_brier, *counts),
        Metric("log_loss_gain", *gain, *counts),
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: Σ size/n · |predicted - observed| (Naeini et al., 2015, section 2)."""
    total = sum(each.size for each in bins)
    return sum(each.size * abs(each.predicted - each.observed) for each in bins) / total


def error_by_chance(bins: list[Bin]) -> float:
    """The calibration error that forecasts would show which are exactly right: purchases still fall as they may.

    A bin of size n and probability p is off by √(2·p·(1 - p) / (π·n)) in the mean (the mean absolute deviation of a
    normal distribution). Where the error is no larger, more candidates are needed to see one.
    """
    total = sum(each.size for each in bins)
    off = [each.size * np.sqrt(2 * each.predicted * (1 - each.predicted) / (np.pi * each.size)) for each in bins]
    return float(sum(off)) / total


def mean_by_user(values: Floats, user_ix: Ints) -> tuple[float, float, float]:
    """Mean over candidates with its interval, low and high; users are drawn, not candidates."""
    _, user = np.unique(user_ix, return_inverse=True)
    sums, sizes = np.bincount(user, weights=values), np.bincount(user)
    mean, users = float(values.mean()), len(sizes)
    spread = float(np.sqrt(((sums - mean * sizes) ** 2).sum() * users / max(1, users - 1))) / len(values)
    return mean, mean - _Z * spread, mean + _Z * spread
