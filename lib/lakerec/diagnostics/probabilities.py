"""diagnostics.probabilities: how far the stated probabilities hold, bin by bin on the test window.

Each recommender is calibrated for itself, on the lists of the users it serves, whether they bought anything or not; see
`calibrations`. Listed items that a user came to know before the test window begins are left out there, as they would be
recommended no more.
"""

from typing import NamedTuple

import numpy as np
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.calibrations import Calibration, Candidates
from lakerec.errors import SettingsError
from lakerec.model.split import SplitSettings

PROBABILITIES = Table(
    name="diagnostics.probabilities",
    comment="One row per (model, recommender, slice, bin): predicted against observed probability on the test window.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "Whose lists: als for known users, popularity for newcomers."),
        Column("slice", T.StringType(), "all; als: also known users by history=<band of training events>."),
        Column("bin", T.IntegerType(), "Bin of equal counts by predicted probability, from 1; ties stay together."),
        Column("count", T.LongType(), "Candidates (user, item) in the bin."),
        Column("predicted", T.DoubleType(), "Mean predicted probability; 0..1."),
        Column("observed", T.DoubleType(), "Share of the candidates that were bought in the window; 0..1."),
    ),
    key=("model_id", "recommender", "slice", "bin"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)


class Bin(NamedTuple):
    """One bin of a reliability diagram: how many candidates, their mean prediction, and the share that was bought."""

    size: int
    predicted: float
    observed: float


def reliability(calibration: Calibration, candidates: Candidates, bin_count: int) -> list[Bin]:
    """Bins of (nearly) equal count over the predicted probability.

    Equal predictions are never torn apart, so that the bins do not depend on the order of rows: with many ties there
    are fewer bins. Empty without a calibration or without candidates.
    """
    if not calibration.is_fitted or not len(candidates.score):
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
