"""recommendations.similar_items: for each item, what goes with it.

Three ways, each in its own right: items that the same people looked at, items that the same people bought, and items
that lie in the same direction of the model's taste space. Being together is counted in people and held against what
would happen by chance if the two items had nothing to do with each other: bestsellers are together with everything.
"""

from collections.abc import Collection
from statistics import NormalDist

import numpy as np
from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.gathered import gathered_by
from lakerec.kept import Keep
from lakerec.model.item_pairs import count_pairs
from lakerec.model.scorer import ItemSide, top_n

SIMILAR_ITEMS = Table(
    name="recommendations.similar_items",
    comment="One row per (batch, item, method, rank): an item that goes with another; never itself.",
    columns=(
        Column("batch_id", T.StringType(), "Batch in recommendations.batches."),
        Column("item_id", T.StringType(), "Item."),
        Column("method", T.StringType(), "viewed_together, bought_together, or factors: the model's taste space."),
        Column("rank", T.IntegerType(), "Place among those of the method, from 1."),
        Column("similar_item_id", T.StringType(), "What goes with it; not barred by a rule."),
        Column("score", T.DoubleType(), "G² of being together against chance; of method factors the cosine."),
        Column("user_count", T.LongType(), "Users who had both; null of method factors."),
    ),
    key=("batch_id", "item_id", "method", "rank"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
)

VIEWED, BOUGHT, FACTORS = "viewed_together", "bought_together", "factors"


class SimilarSettings(Settings):
    """What counts as going together."""

    top_n: int = Field(ge=1, le=1000, description="similar items of an item, each method; items")
    viewed_actions: tuple[str, ...] = Field(description="actions by which a user has looked at an item")
    bought_actions: tuple[str, ...] = Field(description="actions by which a user has bought an item")
    min_users: int = Field(ge=1, description="fewest users who had both items; users")
    significance: float = Field(
        gt=0, lt=1, description="largest chance that two unrelated items are together so much; 0..1"
    )
    max_items_per_user: int = Field(
        ge=2, description="a user's newest items that count, as pairs grow with their square; items"
    )


def find_similar(
    daily: DataFrame, items: ItemSide, barred: DataFrame, settings: SimilarSettings, keep: Keep
) -> DataFrame:
    """All three methods.

    Args:
        daily: gold.daily_interactions as known.
        items: the model's.
        barred: item_ix that must not be listed.

    Returns:
        item_ix, method, rank, similar_item_ix, score, user_count.
    """
    viewed = together(daily, settings.viewed_actions, barred, settings, keep).withColumn("method", F.lit(VIEWED))
    bought = together(daily, settings.bought_actions, barred, settings, keep).withColumn("method", F.lit(BOUGHT))
    near = near_in_taste(daily, items, barred, settings.top_n).withColumn("method", F.lit(FACTORS))
    return viewed.unionByName(bought).unionByName(near)


def together(
    daily: DataFrame, actions: Collection[str], barred: DataFrame, settings: SimilarSettings, keep: Keep
) -> DataFrame:
    """Items that the same users had more often than by chance.

    Args: see `find_similar`.

    Returns:
        item_ix, rank, similar_item_ix, score (G²), user_count. Only pairs together more often than by chance, as surely
        as `significance` asks, of at least `min_users` users.
    """
    had = keep(_newest_items(daily.where(F.col("action").isin(*actions)), settings.max_items_per_user))
    users = had.agg(F.count("*").alias("users"))
    counts = had.select(F.explode("items").alias("item_ix")).groupBy("item_ix").agg(F.count("*").alias("count"))
    others = counts.withColumnsRenamed({"item_ix": "other_ix", "count": "other_count"})
    both = count_pairs(had).where(F.col("user_count") >= settings.min_users)
    tabled = both.join(counts, on="item_ix", how="inner").join(others, on="other_ix", how="inner")
    scored = tabled.crossJoin(F.broadcast(users)).withColumn("score", log_likelihood_ratio())
    is_more = F.col("user_count") * F.col("users") > F.col("count") * F.col("other_count")
    sure = _both_ways(scored.where(is_more & (F.col("score") >= _least_ratio(settings.significance))))
    unbarred = sure.join(barred.select(F.col("item_ix").alias("similar_item_ix")), "similar_item_ix", "left_anti")
    best = Window.partitionBy("item_ix").orderBy(F.desc("score"), "similar_item_ix")
    ranked = unbarred.withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= settings.top_n)
    return ranked.select("item_ix", "rank", "similar_item_ix", "score", "user_count")


def near_in_taste(daily: DataFrame, items: ItemSide, barred: DataFrame, n: int) -> DataFrame:
    """Items by the cosine of their factors, through the kernel that ranks for users.

    Args:
        daily: any frame of the session.
        items: the model's.
        barred: item_ix that must not be listed.
    """
    lengths = np.linalg.norm(items.factors, axis=1, keepdims=True)
    unit = ItemSide(items.item_ix, (items.factors / np.where(lengths > 0, lengths, 1)).astype(np.float32))
    rows = [(int(ix), vector.tolist(), [int(ix)]) for ix, vector in zip(unit.item_ix, unit.factors, strict=True)]
    gone = np.array([row.item_ix for row in barred.select("item_ix").collect()], dtype=np.int32)
    listed = ~np.isin(unit.item_ix, gone)
    schema = "user_ix int, factors array<float>, masked array<int>"
    asking = daily.sparkSession.createDataFrame(rows, schema)
    found = top_n(asking, ItemSide(unit.item_ix[listed], unit.factors[listed]), n)
    renamed = found.withColumnsRenamed({"item_ix": "similar_item_ix", "user_ix": "item_ix"})
    return renamed.withColumn("user_count", F.lit(None).cast("long"))


def name_similar(similar: DataFrame, items: DataFrame) -> DataFrame:
    """Ids instead of integers; the columns of recommendations.similar_items without batch_id.

    Args:
        similar: see `find_similar`.
        items: item_ix, item_id.
    """
    known = F.broadcast(items.select("item_ix", "item_id"))
    others = known.withColumnsRenamed({"item_ix": "similar_item_ix", "item_id": "similar_item_id"})
    named = similar.join(known, on="item_ix", how="inner").join(others, on="similar_item_ix", how="inner")
    return named.select([name for name in SIMILAR_ITEMS.names if name != "batch_id"])


def log_likelihood_ratio() -> SparkColumn:
    """G² of the table of users by having one item and having the other.

    G² = 2 · Σ k·ln(k / expected k) over its four cells. Source: Dunning, "Accurate methods for the statistics of
    surprise and coincidence", 1993, section 6. Columns user_count (both), count, other_count, users.
    """
    both, one, other, users = (F.col(name).cast("double") for name in ("user_count", "count", "other_count", "users"))
    cells = (
        (both, one * other),
        (one - both, one * (users - other)),
        (other - both, (users - one) * other),
        (users - one - other + both, (users - one) * (users - other)),
    )
    terms = [F.when(k > 0, k * F.log(k * users / product)).otherwise(0.0) for k, product in cells]
    return F.lit(2.0) * (terms[0] + terms[1] + terms[2] + terms[3])


def _newest_items(acted: DataFrame, most: int) -> DataFrame:
    """user_ix, items array<int>: the newest `most` items of each user."""
    last = acted.groupBy("user_ix", "item_ix").agg((-F.unix_micros(F.max("last_at"))).alias("age"))
    newest_first = F.sort_array(F.collect_list(F.struct("age", "item_ix")))
    newest = gathered_by(last, "user_ix").agg(F.slice(newest_first, 1, most).alias("newest"))
    return newest.select("user_ix", F.col("newest.item_ix").alias("items"))


def _both_ways(pairs: DataFrame) -> DataFrame:
    """Each of two items is similar to the other."""
    item, other = F.col("item_ix"), F.col("other_ix")
    ways = F.array(
        F.struct(item, other.alias("similar_item_ix")), F.struct(other.alias("item_ix"), item.alias("similar_item_ix"))
    )
    return pairs.select(F.explode(ways).alias("way"), "score", "user_count").select("way.*", "score", "user_count")


def _least_ratio(significance: float) -> float:
    """The G² that chance exceeds with that probability: G² of unrelated items is χ² with one degree of freedom."""
    return NormalDist().inv_cdf(1 - significance / 2) ** 2
