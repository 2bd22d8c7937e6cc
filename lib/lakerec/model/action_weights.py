"""What an action is worth, learned from what was bought: by how much one more view, scroll or cart raises the odds.

The unit is a pair of user and item, seen from its first action on: how often the user did what to the item within so
many days, and whether the pair was bought in the same days. A pair whose days are not over by the end of the data is no
unit: it could only be bought less. A logistic regression of bought on the counts gives, for each action, the increase
in log-odds per one more such event; relative to one action of them, these are weights.

Users differ, and the pairs of one user are alike; so the covariance is summed over parts that hold whole users
(sandwich estimator: Liang and Zeger, "Longitudinal data analysis using generalized linear models", 1986), and intervals
take the quantiles of Student's t with one degree of freedom less than there are parts.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.contract import Settings

CONFIDENCE = 0.95
PART_COUNT = 64
"""Parts of the users over which the covariance is summed."""
MOST_EVENTS = 100
"""A pair with more events than this is left out: no person's interest, and the table of counts stays small."""

_MOST_STEPS = 50
_LARGEST_LOG_ODDS = 20.0
"""Beyond this one event decides alone: the data are separated and have no estimate."""

Floats = npt.NDArray[np.float64]


class ActionWeightSettings(Settings):
    """Which actions are weighed, against what."""

    actions: tuple[str, ...] = Field(min_length=1, description="actions whose weight is learned")
    unit: str = Field(description="the one of them that the others are stated in multiples of")
    bought_actions: tuple[str, ...] = Field(min_length=1, description="actions by which a pair counts as bought")
    days: int = Field(ge=1, description="days, from a pair's first action on, that are looked at; days")
    minimum_bought: int = Field(ge=1, description="fewest bought pairs, and pairs not bought, to learn from; pairs")

    @model_validator(mode="after")
    def _unit_is_weighed(self) -> Self:
        if self.unit not in self.actions:
            raise ValueError(f"unit '{self.unit}' is none of the actions {sorted(self.actions)}")
        if both := sorted({*self.actions} & {*self.bought_actions}):
            raise ValueError(f"actions and bought_actions share {both}")
        return self


class PairCounts(NamedTuple):
    """Pairs grouped by what was done.

    Attributes:
        part: part of the users; (groups,).
        events: how often each action was done; (groups, actions).
        pairs: pairs of the group; (groups,).
        bought: those of them that were bought; (groups,).
    """

    part: npt.NDArray[np.int64]
    events: Floats
    pairs: Floats
    bought: Floats


class Estimate(NamedTuple):
    """A number with the ends of its 95 % interval; all null where nothing could be learned."""

    value: float | None
    low: float | None
    high: float | None


NOTHING = Estimate(None, None, None)


class LearnedWeights(NamedTuple):
    """What was learned.

    Attributes:
        log_odds: increase in log-odds per event, by action.
        weights: the same relative to the unit, whose weight is 1.
        base: log-odds of a pair without any event.
        pair_count: pairs that it was learned from.
        reason: why there is nothing; else null.
    """

    log_odds: Mapping[str, Estimate]
    weights: Mapping[str, Estimate]
    base: Estimate
    pair_count: int
    reason: str | None

    def replace_in(self, weights: Mapping[str, float], unit: str) -> dict[str, float]:
        """Configured weights with the learned ones in place of their own, on the scale of the configured unit.

        A weight that came out below 0 is 0: the action is no sign of interest. Actions without a configured weight, of
        which nothing is counted, stay without.
        """
        learned = {name: found.value for name, found in self.weights.items() if name in weights}
        scale = weights.get(unit, 1.0)
        return {**weights, **{name: max(value, 0.0) * scale for name, value in learned.items() if value is not None}}


def fit_action_weights(daily: DataFrame, last: date, settings: ActionWeightSettings) -> LearnedWeights:
    """Learn from all days up to and including `last`; collects a row per distinct counts and part of the users.

    Args:
        daily: gold.daily_interactions.
        last: last whole day that may be known.
    """
    table = count_pairs(daily, last, settings).toArrow()
    events = table["events"].combine_chunks().flatten().to_numpy().reshape(-1, len(settings.actions))
    part, pairs, bought = (table[name].to_numpy() for name in ("part", "pairs", "bought"))
    counts = PairCounts(part, events.astype(np.float64), pairs.astype(np.float64), bought.astype(np.float64))
    return learn_weights(counts, settings)


def count_pairs(daily: DataFrame, last: date, settings: ActionWeightSettings) -> DataFrame:
    """Pairs by what was done within their days, and how many of them were bought.

    Left out are pairs whose days are not over by `last`, and those bought before their first action. Of a bought pair
    the days after the first purchase do not count.

    Args:
        daily: gold.daily_interactions.

    Returns:
        part int, events array<bigint> (in order of settings.actions), pairs bigint, bought bigint.
    """
    known = daily.where(F.col("event_date") <= F.lit(last))
    is_action, is_purchase = F.col("action").isin(*settings.actions), F.col("action").isin(*settings.bought_actions)
    pair = Window.partitionBy("user_ix", "item_ix")
    dated = known.where(is_action | is_purchase).withColumns(
        {
            "begins_on": F.min(F.when(is_action, F.col("event_date"))).over(pair),
            "began_at": F.min(F.when(is_action, F.col("first_at"))).over(pair),
            "bought_at": F.min(F.when(is_purchase, F.col("first_at"))).over(pair),
            "bought_on": F.min(F.when(is_purchase, F.col("event_date"))).over(pair),
        }
    )
    ends_on = F.date_add("begins_on", settings.days - 1)
    is_whole = (ends_on <= F.lit(last)) & F.coalesce(F.col("bought_at") >= F.col("began_at"), F.lit(True))
    counts = is_action & (F.col("event_date") <= F.least(ends_on, F.coalesce("bought_on", ends_on)))
    counted = F.when(counts, F.col("event_count")).otherwise(0)
    done = [F.sum(F.when(F.col("action") == name, counted).otherwise(0)) for name in settings.actions]
    pairs = (
        dated.where(is_whole)
        .groupBy("user_ix", "item_ix")
        .agg(
            F.array(*done).alias("events"),
            F.max(F.coalesce(F.col("bought_on") <= ends_on, F.lit(False))).cast("long").alias("is_bought"),
        )
    )
    total = F.aggregate("events", F.lit(0).cast("long"), lambda so_far, count: so_far + count)
    part = F.pmod(F.xxhash64("user_ix"), F.lit(PART_COUNT)).cast("int").alias("part")
    return (
        pairs.where(total <= MOST_EVENTS)
        .groupBy(part, "events")
        .agg(F.count("*").alias("pairs"), F.sum("is_bought").alias("bought"))
    )


def learn_weights(counts: PairCounts, settings: ActionWeightSettings) -> LearnedWeights:
    """The regression, in numpy.

    A weight is a ratio of two estimates; its interval is Fieller's ("Some problems in interval estimation", 1954),
    which holds however unsure the unit's own estimate is, and is null where that cannot be told from 0.
    """
    pair_count, bought = int(counts.pairs.sum()), int(counts.bought.sum())
    if min(bought, pair_count - bought) < settings.minimum_bought:
        few = f"{bought} of {pair_count} pairs were bought, fewer than {settings.minimum_bought} are or are not"
        return _nothing(settings, pair_count, few)
    design = np.column_stack([np.ones(len(counts.pairs)), counts.events])
    solved = _solve(design, counts)
    if solved is None:
        return _nothing(settings, pair_count, "some action never varies, or decides alone whether a pair is bought")
    coefficients, covariance, quantile = solved
    spread = quantile * np.sqrt(np.diag(covariance))
    estimates = [Estimate(*map(float, (b, b - s, b + s))) for b, s in zip(coefficients, spread, strict=True)]
    unit = 1 + settings.actions.index(settings.unit)
    weights = {
        name: Estimate(1.0, None, None) if nth == unit else _ratio(coefficients, covariance, nth, unit, quantile)
        for nth, name in enumerate(settings.actions, start=1)
    }
    return LearnedWeights(
        dict(zip(settings.actions, estimates[1:], strict=True)), weights, estimates[0], pair_count, None
    )


def _solve(design: Floats, counts: PairCounts) -> tuple[Floats, Floats, float] | None:
    """Maximum likelihood by Newton's method: coefficients, their covariance, and the quantile for intervals."""
    share = counts.bought.sum() / counts.pairs.sum()
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    try:
        for _ in range(_MOST_STEPS):
            residuals, information = _score(design, counts, coefficients)
            step = np.linalg.solve(information, design.T @ residuals)
            coefficients = coefficients + step
            if np.abs(coefficients).max() > _LARGEST_LOG_ODDS:
                return None
            if np.abs(step).max() < 1e-10:
                break
        else:
            return None
        residuals, information = _score(design, counts, coefficients)
        bread = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    parts, row = np.unique(counts.part, return_inverse=True)
    scores = np.zeros((len(parts), design.shape[1]))
    np.add.at(scores, row, design * residuals[:, np.newaxis])
    if len(parts) <= design.shape[1]:
        return None
    covariance = bread @ (scores.T @ scores) @ bread * len(parts) / (len(parts) - 1)
    from scipy import stats  # imported where it is used: it takes a second

    return coefficients, covariance, float(stats.t.ppf((1 + CONFIDENCE) / 2, len(parts) - 1))


def _score(design: Floats, counts: PairCounts, coefficients: Floats) -> tuple[Floats, Floats]:
    """Bought pairs above what is expected of each group, and Fisher's information."""
    probability = 1 / (1 + np.exp(-design @ coefficients))
    variance = counts.pairs * probability * (1 - probability)
    return counts.bought - counts.pairs * probability, design.T @ (design * variance[:, np.newaxis])


def _ratio(coefficients: Floats, covariance: Floats, over: int, under: int, quantile: float) -> Estimate:
    """coefficients[over] / coefficients[under], with all ratios r for which over - r · under can be 0."""
    a, b, t2 = coefficients[over], coefficients[under], quantile**2
    square = b * b - t2 * covariance[under, under]
    if square <= 0:
        return Estimate(float(a / b), None, None)
    half = a * b - t2 * covariance[over, under]
    root = np.sqrt(max(half * half - square * (a * a - t2 * covariance[over, over]), 0.0))
    return Estimate(float(a / b), float((half - root) / square), float((half + root) / square))


def _nothing(settings: ActionWeightSettings, pair_count: int, reason: str) -> LearnedWeights:
    nothing = dict.fromkeys(settings.actions, NOTHING)
    return LearnedWeights(nothing, nothing, NOTHING, pair_count, reason)
