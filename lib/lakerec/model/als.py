"""Fitting Spark MLlib's ALS to implicit feedback, with its pitfalls closed.

Confidence 1 + alpha·|strength| weighs the preference, which is 1 for a positive strength and 0 otherwise (Hu, Koren,
Volinsky, "Collaborative filtering for implicit feedback datasets", 2008). MLlib multiplies reg_param by a row's number
of positive strengths, so a user or item without any is not regularised at all and makes the solver fail: those are left
out here and served as cold.
"""

from typing import NamedTuple

from pydantic import Field
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.contract import Settings
from lakerec.errors import SettingsError, TrainingDataError


class AlsSettings(Settings):
    """Settings of MLlib's ALS, in its words. Seed and blocks are part of a model's identity: they shape its factors."""

    rank: int = Field(ge=1, le=1024, description="length of a factor vector")
    max_iter: int = Field(ge=1, le=1000, description="alternations between users and items")
    reg_param: float = Field(
        gt=0, description="weight of the penalty on a row's factors, per positive strength of the row"
    )
    alpha: float = Field(gt=0, description="confidence gained per unit of strength")
    seed: int = Field(description="seed of the first factors")
    user_blocks: int = Field(ge=1, description="parts that users are divided into; one task each")
    item_blocks: int = Field(ge=1, description="parts that items are divided into; one task each")
    checkpoint_interval: int = Field(ge=1, le=15, description="iterations between checkpoints of the factors")


class FittedAls(NamedTuple):
    """What a fit gives.

    Attributes:
        user_factors: user_ix, factors array<float>; users with a positive strength.
        item_factors: item_ix, factors array<float>; items with a positive strength.
        model: the same as MLlib's own object.
        pair_count: (user, item) pairs that it learned from.
    """

    user_factors: DataFrame
    item_factors: DataFrame
    model: ALSModel
    pair_count: int


def fit_als(interactions: DataFrame, settings: AlsSettings) -> FittedAls:
    """Learn factors; the same data, seed and blocks give the same factors bit for bit, in any order of rows.

    With more than two blocks that rests on the order in which MLlib's tasks end (it adds their partial sums as they
    come, in double): no run has ever differed, but only up to two blocks cannot.

    Fewer items or users than rank, down to one of each, are fitted like any others: the penalty keeps the equations
    solvable.

    Args:
        interactions: gold.interactions or a projection at another time; user_ix, item_ix, strength. One row per pair.

    Raises:
        SettingsError: more iterations than Spark survives without a checkpoint directory.
        TrainingDataError: no pair has a positive strength, a strength is no number, or the equations cannot be solved.
    """
    _require_checkpoints(interactions, settings)
    learned = with_positive_strength(interactions).persist()
    try:
        pair_count = _count_pairs(learned, interactions)
        model = _fit(learned, settings)
    finally:
        learned.unpersist()
    fitted = FittedAls(
        user_factors=model.userFactors.select(F.col("id").alias("user_ix"), F.col("features").alias("factors")),
        item_factors=model.itemFactors.select(F.col("id").alias("item_ix"), F.col("features").alias("factors")),
        model=model,
        pair_count=pair_count,
    )
    check_factors(fitted.user_factors)
    check_factors(fitted.item_factors)
    return fitted


def with_positive_strength(interactions: DataFrame) -> DataFrame:
    """Pairs of users and of items that have a positive strength somewhere; their negative pairs stay in.

    A strength so small that float32 knows it as 0 is not positive.
    """
    pairs = interactions.select("user_ix", "item_ix", F.col("strength").cast("float").alias("strength"))
    positive = pairs.where("strength > 0")
    return pairs.join(positive.select("user_ix").distinct(), on="user_ix", how="left_semi").join(
        positive.select("item_ix").distinct(), on="item_ix", how="left_semi"
    )


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


def _require_checkpoints(interactions: DataFrame, settings: AlsSettings) -> None:
    """The plan grows with every iteration; at 30 without a checkpoint its depth ends the driver, without a message."""
    is_long = settings.max_iter > settings.checkpoint_interval
    if is_long and interactions.sparkSession.sparkContext.getCheckpointDir() is None:
        raise SettingsError(
            f"als.max_iter: {settings.max_iter} iterations are more than als.checkpoint_interval "
            f"({settings.checkpoint_interval}), and Spark has no checkpoint directory. Set spark.checkpoint.dir."
        )


def _fit(learned: DataFrame, settings: AlsSettings) -> ALSModel:
    als = ALS(
        rank=settings.rank,
        maxIter=settings.max_iter,
        regParam=settings.reg_param,
        alpha=settings.alpha,
        seed=settings.seed,
        numUserBlocks=settings.user_blocks,
        numItemBlocks=settings.item_blocks,
        checkpointInterval=settings.checkpoint_interval,
        implicitPrefs=True,
        userCol="user_ix",
        itemCol="item_ix",
        ratingCol="strength",
        coldStartStrategy="drop",
    )
    try:
        return als.fit(learned)
    except Exception as error:
        if "SingularMatrixException" not in str(error):
            raise
        raise TrainingDataError(
            f"ALS: its equations cannot be solved with als.rank {settings.rank}, als.reg_param {settings.reg_param} "
            f"and als.alpha {settings.alpha}: strengths are too large, or the penalty is too small. "
            "Raise als.reg_param or lower als.alpha."
        ) from error


def _count_pairs(learned: DataFrame, interactions: DataFrame) -> int:
    strength = F.col("strength")
    counts = learned.agg(F.count("*").alias("all"), F.count_if(~_is_finite(strength)).alias("broken")).first()
    assert counts is not None  # an aggregate without groups has one row
    if counts["broken"]:
        raise TrainingDataError(
            f"gold.interactions: {counts['broken']} strengths are no finite numbers. Check [feedback]."
        )
    if counts["all"]:
        return int(counts["all"])
    if interactions.limit(1).count():
        raise TrainingDataError(
            "gold.interactions: no pair has a positive strength (only returns, or all decayed to nothing). "
            "There is nothing to learn from: deliver more events, or set a longer feedback.half_life_days."
        )
    raise TrainingDataError(
        "gold.interactions: no user has acted on an item before the cut. There is nothing to learn from: deliver more "
        "days of events, or set shorter split.calibrate_days and split.test_days."
    )


def _is_finite(number: Column) -> Column:
    return number.isNotNull() & ~F.isnan(number) & (F.abs(number) < float("inf"))
