"""diagnostics.ranking_metrics: how good the ranked lists of a model and of its baselines are.

Every metric is computed per user over the first k of the list and averaged over users, each user counting the same;
coverage alone is a property of all lists together. Users who have nothing relevant are not judged: they would only
dilute. A list shorter than k is judged as it is, so what is missing counts as a miss.
"""

import math
from collections.abc import Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

RANKING_METRICS = Table(
    name="diagnostics.ranking_metrics",
    comment="One row per (model, recommender, split, slice, metric, k).",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "Who made the lists: als, popularity, random; ladder serves everybody."),
        Column("split", T.StringType(), "validation: the calibrate window; test: the window after it."),
        Column("slice", T.StringType(), "all, or history=<band of the user's training events; new without any>."),
        Column("metric", T.StringType(), "recall, precision, ndcg, map, mrr, hit_rate, coverage, novelty, ..."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column("value", T.DoubleType(), "Mean over users; 0..1, novelty in bits. Null where all lists are empty."),
        Column("low", T.DoubleType(), "Lower end of the interval; null: not computed."),
        Column("high", T.DoubleType(), "Upper end of the interval; null: not computed."),
        Column("user_count", T.LongType(), "Users judged."),
    ),
    key=("model_id", "recommender", "split", "slice", "metric", "k"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

PER_USER = ("recall", "precision", "ndcg", "map", "mrr", "hit_rate", "novelty", "average_popularity")
LISTS = ("recommender", "split", "user_ix")


def measure_rankings(rankings: DataFrame, judged: DataFrame, items: DataFrame, ks: Sequence[int]) -> DataFrame:
    """All metrics of all lists.

    Args:
        rankings: recommender, split, user_ix, rank (from 1), item_ix, is_relevant.
        judged: recommender, split, user_ix, relevant_count (> 0), history (band). One row per list to be judged, also
            of users whose list came out empty.
        items: the catalogue that was ranked: item_ix, user_share (0..1, share of training users who had the item).
        ks: lengths of the list.

    Returns:
        diagnostics.ranking_metrics without model_id.
    """
    users = judge_lists(rankings, judged, items, ks)
    measured = mean_over_users(users).unionByName(cover_catalogue(rankings, judged, items, ks))
    no_interval = F.lit(None).cast("double")
    with_interval = measured.withColumns({"low": no_interval, "high": no_interval})
    return with_interval.select([name for name in RANKING_METRICS.names if name != "model_id"])


def judge_lists(rankings: DataFrame, judged: DataFrame, items: DataFrame, ks: Sequence[int]) -> DataFrame:
    """The metrics of every single list; what an interval or a paired comparison resamples.

    Args: see `measure_rankings`.

    Returns:
        One row per (recommender, split, user_ix, k) with history and a column per metric.
    """
    shown = rankings.where(F.col("rank") <= max(ks)).join(F.broadcast(items), on="item_ix", how="left")
    entry = F.struct("rank", "is_relevant", "user_share")
    lists = shown.groupBy(*LISTS).agg(F.array_sort(F.collect_list(entry)).alias("list"))
    none = F.array().cast(lists.schema["list"].dataType)
    of_users = judged.join(lists, on=list(LISTS), how="left").withColumn("list", F.coalesce("list", none))
    at_k = of_users.withColumn("k", F.explode(F.array(*[F.lit(k) for k in ks])))
    top = at_k.withColumn("top", F.filter("list", lambda entry: entry["rank"] <= F.col("k")))
    hits = top.withColumn("hits", F.transform(F.filter("top", lambda e: e["is_relevant"]), lambda e: e["rank"]))
    return hits.select(
        *LISTS,
        "history",
        "k",
        recall().alias("recall"),
        precision().alias("precision"),
        ndcg().alias("ndcg"),
        average_precision().alias("map"),
        reciprocal_rank().alias("mrr"),
        hit_rate().alias("hit_rate"),
        novelty().alias("novelty"),
        average_popularity().alias("average_popularity"),
    )


def mean_over_users(users: DataFrame) -> DataFrame:
    """Average `judge_lists` over users, all together and by band of history; users without a value are left out."""
    means = [F.avg(metric).alias(metric) for metric in PER_USER]
    sliced = users.withColumn("slice", F.explode(_slices()))
    wide = sliced.groupBy("recommender", "split", "slice", "k").agg(*means, F.count("*").alias("user_count"))
    return wide.unpivot(["recommender", "split", "slice", "k", "user_count"], list(PER_USER), "metric", "value")


def cover_catalogue(rankings: DataFrame, judged: DataFrame, items: DataFrame, ks: Sequence[int]) -> DataFrame:
    """Catalogue coverage: distinct items in the first k of any judged list / items of the catalogue.

    Source: Herlocker et al., "Evaluating collaborative filtering recommender systems", 2004, section 4.2. It grows with
    the number of lists, so compare recommenders over the same users only.
    """
    sliced = judged.withColumn("slice", F.explode(_slices())).withColumn(
        "k", F.explode(F.array(*[F.lit(k) for k in ks]))
    )
    groups = ["recommender", "split", "slice", "k"]
    users = sliced.groupBy(*groups).agg(F.count("*").alias("user_count"))
    shown = sliced.join(rankings, on=list(LISTS), how="inner").where("rank <= k")
    covered = shown.groupBy(*groups).agg(F.count_distinct("item_ix").alias("covered"))
    catalogue = items.agg(F.count("*").alias("item_count"))
    counted = users.join(covered, on=groups, how="left").crossJoin(F.broadcast(catalogue))
    share = F.coalesce("covered", F.lit(0)) / F.col("item_count")
    return counted.select(*groups, "user_count", F.lit("coverage").alias("metric"), share.alias("value"))


def recall() -> SparkColumn:
    """Relevant items among the first k / relevant items of the user.

    It cannot reach 1 for a user with more than k relevant items. (Manning et al., "Introduction to Information
    Retrieval", section 8.3.)
    """
    return F.size("hits") / F.col("relevant_count")


def precision() -> SparkColumn:
    """Relevant items among the first k / k, also where the list is shorter than k.

    (Manning et al., section 8.4.)
    """
    return F.size("hits") / F.col("k")


def hit_rate() -> SparkColumn:
    """1 where the first k hold anything relevant, else 0.

    (Deshpande and Karypis, "Item-based top-N recommendation algorithms", 2004, section 6.2.)
    """
    return (F.size("hits") > 0).cast("double")


def reciprocal_rank() -> SparkColumn:
    """1 / rank of the first relevant item among the first k, 0 without one.

    (Voorhees, "The TREC-8 question answering track report", 1999.)
    """
    return F.coalesce(1 / F.get("hits", F.lit(0)), F.lit(0.0))


def ndcg() -> SparkColumn:
    """DCG / ideal DCG with DCG = sum over relevant ranks r ≤ k of 1 / log2(r + 1).

    The ideal list begins with min(k, relevant items) relevant ones. Relevance is 0 or 1, so gain 2^rel - 1 and gain rel
    agree. (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, section 2.2; the discount
    that starts at rank 2 is Burges et al., 2005.)
    """
    ideal = F.sequence(F.lit(1), F.least("k", F.col("relevant_count").cast("int")))
    return _discounted(F.col("hits")) / _discounted(ideal)


def average_precision() -> SparkColumn:
    """Sum over relevant ranks r ≤ k of precision at r, / min(k, relevant items).

    `RankingEvaluator` divides in the same way for meanAveragePrecisionAtK; its meanAveragePrecision has no k and
    divides by the number of relevant items, so a short list cannot reach 1. It also counts users without relevant
    items as 0, whom we do not judge. (Manning et al., section 8.4, cut at k.)
    """
    precisions = F.transform("hits", lambda rank, nth: (nth + 1) / rank)
    return _sum(precisions) / F.least("k", F.col("relevant_count").cast("int"))


def novelty() -> SparkColumn:
    """Mean self-information of the first k, -log2(share of training users who had the item); bits.

    Null for an empty list.

    Source: Zhou et al., "Solving the apparent diversity-accuracy dilemma", PNAS 2010, "surprisal".
    """
    return _sum(F.transform("top", lambda e: -F.log2(e["user_share"]))) / F.nullif(F.size("top"), F.lit(0))


def average_popularity() -> SparkColumn:
    """Mean share of training users who had the first k items; null for an empty list.

    Source: Abdollahpouri et al., "Managing popularity bias", 2019, ARP, here as a share.
    """
    return _sum(F.transform("top", lambda e: e["user_share"])) / F.nullif(F.size("top"), F.lit(0))


def _discounted(ranks: SparkColumn) -> SparkColumn:
    return _sum(F.transform(ranks, lambda rank: math.log(2) / F.log(rank + 1)))


def _sum(numbers: SparkColumn) -> SparkColumn:
    return F.aggregate(numbers, F.lit(0.0), lambda total, number: total + number)


def _slices() -> SparkColumn:
    return F.array(F.lit("all"), F.concat(F.lit("history="), F.col("history")))
