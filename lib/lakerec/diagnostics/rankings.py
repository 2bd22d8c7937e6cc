"""diagnostics.rankings: the ranked lists that a model and its baselines would have shown, and what came of them.

The evaluation model knows nothing after the cut. Known users (those with factors) get a list from each recommender.
Users without factors who act in a window are newcomers and can only be given bestsellers, so they appear under
`ladder`, which serves everybody: als for known users, popularity for newcomers. als and its baselines are judged on the
same users and can be compared; ladder is judged on more.
"""

from itertools import pairwise
from typing import NamedTuple, Self

from pydantic import Field, model_validator
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec import draws
from lakerec.contract import Column, Settings, Table, Write

RANKINGS = Table(
    name="diagnostics.rankings",
    comment="One row per (model, recommender, split, user, rank): lists of users who did something relevant.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "als, a baseline, or ladder: als, for newcomers popularity."),
        Column("split", T.StringType(), "validation: judged by the calibrate window; test: by the window after it."),
        Column("user_ix", T.IntegerType(), "Whose list; as in gold.user_index."),
        Column("rank", T.IntegerType(), "Place in the list, from 1; training items are left out."),
        Column("item_ix", T.IntegerType(), "What is listed; as in gold.item_index."),
        Column("score", T.DoubleType(), "Raw score of the recommender that ordered the list."),
        Column("is_relevant", T.BooleanType(), "Whether a relevant action followed in the window."),
    ),
    key=("model_id", "recommender", "split", "user_ix", "rank"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
    distinct=True,
)

ALS, POPULARITY, RANDOM, LADDER = "als", "popularity", "random", "ladder"
RECENT_POPULARITY, REPEAT = "recent_popularity", "repeat"
ITEM_KNN_COSINE, ITEM_KNN_BM25 = "item_knn_cosine", "item_knn_bm25"
BASELINES = (POPULARITY, RECENT_POPULARITY, ITEM_KNN_COSINE, ITEM_KNN_BM25, REPEAT, RANDOM)
VALIDATION, TEST = "validation", "test"
NEW = "new"


class Population(NamedTuple):
    """Users who are judged together.

    Attributes:
        users: user_ix, is_known (served by all recommenders; others by the ladder alone), history (band).
        relevant: distinct (split, user_ix, item_ix), of these users alone.
    """

    users: DataFrame
    relevant: DataFrame


class RankingSettings(Settings):
    """Whom to rank for, how far, and how to cut what is reported."""

    top_n: int = Field(ge=1, le=1000, description="length of the lists that are stored and calibrated on; items")
    ks: tuple[int, ...] = Field(min_length=1, description="lengths of the list at which metrics are measured; items")
    max_users: int = Field(ge=1, description="users drawn at most, of those known and of newcomers each; users")
    seed: int = Field(description="seed of that draw and of the random recommender")
    history_bounds: tuple[int, ...] = Field(
        min_length=1, description="where bands of a user's training events begin, ascending from 1; events"
    )
    item_age_bounds: tuple[int, ...] = Field(
        description="where bands of an item's age at the cut begin, after the first from 0, ascending; days"
    )
    max_categories: int = Field(ge=0, description="categories that get a slice, best known first; categories")
    replicates: int = Field(ge=20, le=10_000, description="bootstrap replicates behind each interval; replicates")
    compared_models: int = Field(
        ge=0, description="models of the same cut to compare with, what is live first, then the newest; models"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if min(self.ks) < 1 or max(self.ks) > self.top_n:
            raise ValueError(f"ranking.ks must lie in 1..ranking.top_n ({self.top_n})")
        if self.history_bounds[0] != 1 or any(low >= high for low, high in pairwise(self.history_bounds)):
            raise ValueError("ranking.history_bounds must begin with 1 and ascend")
        if any(low >= high for low, high in pairwise((0, *self.item_age_bounds))):
            raise ValueError("ranking.item_age_bounds must begin above 0 and ascend")
        return self

    @property
    def histories(self) -> tuple[str, ...]:
        """Names of the bands of history, such as `5-19`; users without a training event are new."""
        bands = pairwise((*self.history_bounds, None))
        return (NEW, *(_band_name(low, high) for low, high in bands if low is not None))


def draw_users(factors: DataFrame, active: DataFrame, relevant: DataFrame, settings: RankingSettings) -> DataFrame:
    """Draw the users of an evaluation, the same ones each time: at most `max_users` known ones and as many newcomers.

    Args:
        factors: user_ix of users with factors.
        active: user_ix of users with any action in a window; may repeat.
        relevant: split, user_ix, item_ix.

    Returns:
        user_ix, is_known (has factors), is_buyer (did something relevant in a window). One row per drawn user.
    """
    newcomers = active.select("user_ix").distinct().join(factors, on="user_ix", how="left_anti")
    most, seed = settings.max_users, settings.seed
    known = draws.draw_users(factors.select("user_ix"), most, seed).withColumn("is_known", F.lit(True))
    users = known.unionByName(draws.draw_users(newcomers, most, seed).withColumn("is_known", F.lit(False)))
    buyers = relevant.select("user_ix").distinct().withColumn("is_buyer", F.lit(True))
    marked = users.join(buyers, on="user_ix", how="left")
    return marked.withColumn("is_buyer", F.coalesce("is_buyer", F.lit(False)))


def judge_by(users: DataFrame, relevant: DataFrame) -> Population:
    """Users, judged by what is relevant to them.

    Args:
        users: see `Population`.
        relevant: distinct (split, user_ix, item_ix); of other users, too.
    """
    return Population(users, relevant.join(users.select("user_ix"), on="user_ix", how="left_semi"))


def label_lists(lists: DataFrame, relevant: DataFrame) -> DataFrame:
    """Say of each listed item, for each split, whether it was relevant.

    Args:
        lists: recommender (als, popularity, random), is_newcomer, user_ix, rank, item_ix, score.
        relevant: split, user_ix, item_ix; distinct.

    Returns:
        The lists once per split, with split and is_relevant.
    """
    splits = F.explode(F.array(F.lit(VALIDATION), F.lit(TEST)))
    found = relevant.withColumn("found", F.lit(True))
    labelled = lists.withColumn("split", splits).join(found, on=["split", "user_ix", "item_ix"], how="left")
    return labelled.withColumn("is_relevant", F.col("found").isNotNull()).drop("found")


def judged_rankings(labelled: DataFrame, drawn: Population) -> DataFrame:
    """The rows of diagnostics.rankings without model_id, of those drawn; see `judged_lists`.

    The ladder is made of the others: als, and bestsellers for newcomers.

    Args:
        labelled: see `label_lists`.
    """
    names = (
        F.when(F.col("is_newcomer"), F.array(F.lit(LADDER)))
        .when(F.col("recommender") == ALS, F.array(F.lit(ALS), F.lit(LADDER)))
        .otherwise(F.array("recommender"))
    )
    return judged_lists(labelled.withColumn("recommender", F.explode(names)), drawn)


def judged_lists(labelled: DataFrame, judged: Population) -> DataFrame:
    """The lists of users who did something relevant in the window: nobody else can be served well or badly."""
    wanting = judged.relevant.select("split", "user_ix").distinct()
    kept = labelled.join(wanting, on=["split", "user_ix"], how="left_semi")
    return kept.select([name for name in RANKINGS.names if name != "model_id"])


def history_bands(interactions: DataFrame, settings: RankingSettings) -> DataFrame:
    """Band of each user's training events, such as `5-19`.

    Args:
        interactions: gold.interactions as of the cut; user_ix, event_count.

    Returns:
        user_ix, history.
    """
    events = interactions.groupBy("user_ix").agg(F.sum("event_count").alias("events"))
    return events.select("user_ix", _band(F.col("events"), settings.history_bounds).alias("history"))


def with_history(users: DataFrame, history: DataFrame) -> DataFrame:
    """`users` with their band of history; who has none is new."""
    banded = users.join(history, on="user_ix", how="left")
    return banded.withColumn("history", F.coalesce("history", F.lit(NEW)))


def _band(events: SparkColumn, bounds: tuple[int, ...]) -> SparkColumn:
    band = F.lit(NEW)
    for low, high in pairwise((*bounds, None)):
        if low is not None:
            band = F.when(events >= low, F.lit(_band_name(low, high))).otherwise(band)
    return band


def _band_name(low: int, high: int | None) -> str:
    return f"{low}+" if high is None else f"{low}-{high - 1}" if high - 1 > low else f"{low}"
