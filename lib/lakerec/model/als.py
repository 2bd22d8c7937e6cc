"""Fitting ALS to implicit feedback, by Spark MLlib or by our own solver, with the pitfalls closed.

Confidence 1 + alpha·|strength| weighs the preference, which is 1 for a positive strength and 0 otherwise (Hu, Koren,
Volinsky, "Collaborative filtering for implicit feedback datasets", 2008). Both solvers multiply reg_param by a row's
number of positive strengths, so a user or item without any is not regularised at all and makes a solver fail: those are
left out here and served as cold.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.errors import TrainingDataError
from lakerec.model.als_settings import AlsSettings
from lakerec.model.cg_als import Factors, fit_cg, start_from
from lakerec.model.factor_frames import factor_frame
from lakerec.model.mllib_als import fit_mllib, require_checkpoints
from lakerec.model.packed_pairs import Sides, packed_pairs

_LOG = logging.getLogger(__name__)


class FittedAls(NamedTuple):
    """What a fit gives.

    Attributes:
        user_factors: user_ix, factors array<float>; users with a positive strength.
        item_factors: item_ix, factors array<float>; items with a positive strength.
        solver: which of als.solver it was; mllib where the factors were too large for cg.
        pair_count: (user, item) pairs that it learned from.
    """

    user_factors: DataFrame
    item_factors: DataFrame
    solver: str
    pair_count: int


def fit_als(interactions: DataFrame, settings: AlsSettings, start: DataFrame | None = None) -> FittedAls:
    """Learn factors; the same data, seed and blocks give the same factors bit for bit, in any order of rows.

    With mllib and more than two blocks that rests on the order in which MLlib's tasks end (it adds their partial sums
    as they come, in double): no run has ever differed, but only up to two blocks cannot. With cg it holds for machines
    of one kind, as each compiles its own code.

    Fewer items or users than rank, down to one of each, are fitted like any others: the penalty keeps the equations
    solvable.

    Args:
        interactions: gold.interactions or a projection at another time; user_ix, item_ix, strength. One row per pair.
        start: item_factors of an earlier model of the same rank, which cg begins with; mllib cannot.

    Raises:
        SettingsError: more iterations than MLlib survives without a checkpoint directory.
        TrainingDataError: no pair has a positive strength, a strength is no number, or the equations cannot be solved.
    """
    return next(fit_als_at(interactions, settings, [settings.max_iter], start))


def fit_als_at(
    interactions: DataFrame, settings: AlsSettings, iterations: Sequence[int], start: DataFrame | None = None
) -> Iterator[FittedAls]:
    """What `fit_als` gives after each of some numbers of iterations.

    cg hands these out on the way. MLlib hands out none, so each is a fit of its own from the same seed and blocks.

    Args:
        iterations: ascending.

    Raises:
        TrainingDataError, SettingsError: as `fit_als`.
    """
    if settings.solver == "cg":
        with packed_pairs(interactions, settings) as packed:
            _refuse_broken(packed.found.broken)
            if sides := packed.found.sides:
                if not len(sides.users):
                    raise _nothing_to_learn(is_empty=not packed.found.pairs)
                begin = start_from(start, sides.items, settings.rank) if start is not None else None
                for factors in fit_cg(packed, sides, begin, settings, iterations):
                    yield _fitted_by_cg(interactions, sides, factors)
                return
        _LOG.warning(
            "ALS: the factors of users or items take more than als.cg_broadcast_bytes (%s): mllib solves instead of cg",
            settings.cg_broadcast_bytes,
        )
    for iteration in iterations:
        yield _fit_mllib(interactions, settings.model_copy(update={"max_iter": iteration}))


def with_positive_strength(interactions: DataFrame) -> DataFrame:
    """Pairs of users and of items that have a positive strength somewhere; their negative pairs stay in.

    A strength so small that float32 knows it as 0 is not positive.
    """
    pairs = interactions.select("user_ix", "item_ix", F.col("strength").cast("float").alias("strength"))
    learned = pairs
    for name in ("user_ix", "item_ix"):
        best = pairs.groupBy(name).agg(F.max("strength").alias("best"))
        hopeless = best.where("best IS NULL OR best <= 0").select(name)  # few: broadcasting them moves no pair
        learned = learned.join(F.broadcast(hopeless), on=name, how="left_anti")
    return learned.select("user_ix", "item_ix", "strength")


def check_factors(factors: DataFrame) -> None:
    """Refuse factors that are not finite numbers.

    Raises:
        TrainingDataError: the fit diverged.
    """
    broken = factors.where(F.exists("factors", lambda factor: ~_is_finite(factor)))
    if broken.limit(1).count():
        raise TrainingDataError(
            "ALS: the fit diverged, some factors are no finite numbers. Raise als.reg_param or lower als.alpha."
        )


def _fit_mllib(interactions: DataFrame, settings: AlsSettings) -> FittedAls:
    require_checkpoints(interactions, settings)
    learned = with_positive_strength(interactions).persist()
    try:
        pair_count = _count_pairs(learned, interactions)
        model = fit_mllib(learned, settings)
    finally:
        learned.unpersist()
    fitted = FittedAls(
        user_factors=model.userFactors.select(F.col("id").alias("user_ix"), F.col("features").alias("factors")),
        item_factors=model.itemFactors.select(F.col("id").alias("item_ix"), F.col("features").alias("factors")),
        solver="mllib",
        pair_count=pair_count,
    )
    check_factors(fitted.user_factors)
    check_factors(fitted.item_factors)
    return fitted


def _fitted_by_cg(beside: DataFrame, sides: Sides, factors: Factors) -> FittedAls:
    return FittedAls(
        user_factors=factor_frame(beside, "user_ix", sides.users, factors.users),
        item_factors=factor_frame(beside, "item_ix", sides.items, factors.items),
        solver="cg",
        pair_count=factors.pair_count,
    )


def _count_pairs(learned: DataFrame, interactions: DataFrame) -> int:
    strength = F.col("strength")
    counts = learned.agg(F.count("*").alias("all"), F.count_if(~_is_finite(strength)).alias("broken")).first()
    assert counts is not None  # an aggregate without groups has one row
    _refuse_broken(counts["broken"])
    if not counts["all"]:
        raise _nothing_to_learn(is_empty=not interactions.limit(1).count())
    return int(counts["all"])


def _refuse_broken(count: int) -> None:
    if count:
        raise TrainingDataError(f"gold.interactions: {count} strengths are no finite numbers. Check [feedback].")


def _nothing_to_learn(*, is_empty: bool) -> TrainingDataError:
    if is_empty:
        return TrainingDataError(
            "gold.interactions: no user has acted on an item before the cut. There is nothing to learn from: deliver "
            "more days of events, or set shorter split.calibrate_days and split.test_days."
        )
    return TrainingDataError(
        "gold.interactions: no pair has a positive strength (only returns, or all decayed to nothing). "
        "There is nothing to learn from: deliver more events, or set a longer feedback.half_life_days."
    )


def _is_finite(number: Column) -> Column:
    return number.isNotNull() & ~F.isnan(number) & (F.abs(number) < float("inf"))
