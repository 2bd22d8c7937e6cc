"""recommendations.user_items: what each user is recommended, batch by batch.

The serving model knows everything up to `as_of`; whoever is new or did something since is folded in, users of whom
nothing is known get bestsellers. A probability is that of the evaluation model of the same settings, calibrated for the
recommender the item came from.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Self

from pydantic import Field, model_validator
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.calibrations import Calibration

USER_ITEMS = Table(
    name="recommendations.user_items",
    comment="One row per (batch, user, rank). A batch is written in one commit: what is there of it is all of it.",
    columns=(
        Column("batch_id", T.StringType(), "Hash of everything that shapes the batch."),
        Column("user_id", T.StringType(), "For whom; of source session `session:<source>:<session_id>`."),
        Column("rank", T.IntegerType(), "Place in the user's list, from 1."),
        Column("item_id", T.StringType(), "What is recommended; nothing that the user had already."),
        Column("score", T.DoubleType(), "Raw score of the source; comparable within one source only."),
        Column(
            "probability", T.DoubleType(), "Chance of a relevant action within split.test_days; 0..1, null: unknown."
        ),
        Column("is_recommended", T.BooleanType(), "Whether probability reaches the chosen threshold, if any."),
        Column("source", T.StringType(), "Who found it: als, fold_in, session, item_attributes, popularity."),
        Column("model_id", T.StringType(), "Serving model."),
        Column("created_at", T.TimestampType(), "Start of the run that made the batch; UTC."),
        Column("raw_rank", T.IntegerType(), "Place without the rules of the business; null: beyond the list."),
    ),
    key=("batch_id", "user_id", "rank"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
    distinct=True,
)


class RecommendSettings(Settings):
    """What goes into the lists."""

    top_n: int = Field(ge=1, le=1000, description="items per user; items")
    mask_actions: tuple[str, ...] = Field(
        description="actions by which an item becomes known to a user and is listed no more; also masks evaluations"
    )
    only_available: bool = Field(description="leave out items that the catalogue says are not available")
    session_days: int = Field(
        ge=0, description="sessions without a sign-in of so many days up to the newest event get lists; 0: none; days"
    )
    new_item_slots: int = Field(
        ge=0, description="last places of a list for items too new to have factors, by their attributes; items"
    )

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.new_item_slots >= self.top_n:
            raise ValueError("recommend.new_item_slots must be less than recommend.top_n")
        return self


def batch_id(
    model_id: str, judgement: Mapping[str, Any], settings: Mapping[str, Any], versions: Mapping[str, int]
) -> str:
    """Name of a batch: 16 hex digits that change with anything that shapes it, and with nothing else.

    Args:
        model_id: the serving model.
        judgement: coefficients and threshold of its evaluation, as used.
        settings: sections of the configuration that shape lists and explanations.
        versions: Delta versions of the tables read beside the model's.
    """
    identity = json.dumps([model_id, judgement, settings, versions], sort_keys=True)
    return sha256(identity.encode()).hexdigest()[:16]


def name_items(lists: DataFrame, item_index: DataFrame) -> DataFrame:
    """Ids instead of positions in the index.

    Args:
        lists: item_ix and whatever else.

    Returns:
        The same with item_id in its place. One row per row of `lists`, in the same order.
    """
    items = F.broadcast(item_index.select("item_ix", "item_id"))
    return lists.join(items, on="item_ix", how="inner").drop("item_ix")


def judge_recommendations(
    lists: DataFrame, calibrations: Mapping[str, Calibration], threshold: float | None
) -> DataFrame:
    """Add probability and is_recommended.

    Args:
        lists: source, score and whatever else.
        calibrations: by source.
        threshold: the chosen one; None where none could be chosen, and nothing is recommended.
    """
    judged = lists.withColumn("probability", _probability(calibrations))
    reaches = F.lit(False) if threshold is None else F.col("probability") >= F.lit(threshold)
    return judged.withColumn("is_recommended", F.coalesce(reaches, F.lit(False)))


def _probability(calibrations: Mapping[str, Calibration]) -> SparkColumn:
    probability = F.lit(None).cast("double")
    for source, calibration in calibrations.items():
        probability = F.when(F.col("source") == source, calibration.of_column(F.col("score"))).otherwise(probability)
    return probability
