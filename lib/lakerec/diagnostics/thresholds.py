"""diagnostics.thresholds: from which probability on an item counts as recommended, and what that costs.

The rule is applied on the calibrate window; precision, recall and share are measured on the test window, which has no
say in the choice.
"""

from typing import NamedTuple

import numpy as np
from pydantic import Field
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.probabilities import Floats

THRESHOLDS = Table(
    name="diagnostics.thresholds",
    comment="One row per (model, threshold): what is kept of the candidates with at least that probability.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("threshold", T.DoubleType(), "Least probability of a recommended item; 0..1."),
        Column("precision", T.DoubleType(), "Bought / recommended, on the test window; null where none is."),
        Column("recall", T.DoubleType(), "Bought and recommended / bought candidates, on the test window."),
        Column("share", T.DoubleType(), "Recommended / candidates, on the test window."),
        Column("fitted_precision", T.DoubleType(), "Bought / recommended on the calibrate window, for the rule."),
        Column("is_chosen", T.BooleanType(), "Whether recommendations use this one; true once per model."),
        Column("reason", T.StringType(), "Why it was chosen; null elsewhere."),
    ),
    key=("model_id", "threshold"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)


class ThresholdSettings(Settings):
    """How the threshold is chosen."""

    minimum_lift: float = Field(
        gt=1, description="precision asked of recommended items; multiples of the share bought among all candidates"
    )
    candidate_count: int = Field(
        ge=2, le=1000, description="thresholds tried, at equal steps of candidates; thresholds"
    )


class Outcomes(NamedTuple):
    """Candidates of one window: predicted probability (never nan), and 1 where the item was bought, else 0."""

    probability: Floats
    is_bought: Floats


class Kept(NamedTuple):
    """What a threshold keeps of the candidates of one window; null where its denominator is 0."""

    precision: float | None
    recall: float | None
    share: float | None


class Threshold(NamedTuple):
    """One row of diagnostics.thresholds without model_id."""

    threshold: float
    precision: float | None
    recall: float | None
    share: float | None
    fitted_precision: float | None
    is_chosen: bool
    reason: str | None


def fit_thresholds(validation: Outcomes, test: Outcomes, settings: ThresholdSettings) -> list[Threshold]:
    """Thresholds from low to high, exactly one of them chosen; none where there are no candidates with a probability.

    The lowest threshold wins whose precision on the calibrate window is at least `minimum_lift` times the share bought
    among all its candidates: as many products as the rule allows. Where none reaches that, the one with the largest F1
    on the calibrate window (the lower of equals) is taken and the reason says so.
    """
    if not len(validation.probability):
        return []
    steps = np.arange(settings.candidate_count) / settings.candidate_count
    tried = [float(t) for t in np.unique(np.quantile(validation.probability, steps, method="higher"))]
    fitted = [keep(validation, threshold) for threshold in tried]
    chosen, reason = _choose(tried, fitted, float(validation.is_bought.mean()), settings.minimum_lift)
    return [
        Threshold(threshold, *keep(test, threshold), before.precision, nth == chosen, reason if nth == chosen else None)
        for nth, (threshold, before) in enumerate(zip(tried, fitted, strict=True))
    ]


def keep(outcomes: Outcomes, threshold: float) -> Kept:
    """Precision, recall and share of the candidates with at least this probability."""
    is_kept = outcomes.probability >= threshold
    hits = float(outcomes.is_bought[is_kept].sum())
    return Kept(
        precision=_ratio(hits, float(is_kept.sum())),
        recall=_ratio(hits, float(outcomes.is_bought.sum())),
        share=_ratio(float(is_kept.sum()), float(len(is_kept))),
    )


def _choose(tried: list[float], fitted: list[Kept], base: float, minimum_lift: float) -> tuple[int, str]:
    wanted = minimum_lift * base
    multiple = f"{minimum_lift:g} times the {base:.4f} of all candidates"
    rule = f"precision of {wanted:.4f} ({multiple}) on the calibrate window"
    for nth, kept in enumerate(fitted):
        if base > 0 and (kept.precision or 0.0) >= wanted:
            return nth, f"lowest threshold with a {rule}"
    best = max(range(len(tried)), key=lambda nth: (_f1(fitted[nth]), -nth))
    return best, f"no threshold reaches a {rule}; this one has the largest F1 there"


def _f1(kept: Kept) -> float:
    total = (kept.precision or 0.0) + (kept.recall or 0.0)
    return 2 * (kept.precision or 0.0) * (kept.recall or 0.0) / total if total else 0.0


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
