"""Turning a score into a probability: Platt scaling or isotonic regression, whichever foretells better.

A score orders items, it is no probability. Fitted on the calibrate window, a calibration says how likely it is that a
listed item that the user has not had sees a relevant action (`split.relevant_actions`) within a window as long as the
calibrate window (`split.calibrate_days`). Both ways never fall where the score rises.

What no purchases speak for is not foretold: a score counts as at most the highest one that `minimum_positives` bought
candidates reach, and as at least the lowest candidate's. Else a curve would be followed to wherever a score leads.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from lakerec.contract import Settings
from lakerec.model.scorer import Ints

Floats = npt.NDArray[np.float64]


class CalibrationSettings(Settings):
    """How scores become probabilities."""

    minimum_positives: int = Field(ge=1, description="bought candidates asked for at or above a score; candidates")
    bin_count: int = Field(ge=2, le=1000, description="bins of the reliability table; bins")
    fold_count: int = Field(ge=2, le=100, description="parts that users are cut into to choose between the ways; parts")


class Candidates(NamedTuple):
    """Listed (user, item) pairs of one window: score, 1 where the item was bought, else 0, and whose list it was."""

    score: Floats
    is_bought: Floats
    user_ix: Ints

    def of(self, rows: npt.NDArray[np.bool_]) -> "Candidates":
        """Some of them."""
        return Candidates(self.score[rows], self.is_bought[rows], self.user_ix[rows])


class Knot(NamedTuple):
    """A point of an isotonic calibration."""

    score: float
    probability: float


class Calibration(NamedTuple):
    """How a score becomes a probability.

    Platt: 1 / (1 + exp(-(intercept + slope · score))), where a score beyond `lowest_score` or `highest_score` counts as
    that one. Isotonic: between its knots along the straight line, beyond them as at the outermost. Neither, with the
    reason, where there was no ground to fit one; else the reason is why this way was chosen.
    """

    intercept: float | None
    slope: float | None
    reason: str | None = None
    knots: tuple[Knot, ...] = ()
    lowest_score: float | None = None
    highest_score: float | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether it gives probabilities."""
        return self.slope is not None or bool(self.knots)

    def of(self, score: Floats) -> Floats:
        """Probabilities of scores; nan where nothing was fitted."""
        if self.knots:
            scores, probabilities = zip(*self.knots, strict=True)
            return np.interp(score, scores, probabilities)
        if self.intercept is None or self.slope is None:
            return np.full(len(score), np.nan)
        held = np.clip(score, self.lowest_score, self.highest_score)
        return 1 / (1 + np.exp(-(self.intercept + self.slope * held)))

    def of_column(self, score: SparkColumn) -> SparkColumn:
        """Probabilities of a score column; null where nothing was fitted."""
        if self.knots:
            return _along(self.knots, score)
        if self.intercept is None or self.slope is None:
            return F.lit(None).cast("double")
        held = score
        if self.lowest_score is not None:
            held = F.greatest(held, F.lit(self.lowest_score))
        if self.highest_score is not None:
            held = F.least(held, F.lit(self.highest_score))
        return F.when(score.isNotNull(), 1 / (1 + F.exp(-(F.lit(self.intercept) + F.lit(self.slope) * held))))


def fit_calibration(candidates: Candidates, settings: CalibrationSettings) -> Calibration:
    """Platt scaling or isotonic regression: the one with the smaller cross-validated log-loss; Platt where they tie.

    Users are cut into `fold_count` parts, so that a user's candidates are never on both sides.
    """
    platt = fit_platt(candidates, settings)
    if platt.slope is None:
        return platt
    folds = candidates.user_ix % settings.fold_count
    by_platt, by_isotonic = _cross_validated(_held(candidates, platt), folds, settings)
    if np.isinf(by_platt):
        return platt._replace(reason="Platt scaling: without some part of the users neither way could be fitted")
    compared = f"cross-validated log-loss {by_platt:.6f} by Platt scaling, {by_isotonic:.6f} by isotonic regression"
    chosen = platt if by_platt <= by_isotonic else fit_isotonic(candidates, platt)
    return chosen._replace(reason=compared)


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
    lowest = float(candidates.score.min())
    highest = float(np.sort(candidates.score[candidates.is_bought == 1])[-settings.minimum_positives])
    if lowest == highest:
        return Calibration(None, None, f"fewer than {settings.minimum_positives} were bought above the lowest score")
    held = np.clip(candidates.score, lowest, highest)
    centre, spread = float(held.mean()), float(held.std())
    intercept, slope = _logistic((held - centre) / spread, candidates.is_bought, positives, negatives)
    if slope <= 0:
        return Calibration(None, None, f"a higher score went with fewer purchases (slope {slope / spread:.3g})")
    return Calibration(intercept - slope * centre / spread, slope / spread, lowest_score=lowest, highest_score=highest)


def fit_isotonic(candidates: Candidates, platt: Calibration) -> Calibration:
    """The non-decreasing curve nearest to what was bought.

    Its ends are kept from 0 and 1 by 1 / (n + 2), as a count of n says nothing finer. Source: Zadrozny and Elkan,
    "Transforming classifier scores into accurate multiclass probability estimates", 2002, section 3.2.

    Args:
        platt: `fit_platt` of the same; where it found no ground for a curve there is none for this one.
    """
    from sklearn.isotonic import IsotonicRegression  # imported where it is used: it takes a second

    if platt.slope is None:
        return platt
    nearest = 1 / (len(candidates.score) + 2)
    fitted = IsotonicRegression(y_min=nearest, y_max=1 - nearest, out_of_bounds="clip")
    fitted.fit(_held(candidates, platt).score, candidates.is_bought)
    points = zip(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), strict=True)
    return Calibration(None, None, None, tuple(Knot(*point) for point in points))


def share_bought(candidates: Candidates) -> float:
    """The base rate; 0 without candidates."""
    return float(candidates.is_bought.mean()) if len(candidates.is_bought) else 0.0


def log_loss(probability: Floats, is_bought: Floats) -> Floats:
    """-log of the probability given to what happened, candidate by candidate."""
    return -np.log(np.where(is_bought == 1, probability, 1 - probability))


def _held(candidates: Candidates, platt: Calibration) -> Candidates:
    """The candidates with scores that count."""
    return candidates._replace(score=np.clip(candidates.score, platt.lowest_score, platt.highest_score))


def _cross_validated(candidates: Candidates, folds: Ints, settings: CalibrationSettings) -> tuple[float, float]:
    """Mean log-loss of each part by what was fitted on the others: of Platt scaling, and of isotonic regression.

    Infinite where one of the parts gives no fit.
    """
    alone = settings.model_copy(update={"minimum_positives": 1})
    losses = []
    for fold in np.unique(folds):
        others, left_out = candidates.of(folds != fold), candidates.of(folds == fold)
        platt = fit_platt(others, alone)
        if not platt.is_fitted:
            return float("inf"), float("inf")
        ways = (platt, fit_isotonic(others, platt))
        losses.append([log_loss(way.of(left_out.score), left_out.is_bought) for way in ways])
    by_platt, by_isotonic = (float(np.concatenate(parts).mean()) for parts in zip(*losses, strict=True))
    return by_platt, by_isotonic


def _along(knots: tuple[Knot, ...], score: SparkColumn) -> SparkColumn:
    first, last = knots[0], knots[-1]
    chain = F.when(score <= first.score, F.lit(first.probability))
    for low, high in pairwise(knots):
        if high.score > low.score:
            rise = (high.probability - low.probability) / (high.score - low.score)
            chain = chain.when(score <= high.score, F.lit(low.probability) + F.lit(rise) * (score - F.lit(low.score)))
    return F.when(score.isNotNull(), chain.otherwise(F.lit(last.probability)))


def _logistic(score: Floats, is_bought: Floats, positives: int, negatives: int) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression  # imported where it is used: it takes a second

    target = np.where(is_bought == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    both = np.concatenate([score, score]).reshape(-1, 1)
    outcome = np.repeat([1, 0], len(score))
    weight = np.concatenate([target, 1 - target])
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8, max_iter=1000)
    fitted = model.fit(both, outcome, sample_weight=weight)
    return float(fitted.intercept_[0]), float(fitted.coef_[0, 0])
