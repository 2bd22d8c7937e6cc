"""Making the lists of an evaluation: each recommender through the one kernel, training items masked."""

from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.rankings import ALS, POPULARITY, RANDOM, RankingSettings
from lakerec.model.baselines import popularity_users, random_items, random_users
from lakerec.model.scorer import ItemSide, top_n


class Catalogue(NamedTuple):
    """What can be listed: the items of the model, and the bestsellers."""

    als: ItemSide
    popularity: ItemSide


def make_lists(users: DataFrame, factors: DataFrame, catalogue: Catalogue, settings: RankingSettings) -> DataFrame:
    """The lists of everybody who was drawn.

    als ranks for all known users, whether they bought or not, because probabilities are fitted on them all. Bestsellers
    and random lists of known users are only needed for those who are judged.

    Args:
        users: user_ix, is_known, is_buyer, masked array<int>.
        factors: user_ix, factors of the evaluation model.

    Returns:
        recommender, is_newcomer, user_ix, rank, item_ix, score.
    """
    known, buyers, newcomers = (users.where(c) for c in ("is_known", "is_known AND is_buyer", "NOT is_known"))
    chance = random_items(catalogue.als, settings.seed)
    parts = (
        (ALS, False, known.join(factors.select("user_ix", "factors"), on="user_ix", how="inner"), catalogue.als),
        (POPULARITY, False, popularity_users(buyers), catalogue.popularity),
        (RANDOM, False, random_users(buyers, settings.seed), chance),
        (POPULARITY, True, popularity_users(newcomers), catalogue.popularity),
    )
    lists = [
        top_n(ranked_for, items, settings.top_n).withColumns(
            {"recommender": F.lit(name), "is_newcomer": F.lit(is_newcomer)}
        )
        for name, is_newcomer, ranked_for, items in parts
    ]
    return reduce(DataFrame.unionByName, lists)


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
