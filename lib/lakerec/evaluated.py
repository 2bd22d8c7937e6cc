"""Reading an evaluation model from the lake with what came after it, for the jobs that compare others with it."""

from collections.abc import Collection

from pyspark.sql import DataFrame

from lakerec.diagnostics.evidence import EvaluatedModel, Happened, see_what_happened
from lakerec.diagnostics.leaks import spanning_pairs
from lakerec.gold.interactions import FeedbackSettings
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.kept import Keep
from lakerec.model.als_settings import AlsSettings
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import Run
from lakerec.model.split import SplitSettings
from lakerec.model.user_factors import USER_FACTORS
from lakerec.silver.events import EVENTS
from lakerec.silver.sessions import SESSIONS
from lakerec.tables import Tables


def read_model(lake: Tables, trained: Run) -> EvaluatedModel:
    """The model as stored."""
    return EvaluatedModel(
        as_of=trained.as_of,
        split=SplitSettings(**trained.settings["split"]),
        feedback=FeedbackSettings(**trained.settings["feedback"]),
        user_factors=lake.read_partition(USER_FACTORS, trained.model_id),
        item_factors=lake.read_partition(ITEM_FACTORS, trained.model_id),
    )


def read_als(lake: Tables, trained: Run, today: AlsSettings) -> AlsSettings:
    """The settings that the model was fitted with, without a warm start; what its run did not know is as today.

    Long fits get a folder for their checkpoints.
    """
    als = today.model_copy(update={**trained.settings["als"], "warm_start": False})
    if als.max_iter > als.checkpoint_interval:
        lake.spark.sparkContext.setCheckpointDir(f"{lake.root}/_checkpoints")
    return als


def read_happened(
    lake: Tables, model: EvaluatedModel, daily: DataFrame, mask_actions: Collection[str], keep: Keep
) -> Happened:
    """What followed the cut, kept.

    Args:
        daily: gold.daily_interactions, or part of its users.
        mask_actions: actions by which an item becomes known to a user.
    """
    indexes = (lake.read(USER_INDEX), lake.read(ITEM_INDEX))
    spanning = spanning_pairs(lake.read(SESSIONS), lake.read(EVENTS), indexes, model.as_of, model.split)
    return see_what_happened(daily, spanning, model, mask_actions, keep)
