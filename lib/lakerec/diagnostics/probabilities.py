"""diagnostics.probabilities: how far the stated probabilities hold, bin by bin on the test window.

A score orders items, it is no probability. Platt scaling turns it into one: the chance that a listed item that the user
has not had is bought within a window as long as the calibrate window. Each recommender is calibrated for itself: on the
lists of the users it serves, whether they bought anything or not.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.errors import SettingsError
from lakerec.model.split import SplitSettings

PROBABILITIES = Table(
    name="diagnostics.probabilities",
    comment="One row per (model, recommender, slice, bin): predicted against observed probability on the test window.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "Whose lists: als for known users, popularity for newcomers."),
        Column("slice", T.StringType(), "all."),
        Column("bin", T.IntegerType(), "Bin of equal counts by predicted probability, from 1; ties stay together."),
        Column("count", T.LongType(), "Candidates (user, item) in the bin."),
        Column("predicted", T.DoubleType(), "Mean predicted probability; 0..1."),
        Column("observed", T.DoubleType(), "Share of the candidates that were bought in the window; 0..1."),
    ),
    key=("model_id", "recommender", "slice", "bin"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

Floats = npt.NDArray[np.float64]


class CalibrationSettings(Settings):
    """How scores become probabilities."""

    minimum_positives: int = Field(ge=1, description="fewest bought candidates to fit a calibration on; candidates")
    bin_count: int = Field(ge=2, le=1000, description="bins of the reliability table; bins")


class Candidates(NamedTuple):
    """Listed (user, item) pairs of one window: their score, and 1 where the item was bought, else 0."""

    score: Floats
    is_bought: Floats


class Calibration(NamedTuple):
    """probability = 1 / (1 + exp(-(intercept + slope · score))); both null, with the reason, where it has no ground."""

    intercept: float | None
    slope: float | None
    reason: str | None = None

    def of(self, score: Floats) -> Floats:
        """Probabilities of scores; nan where nothing was fitted."""
        if self.intercept is None or self.slope is None:
            return np.full(len(score), np.nan)
        return 1 / (1 + np.exp(-(self.intercept + self.slope * score)))

    def of_column(self, score: SparkColumn) -> SparkColumn:
        """Probabilities of a score column; null where nothing was fitted."""
        if self.intercept is None or self.slope is None:
            return F.lit(None).cast("double")
        return 1 / (1 + F.exp(-(F.lit(self.intercept) + F.lit(self.slope) * score)))


class Bin(NamedTuple):
    """One bin of a reliability diagram: how many candidates, their mean prediction, and the share that was bought."""

    size: int
    predicted: float
    observed: float


def fit_platt(candidates: Candidates, settings: CalibrationSettings) -> Calibration:
    """Fit Platt scaling, or say why not.

    Logistic regression without a penalty on the score, with Platt's targets (n₊ + 1)/(n₊ + 2) for bought and
    1/(n₋ + 2) for not bought, which keep the slope finite where the score separates the two. Source: Platt,
    "Probabilistic outputs for support vector machines", 1999, section 2.2.

    A slope of zero or less would say that a higher score makes a purchase less likely: then the score means nothing
    here, and no probability is better than an upside-down one.
    """
    positives = int(candidates.is_bought.sum())
    negatives = len(candidates.score) - positives
    if positives < settings.minimum_positives:
        few = f"{positives} of {len(candidates.score)} candidates were bought, fewer than {settings.minimum_positives}"
        return Calibration(None, None, few)
    if negatives == 0:
        return Calibration(None, None, f"all {positives} candidates were bought")
    centre, spread = float(candidates.score.mean()), float(candidates.score.std())
    if spread == 0:
        return Calibration(None, None, "all candidates have the same score")
    intercept, slope = _logistic((candidates.score - centre) / spread, candidates.is_bought, positives, negatives)
    if slope <= 0:
        return Calibration(None, None, f"a higher score went with fewer purchases (slope {slope / spread:.3g})")
    return Calibration(intercept - slope * centre / spread, slope / spread)


def reliability(calibration: Calibration, candidates: Candidates, bin_count: int) -> list[Bin]:
    """Bins of (nearly) equal count over the predicted probability.

    Equal predictions are never torn apart, so that the bins do not depend on the order of rows: with many ties there
    are fewer bins. Empty without a calibration or without candidates.
    """
    if calibration.slope is None or not len(candidates.score):
        return []
    predicted = calibration.of(candidates.score)
    uppers = np.unique(np.quantile(predicted, np.arange(1, bin_count + 1) / bin_count, method="lower"))
    bins = np.searchsorted(uppers, predicted, side="left")
    return [
        Bin(int(inside.sum()), float(predicted[inside].mean()), float(candidates.is_bought[inside].mean()))
        for inside in (bins == nth for nth in np.unique(bins))
    ]


def require_equal_windows(split: SplitSettings) -> None:
    """Refuse windows of two lengths: a chance within three days cannot be judged by what four days brought.

    Raises:
        SettingsError: calibrate_days and test_days differ.
    """
    if split.calibrate_days != split.test_days:
        raise SettingsError(
            f"split.test_days: is {split.test_days}, but split.calibrate_days {split.calibrate_days}. Probabilities "
            "are fitted on one window and judged on the other: set both to the same number of days, and train again."
        )


def _logistic(score: Floats, is_bought: Floats, positives: int, negatives: int) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression  # imported where it is used: it takes a second

    target = np.where(is_bought == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    both = np.concatenate([score, score]).reshape(-1, 1)
    outcome = np.repeat([1, 0], len(score))
    weight = np.concatenate([target, 1 - target])
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(both, outcome, sample_weight=weight)
    return float(fitted.intercept_[0]), float(fitted.coef_[0, 0])
