"""Spark MLlib's implicit ALS: the solver `mllib`, with its pitfalls closed."""

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from lakerec.errors import SettingsError
from lakerec.model.als_settings import AlsSettings, unsolvable

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel


def require_checkpoints(interactions: DataFrame, settings: AlsSettings) -> None:
    """The plan grows with every iteration; at 30 without a checkpoint its depth ends the driver, without a message.

    Raises:
        SettingsError: more iterations than Spark survives without a checkpoint directory.
    """
    is_long = settings.max_iter > settings.checkpoint_interval
    if is_long and interactions.sparkSession.sparkContext.getCheckpointDir() is None:
        raise SettingsError(
            f"als.max_iter: {settings.max_iter} iterations are more than als.checkpoint_interval "
            f"({settings.checkpoint_interval}), and Spark has no checkpoint directory. Set spark.checkpoint.dir."
        )


def fit_mllib(learned: DataFrame, settings: AlsSettings) -> "ALSModel":
    """Fit.

    Args:
        learned: user_ix, item_ix, strength; one row per pair, each with a positive strength on both sides.

    Raises:
        TrainingDataError: the equations cannot be solved.
    """
    from pyspark.ml.recommendation import ALS

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
        raise unsolvable(settings) from error
