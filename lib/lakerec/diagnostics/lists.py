"""Making the lists of an evaluation: each recommender through the one kernel, training items masked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.rankings import (
    ALS,
    ITEM_KNN_BM25,
    ITEM_KNN_COSINE,
    POPULARITY,
    RANDOM,
    RECENT_POPULARITY,
    REPEAT,
    RankingSettings,
)
from lakerec.model.baselines import random_items, random_users, rank_alike, rank_by_chance
from lakerec.model.item_knn import Neighbours, own_items, rank_by_neighbours
from lakerec.model.scorer import TOP_N_SCHEMA, ItemSide, top_n

LISTS_SCHEMA = f"recommender string, is_newcomer boolean, {TOP_N_SCHEMA}"
Ranker = Callable[[pa.RecordBatch], pa.RecordBatch]
"""From users (user_ix, masked, chance, liked_items, strengths) to their lists (user_ix, rank, item_ix, score)."""


class Catalogue(NamedTuple):
    """What can be listed: the items of the model, and the bestsellers."""

    als: ItemSide
    popularity: ItemSide


class Baselines(NamedTuple):
    """What the baselines list from, beside the bestsellers.

    Attributes:
        recent: bestsellers of the last days before the cut.
        cosine, bm25: nearest neighbours of items.
        is_repeat_listed: whether users may be listed what they had; else nothing is left of `repeat`.
    """

    recent: ItemSide
    cosine: Neighbours
    bm25: Neighbours
    is_repeat_listed: bool


class RankedUsers(NamedTuple):
    """Whom lists are made for.

    Attributes:
        users: user_ix, is_known, is_buyer, masked array<int>.
        factors: user_ix, factors of the evaluation model.
        liked: see `item_knn.liked_items`.
    """

    users: DataFrame
    factors: DataFrame
    liked: DataFrame


def make_lists(ranked: RankedUsers, catalogue: Catalogue, baselines: Baselines, settings: RankingSettings) -> DataFrame:
    """The lists of everybody who was drawn.

    als ranks for all known users, whether they bought or not, because probabilities are fitted on them all. Lists of
    baselines for known users are only needed for those who are judged; newcomers get bestsellers.

    Returns:
        recommender, is_newcomer, user_ix, rank, item_ix, score.
    """
    with_factors = ranked.users.where("is_known").join(ranked.factors.select("user_ix", "factors"), "user_ix", "inner")
    by_model = top_n(with_factors, catalogue.als, settings.top_n).select(
        F.lit(ALS).alias("recommender"), F.lit(False).alias("is_newcomer"), "*"
    )
    others = ranked.users.where("is_buyer OR NOT is_known").join(ranked.liked, on="user_ix", how="left")
    chance = random_users(others, settings.seed).withColumnRenamed("factors", "chance")
    spread = chance.select(
        "user_ix",
        "is_known",
        "masked",
        "chance",
        F.col("liked.item_ix").alias("liked_items"),
        F.col("liked.strength").alias("strengths"),
    ).repartition("user_ix")
    rankers = _rankers(catalogue, baselines, settings)

    def rank(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from rank_for(batch.filter(batch["is_known"]), rankers, is_newcomer=False)
            newcomers = batch.filter(pc.invert(batch["is_known"]))
            yield from rank_for(newcomers, {POPULARITY: rankers[POPULARITY]}, is_newcomer=True)

    return by_model.unionByName(spread.mapInArrow(rank, LISTS_SCHEMA))


def rank_for(batch: pa.RecordBatch, rankers: Mapping[str, Ranker], *, is_newcomer: bool) -> Iterator[pa.RecordBatch]:
    """Rows as in LISTS_SCHEMA of every ranker.

    Args:
        batch: what the rankers read of users; see `Ranker`.
    """
    for recommender, ranker in rankers.items() if batch.num_rows else ():
        lists = ranker(batch)
        named = [pa.repeat(value, lists.num_rows) for value in (recommender, is_newcomer)]
        yield pa.RecordBatch.from_arrays([*named, *lists.columns], ["recommender", "is_newcomer", *lists.schema.names])


def share_of_strength(item_popularity: DataFrame) -> DataFrame:
    """Popularity as a share of all strength, so that a score still means the same when the shop has grown.

    Args:
        item_popularity: gold.item_popularity, or the same as known before a cut.

    Returns:
        item_ix, strength (share, 0..1); items with a positive strength.
    """
    liked = item_popularity.where("strength > 0")
    total = liked.agg(F.sum("strength").alias("total"))
    return liked.crossJoin(F.broadcast(total)).select("item_ix", (F.col("strength") / F.col("total")).alias("strength"))


def _rankers(catalogue: Catalogue, baselines: Baselines, settings: RankingSettings) -> dict[str, Ranker]:
    """By recommender, what lists the baseline's items for a batch of users."""
    n, chance = settings.top_n, random_items(catalogue.als, settings.seed)
    rankers: dict[str, Ranker] = {
        POPULARITY: partial(rank_alike, items=catalogue.popularity, n=n),
        RECENT_POPULARITY: partial(rank_alike, items=baselines.recent, n=n),
        RANDOM: partial(rank_by_chance, items=chance, n=n),
        ITEM_KNN_COSINE: partial(rank_by_neighbours, neighbours=baselines.cosine, n=n),
        ITEM_KNN_BM25: partial(rank_by_neighbours, neighbours=baselines.bm25, n=n),
    }
    if baselines.is_repeat_listed:
        rankers[REPEAT] = partial(rank_by_neighbours, neighbours=own_items(baselines.cosine), n=n)
    return rankers
