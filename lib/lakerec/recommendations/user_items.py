"""recommendations.user_items: what each user is recommended, batch by batch.

The serving model knows everything up to `as_of`; users without factors get bestsellers. A probability is that of the
evaluation model of the same settings, calibrated for the recommender the item came from.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.lists import Catalogue
from lakerec.diagnostics.probabilities import Calibration
from lakerec.diagnostics.rankings import ALS, POPULARITY
from lakerec.model.baselines import popularity_users
from lakerec.model.scorer import top_n, with_masked

USER_ITEMS = Table(
    name="recommendations.user_items",
    comment="One row per (batch, user, rank). A batch is written in one commit: what is there of it is all of it.",
    columns=(
        Column("batch_id", T.StringType(), "Hash of everything that shapes the batch."),
        Column("user_id", T.StringType(), "For whom."),
        Column("rank", T.IntegerType(), "Place in the user's list, from 1."),
        Column("item_id", T.StringType(), "What is recommended; nothing that the user had already."),
        Column("score", T.DoubleType(), "Raw score of the source; comparable within one source only."),
        Column(
            "probability", T.DoubleType(), "Chance of a relevant action within split.test_days; 0..1, null: unknown."
        ),
        Column("is_recommended", T.BooleanType(), "Whether probability reaches the chosen threshold, if any."),
        Column("source", T.StringType(), "Who found it: als; popularity for users without factors."),
        Column("model_id", T.StringType(), "Serving model."),
        Column("created_at", T.TimestampType(), "Start of the run that made the batch; UTC."),
    ),
    key=("batch_id", "user_id", "rank"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
)


class RecommendSettings(Settings):
    """What goes into the lists."""

    top_n: int = Field(ge=1, le=1000, description="items per user; items")
    mask_actions: tuple[str, ...] = Field(
        description="actions by which an item becomes known to a user and is listed no more; also masks evaluations"
    )
    only_available: bool = Field(description="leave out items that the catalogue says are not available")


def batch_id(
    model_id: str, evaluation: Mapping[str, Any], settings: RecommendSettings, versions: Mapping[str, int]
) -> str:
    """Name of a batch: 16 hex digits that change with anything that shapes it, and with nothing else.

    Args:
        model_id: the serving model.
        evaluation: calibrations by recommender and the threshold, as used.
        versions: Delta versions of the tables read beside the model's.
    """
    identity = json.dumps([model_id, evaluation, settings.model_dump(mode="json"), versions], sort_keys=True)
    return sha256(identity.encode()).hexdigest()[:16]


def available_items(item_factors: DataFrame, items: DataFrame, item_index: DataFrame) -> DataFrame:
    """Leave out items that silver.items says are not available; an item it does not know, or knows nothing of, stays.

    Args:
        item_factors: item_ix and whatever else.
        items: silver.items.
        item_index: gold.item_index.
    """
    gone = items.where("is_available = false").join(item_index, on="item_id", how="inner").select("item_ix")
    return item_factors.join(gone, on="item_ix", how="left_anti")


def rank_everybody(factors: DataFrame, user_index: DataFrame, masked: DataFrame, items: Catalogue, n: int) -> DataFrame:
    """The best n items of every user: by the model for users with factors, bestsellers for the rest.

    Args:
        factors: user_ix, factors of the serving model.
        user_index: gold.user_index.
        masked: distinct (user_ix, item_ix) that a user is not to be shown.

    Returns:
        source, user_ix, rank, item_ix, score. Fewer than n rows per user where too few items are left.
    """
    known = factors.select("user_ix", "factors")
    cold = popularity_users(user_index.select("user_ix").join(known, on="user_ix", how="left_anti"))
    by_model = top_n(with_masked(known, masked), items.als, n).withColumn("source", F.lit(ALS))
    by_sales = top_n(with_masked(cold, masked), items.popularity, n).withColumn("source", F.lit(POPULARITY))
    return by_model.unionByName(by_sales)


def name_recommendations(lists: DataFrame, user_index: DataFrame, item_index: DataFrame) -> DataFrame:
    """Ids instead of positions in the index.

    Args:
        lists: source, user_ix, rank, item_ix, score.

    Returns:
        source, user_id, rank, item_id, score. One row per row of `lists`.
    """
    users = user_index.select("user_ix", "user_id")
    items = F.broadcast(item_index.select("item_ix", "item_id"))
    named = lists.join(items, on="item_ix", how="inner").join(users, on="user_ix", how="inner")
    return named.select("source", "user_id", "rank", "item_id", "score")


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


def newest_batch(user_items: DataFrame) -> Row | None:
    """The batch made last: batch_id, model_id, created_at; None without any. Collects one row."""
    batches = user_items.groupBy("batch_id", "model_id").agg(F.max("created_at").alias("created_at"))
    newest = batches.orderBy(F.desc("created_at"), "batch_id").limit(1).collect()
    return newest[0] if newest else None


def _probability(calibrations: Mapping[str, Calibration]) -> SparkColumn:
    probability = F.lit(None).cast("double")
    for source, calibration in calibrations.items():
        probability = F.when(F.col("source") == source, calibration.of_column(F.col("score"))).otherwise(probability)
    return probability
