"""diagnostics.learning_curves: how much better a model gets with more customers, and what twice as many would bring.

Models are fitted on parts of the customers. Customers fall into place by a hash, and a share of 10 % has ten parts:
each customer is judged by the model of the part that they are in, so every share is judged on the same customers, and
all differences are paired. How many of the smallest parts are judged bounds the cost.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.list_metrics import Floats
from lakerec.diagnostics.user_metrics import Means

LEARNING_CURVES = Table(
    name="diagnostics.learning_curves",
    comment="One row per (model, share of customers): NDCG of a model of so many, measured or continued.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model whose settings and cut these are."),
        Column("user_share", T.DoubleType(), "Customers learned from / all customers; above 1: more than there are."),
        Column("is_measured", T.BooleanType(), "Whether models were fitted; else the fitted curve says so."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column("value", T.DoubleType(), "NDCG of the first k on the calibrate window; mean over judged customers."),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 customers."),
        Column("high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 customers."),
        Column("gain", T.DoubleType(), "value - value with all customers, paired; continued: along the fitted curve."),
        Column("gain_low", T.DoubleType(), "Lower end of its 95 % interval."),
        Column("gain_high", T.DoubleType(), "Upper end of its 95 % interval."),
        Column("judged_count", T.LongType(), "Customers judged, the same for each share."),
        Column("user_count", T.LongType(), "Customers learned from, by one model on average; null: not measured."),
        Column("pair_count", T.LongType(), "Pairs learned from, by one model on average; null: not measured."),
        Column("fit_count", T.LongType(), "Models fitted, one for each part."),
        Column("seconds", T.DoubleType(), "Wall time of those fits and their judging; s."),
        Column("verdict", T.StringType(), "What the continuation says; null for measured shares."),
    ),
    key=("model_id", "user_share"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

TWICE = 2.0
HELPS, ENOUGH, NOT_TOLD = "more customers would help", "enough customers", "not told"
_EXPONENTS = (0.05, 2.0)
"""How fast a curve may flatten. Measured error curves have exponents of 0.07 to 1 (Hestness et al., "Deep learning
scaling is predictable, empirically", 2017)."""


class LearningSettings(Settings):
    """Which shares of the customers are learned from, and what is worth having."""

    shares: tuple[float, ...] = Field(
        min_length=4, description="shares of customers, ascending, the last 1: at least 4, as the curve has 3 unknowns"
    )
    parts: int = Field(ge=1, description="parts of the smallest share whose customers are judged; parts")
    worthwhile_gain: float = Field(gt=0, description="gain in NDCG that would be worth twice the data; share of NDCG")

    @model_validator(mode="after")
    def _reach_one(self) -> Self:
        if list(self.shares) != sorted({*self.shares}) or self.shares[0] <= 0 or self.shares[-1] != 1:
            raise ValueError("learning.shares must lie above 0, ascend, and end with 1")
        return self

    @property
    def judged_share(self) -> float:
        """Which customers are judged: those whose place lies below; whole parts of every share hold them."""
        wanted = min(1.0, self.parts * self.shares[0])
        return min([wanted, *[math.floor(1 / share + 1e-9) * share for share in self.shares]])

    def parts_of(self, share: float) -> list[tuple[float, float]]:
        """From which place to which each part reaches, as many as hold all judged customers."""
        count = math.ceil(self.judged_share / share - 1e-9)
        return [(part * share, (part + 1) * share) for part in range(count)]


class Continuation(NamedTuple):
    """NDCG at a share that nobody has: in the estimate, and by bootstrap replicate.

    Attributes:
        gain: value - what the same curve says of all customers, so that the noise of one measured point is not in it.
    """

    value: float
    replicates: Floats
    gain: float
    gain_replicates: Floats


def continue_curve(shares: Sequence[float], means: Means, share: float) -> Continuation:
    """What the power law a - b · share^(-c) with asymptote a, fitted to the measured shares, says of another.

    Fitted anew for each bootstrap replicate, so that its spread says how sure judged customers make it; that the curve
    goes on as it went is an assumption that no interval covers. (Form: Viering and Loog, "The shape of learning
    curves: a review", 2023, section 5, POW3.)

    Args:
        means: a column for each share.
    """
    spread = means.replicates.std(axis=0) if len(means.replicates) else np.ones(len(shares))
    sigma = np.maximum(spread, 1e-9)
    measured = np.array([means.value, *means.replicates])
    fitted = np.array([_continued(np.array(shares), values, sigma, share) for values in measured])
    gains = fitted[:, 1] - fitted[:, 0]
    return Continuation(float(fitted[0, 1]), fitted[1:, 1], float(gains[0]), gains[1:])


def power_law(share: Floats, asymptote: float, scale: float, exponent: float) -> Floats:
    """Rises towards the asymptote."""
    return asymptote - scale * share ** (-exponent)


def judge_gain(low: float | None, high: float | None, value: float, worthwhile: float) -> str:
    """Whether twice the customers are worth having.

    Args:
        low, high: ends of the interval of what they would bring.
        value: NDCG as it is.
        worthwhile: share of it.
    """
    if low is None or high is None or np.isnan(low + high):
        return f"{NOT_TOLD}: too few customers"
    least = worthwhile * value
    if low > least:
        return f"{HELPS}: twice as many bring {low:.4f} to {high:.4f}"
    if high < least:
        return f"{ENOUGH}: twice as many bring at most {max(high, 0.0):.4f}"
    return f"{NOT_TOLD}: twice as many bring {low:.4f} to {high:.4f}"


def _continued(shares: Floats, values: Floats, sigma: Floats, share: float) -> Floats:
    """The curve at all customers and at the share; nan where none could be fitted."""
    from scipy.optimize import curve_fit  # imported where it is used: it takes a second

    top, rise = float(values.max()), float(max(values.max() - values.min(), 1e-6))
    bounds = ([0.0, 0.0, _EXPONENTS[0]], [1.0, 1.0, _EXPONENTS[1]])
    try:
        found, _ = curve_fit(
            power_law,
            shares,
            values,
            p0=(min(top + rise / 10, 1.0), min(rise / 2, 1.0), 0.5),
            sigma=sigma,
            bounds=bounds,
        )
    except (RuntimeError, ValueError):
        return np.full(2, np.nan)
    return power_law(np.array([1.0, share]), *found)
