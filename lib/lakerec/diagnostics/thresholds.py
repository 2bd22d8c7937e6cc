"""diagnostics.thresholds: from which probability on an item counts as recommended, and what that costs.

The rule is applied on the calibrate window; precision, recall, share and expected value are measured on the test
window, which has no say in the choice. The expected value of recommending is what a purchase of a recommended item
gains less what each recommended item costs: its place on the page, a message, a customer's patience.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from pydantic import Field
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.calibrations import Floats

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
        Column(
            "expected_value", T.DoubleType(), "Gain less cost per 1,000 candidates on the test window; as configured."
        ),
        Column("fitted_value", T.DoubleType(), "The same on the calibrate window, for the rule."),
        Column("is_chosen", T.BooleanType(), "Whether recommendations use this one; true once per model."),
        Column("reason", T.StringType(), "Why it was chosen; null elsewhere."),
    ),
    key=("model_id", "threshold"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)


class Rule(StrEnum):
    """What the chosen threshold fulfils on the calibrate window.

    LIFT and PRECISION: the lowest threshold of enough precision, so as many products as that allows; VALUE: the largest
    expected value.
    """

    LIFT = "lift"
    PRECISION = "precision"
    VALUE = "value"


class ThresholdSettings(Settings):
    """How the threshold is chosen, and what recommending brings and costs."""

    rule: Rule = Field(description="lift: minimum_lift; precision: minimum_precision; value: largest expected value")
    minimum_precision: float = Field(gt=0, lt=1, description="precision asked of recommended items by that rule; 0..1")
    gain: float = Field(ge=0, description="what a bought recommended item brings; in the unit of cost")
    cost: float = Field(ge=0, description="what each recommended item costs, bought or not; in the unit of gain")

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
    expected_value: float | None
    fitted_value: float | None
    is_chosen: bool
    reason: str | None


def fit_thresholds(validation: Outcomes, test: Outcomes, settings: ThresholdSettings) -> list[Threshold]:
    """Thresholds from low to high, exactly one of them chosen; none where there are no candidates with a probability.

    See `Rule`. Where no threshold is precise enough, the one with the largest F1 on the calibrate window (the lower of
    equals) is taken and the reason says so.
    """
    if not len(validation.probability):
        return []
    steps = np.arange(settings.candidate_count) / settings.candidate_count
    tried = [float(t) for t in np.unique(np.quantile(validation.probability, steps, method="higher"))]
    fitted = [keep(validation, threshold) for threshold in tried]
    values = [expected_value(validation, threshold, settings) for threshold in tried]
    chosen, reason = _choose(fitted, values, float(validation.is_bought.mean()), settings)
    return [
        Threshold(
            threshold,
            *keep(test, threshold),
            fitted_precision=fitted[nth].precision,
            expected_value=expected_value(test, threshold, settings),
            fitted_value=values[nth],
            is_chosen=nth == chosen,
            reason=reason if nth == chosen else None,
        )
        for nth, threshold in enumerate(tried)
    ]


def expected_value(outcomes: Outcomes, threshold: float, settings: ThresholdSettings) -> float | None:
    """(gain · bought and recommended - cost · recommended) / candidates · 1,000; None without candidates."""
    is_kept = outcomes.probability >= threshold
    value = settings.gain * float(outcomes.is_bought[is_kept].sum()) - settings.cost * float(is_kept.sum())
    return _ratio(1000 * value, float(len(is_kept)))


def keep(outcomes: Outcomes, threshold: float) -> Kept:
    """Precision, recall and share of the candidates with at least this probability."""
    is_kept = outcomes.probability >= threshold
    hits = float(outcomes.is_bought[is_kept].sum())
    return Kept(
        precision=_ratio(hits, float(is_kept.sum())),
        recall=_ratio(hits, float(outcomes.is_bought.sum())),
        share=_ratio(float(is_kept.sum()), float(len(is_kept))),
    )


def _choose(
    fitted: list[Kept], values: list[float | None], base: float, settings: ThresholdSettings
) -> tuple[int, str]:
    if settings.rule is Rule.VALUE:
        best = max(range(len(fitted)), key=lambda nth: (values[nth] or 0.0, -nth))
        stated = f"a gain of {settings.gain:g} a purchase and a cost of {settings.cost:g} an item"
        return best, f"largest expected value on the calibrate window, at {stated}"
    wanted, rule = _wanted_precision(base, settings)
    for nth, kept in enumerate(fitted):
        if base > 0 and (kept.precision or 0.0) >= wanted:
            return nth, f"lowest threshold with a {rule}"
    best = max(range(len(fitted)), key=lambda nth: (_f1(fitted[nth]), -nth))
    return best, f"no threshold reaches a {rule}; this one has the largest F1 there"


def _wanted_precision(base: float, settings: ThresholdSettings) -> tuple[float, str]:
    if settings.rule is Rule.PRECISION:
        return settings.minimum_precision, f"precision of {settings.minimum_precision:g} on the calibrate window"
    wanted = settings.minimum_lift * base
    multiple = f"{settings.minimum_lift:g} times the {base:.4f} of all candidates"
    return wanted, f"precision of {wanted:.4f} ({multiple}) on the calibrate window"


def _f1(kept: Kept) -> float:
    total = (kept.precision or 0.0) + (kept.recall or 0.0)
    return 2 * (kept.precision or 0.0) * (kept.recall or 0.0) / total if total else 0.0


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
