"""recommendations.similar_items: for each item, what goes with it.

Three ways, each in its own right: items that the same people looked at, items that the same people bought, and items
that lie in the same direction of the model's taste space. Being together is counted in people and held against what
would happen by chance if the two items had nothing to do with each other: bestsellers are together with everything.
"""

from collections.abc import Collection
from statistics import NormalDist

import numpy as np
import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from scipy import sparse

from lakerec.contract import Column, Settings, Table, Write
from lakerec.gathered import gathered_by
from lakerec.kept import Keep
from lakerec.model.item_pairs import Choose, Rows, best_of_rows, count_users, rows_of, sum_products
from lakerec.model.scorer import Floats, Ints32, ItemSide, nth_of, top_n

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

_TOGETHER = "item_ix int, rank int, similar_item_ix int, score double, user_count bigint"

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
    daily: DataFrame, items: ItemSide, barred_ix: Ints32, settings: SimilarSettings, keep: Keep
) -> DataFrame:
    """All three methods.

    Args:
        daily: gold.daily_interactions as known.
        items: the model's.
        barred_ix: item_ix that must not be listed.

    Returns:
        item_ix, method, rank, similar_item_ix, score, user_count.
    """
    viewed = together(daily, settings.viewed_actions, barred_ix, settings, keep).withColumn("method", F.lit(VIEWED))
    bought = together(daily, settings.bought_actions, barred_ix, settings, keep).withColumn("method", F.lit(BOUGHT))
    near = near_in_taste(daily, items, barred_ix, settings.top_n).withColumn("method", F.lit(FACTORS))
    return viewed.unionByName(bought).unionByName(near)


def together(
    daily: DataFrame, actions: Collection[str], barred_ix: Ints32, settings: SimilarSettings, keep: Keep
) -> DataFrame:
    """Items that the same users had more often than by chance.

    Args: see `find_similar`.

    Returns:
        item_ix, rank, similar_item_ix, score (G²), user_count. Only pairs together more often than by chance, as surely
        as `significance` asks, of at least `min_users` users.
    """
    had = keep(_newest_items(daily.where(F.col("action").isin(*actions)), settings.max_items_per_user))
    counted = had.select(F.explode("items").alias("item_ix")).groupBy("item_ix").agg(F.count("*").alias("users"))
    table = counted.toArrow()
    counts = np.bincount(table["item_ix"].to_numpy(), table["users"].to_numpy()).astype(np.float64)
    choose = _chooser(counts, had.count(), barred_ix, settings)
    return sum_products(had, count_users(len(counts)), len(counts), choose, _TOGETHER)


def near_in_taste(daily: DataFrame, items: ItemSide, barred_ix: Ints32, n: int) -> DataFrame:
    """Items by the cosine of their factors, through the kernel that ranks for users.

    Args:
        daily: any frame of the session.
        items: the model's.
        barred_ix: item_ix that must not be listed.
    """
    lengths = np.linalg.norm(items.factors, axis=1, keepdims=True)
    unit = ItemSide(items.item_ix, (items.factors / np.where(lengths > 0, lengths, 1)).astype(np.float32))
    rows = [(int(ix), vector.tolist(), [int(ix)]) for ix, vector in zip(unit.item_ix, unit.factors, strict=True)]
    listed = ~np.isin(unit.item_ix, barred_ix)
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


def log_likelihood_ratio(both: Floats, one: Floats, other: Floats, users: float) -> Floats:
    """G² of tables of users by having one item and having the other.

    G² = 2 · Σ k·ln(k / expected k) over the four cells of a table. Source: Dunning, "Accurate methods for the
    statistics of surprise and coincidence", 1993, section 6.

    Args:
        both, one, other: users who had both items, the one, the other; of each table.
        users: of all tables.
    """
    cells = (
        (both, one * other),
        (one - both, one * (users - other)),
        (other - both, (users - one) * other),
        (users - one - other + both, (users - one) * (users - other)),
    )
    ratio = np.zeros(len(both))
    for k, product in cells:
        ratio += k * np.log(np.divide(k * users, product, out=np.ones(len(k)), where=k > 0))
    return 2 * ratio


def _chooser(counts: Floats, users: int, barred_ix: Ints32, settings: SimilarSettings) -> Choose:
    """What picks the items that go with those of a block, from how many users had both.

    Args:
        counts: users who had an item, by item_ix.
        users: who had any.
    """
    least = _least_ratio(settings.significance)
    may_be_listed = ~np.isin(np.arange(len(counts)), barred_ix)

    def choose(rows: Rows) -> pa.RecordBatch:
        [both] = rows.sums
        item, other = rows.first + rows_of(both), both.indices
        ratio = log_likelihood_ratio(both.data, counts[item], counts[other], users)
        is_more = both.data * users > counts[item] * counts[other]
        is_sure = is_more & (ratio >= least) & (both.data >= settings.min_users)
        scores = np.where(is_sure & may_be_listed[other] & (item != other), ratio, 0)
        best = best_of_rows(sparse.csr_matrix((scores, both.indices, both.indptr), shape=both.shape), settings.top_n)
        columns = {
            "item_ix": item[best].astype(np.int32),
            "rank": (nth_of(item[best]) + 1).astype(np.int32),
            "similar_item_ix": other[best].astype(np.int32),
            "score": scores[best],
            "user_count": both.data[best].astype(np.int64),
        }
        return pa.RecordBatch.from_pydict(columns)

    return choose


def _newest_items(acted: DataFrame, most: int) -> DataFrame:
    """user_ix, items array<int>: the newest `most` items of each user."""
    last = acted.groupBy("user_ix", "item_ix").agg((-F.unix_micros(F.max("last_at"))).alias("age"))
    newest_first = F.sort_array(F.collect_list(F.struct("age", "item_ix")))
    newest = gathered_by(last, "user_ix").agg(F.slice(newest_first, 1, most).alias("newest"))
    return newest.select("user_ix", F.col("newest.item_ix").alias("items"))


def _least_ratio(significance: float) -> float:
    """The G² that chance exceeds with that probability: G² of unrelated items is χ² with one degree of freedom."""
    return NormalDist().inv_cdf(1 - significance / 2) ** 2
