"""Judging a fitted model and the baselines on a published split: pairs without times, over all items or candidates.

Everybody with a held-out pair is judged, by every recommender: a user or item that training does not know is a miss, as
in the published protocols. Held-out pairs that are masked can never be listed; they are left out.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.item_facts import collect_known_items, describe_items
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.lists import LISTS_SCHEMA, Ranker, rank_for
from lakerec.diagnostics.ranking_metrics import measure_rankings
from lakerec.diagnostics.rankings import (
    ALS,
    ITEM_KNN_BM25,
    ITEM_KNN_COSINE,
    POPULARITY,
    RANDOM,
    TEST,
    VALIDATION,
    Population,
)
from lakerec.diagnostics.search_space import Candidate, TuningSettings
from lakerec.diagnostics.split_files import PublishedSplit
from lakerec.diagnostics.validation import Judge, Resampling, Truth, collect_truth, fit_judge
from lakerec.draws import place_of
from lakerec.model.als import FittedAls, fit_als
from lakerec.model.baselines import (
    popularity_items,
    random_items,
    random_users,
    rank_alike,
    rank_by_chance,
    rank_by_factors,
)
from lakerec.model.item_knn import BaselineSettings, fit_neighbours, liked_items, rank_by_neighbours
from lakerec.model.scorer import ItemSide, collect_items, with_masked

HISTORIES = ("all",)
Ints32 = npt.NDArray[np.int32]
_USERS_HELD = 512
_EVERYBODY = 2**31


class MeasureSettings(NamedTuple):
    """How a split is judged: lengths of the list, bootstrap replicates, and their seed."""

    ks: tuple[int, ...]
    replicates: int
    seed: int


class Rankers(NamedTuple):
    """Whatever makes lists, by recommender; and the model's items, which are the catalogue."""

    by_name: dict[str, Ranker]
    listed: ItemSide


def fit_model_ranker(fitted: FittedAls, item_index: DataFrame, n: int) -> Rankers:
    """The model alone."""
    items = collect_items(fitted.item_factors, item_index)
    return Rankers({ALS: lambda users: rank_by_factors(users, items, n)}, items)


def with_baselines(rankers: Rankers, split: PublishedSplit, baselines: BaselineSettings, seed: int, n: int) -> Rankers:
    """The model, and every baseline that needs no times."""
    popularity = split.train.groupBy("item_ix").agg(F.sum("strength").alias("strength"))
    bestsellers = popularity_items(popularity, split.item_index)
    chance = random_items(rankers.listed, seed)
    cosine, bm25 = fit_neighbours(liked_items(split.train, baselines.max_profile), split.item_index, baselines)
    others: dict[str, Ranker] = {
        POPULARITY: lambda users: rank_alike(users, bestsellers, n),
        ITEM_KNN_COSINE: lambda users: rank_by_neighbours(users, cosine, n),
        ITEM_KNN_BM25: lambda users: rank_by_neighbours(users, bm25, n),
        RANDOM: lambda users: rank_by_chance(users, chance, n),
    }
    return rankers._replace(by_name={**rankers.by_name, **others})


def judge_split(
    held_out: DataFrame,
    masked: DataFrame,
    split: PublishedSplit,
    fitted: FittedAls,
    rankers: Rankers,
    profile_size: int,
    settings: MeasureSettings,
) -> DataFrame:
    """Metrics of every recommender on one part of a split.

    Args:
        held_out: split (validation or test), user_ix, item_ix; distinct.
        masked: distinct (user_ix, item_ix) that are listed no more.
        profile_size: items of a user that item-kNN looks at.

    Returns:
        Rows as in `summaries.MEASURED_SCHEMA`.
    """
    relevant = held_out.join(masked, on=["user_ix", "item_ix"], how="left_anti")
    users = relevant.select("user_ix").distinct()
    lists = list_everything(users, masked, split, fitted, rankers, profile_size, settings.seed)
    named = F.explode(F.array(F.lit(VALIDATION), F.lit(TEST))).alias("split")
    made = lists.select("recommender", F.lit("").alias("made_by"), named, "user_ix", "rank", "item_ix")
    known = collect_known_items(split.train, split.item_index, _no_items(split.item_index))
    facts = describe_items(known, rankers.listed, date.min, (), 0)
    makers = tuple(Maker(name) for name in rankers.by_name)
    plan = Plan(makers, tuple(sorted(set(settings.ks))), settings.replicates, settings.seed, HISTORIES, facts)
    judged = users.select("user_ix", F.lit(True).alias("is_known"), F.lit(HISTORIES[0]).alias("history"))
    return measure_rankings(made, [Population(judged, relevant)], plan)


def fit_validation_judge(
    split: PublishedSplit, given: Candidate, tuning: TuningSettings, profile_size: int, settings: MeasureSettings
) -> tuple[Truth, Judge]:
    """By whom and how configurations are judged on validation alone; test is not looked at."""
    masked = split.train.select("user_ix", "item_ix")
    relevant = split.validation.select("user_ix", "item_ix").join(masked, on=["user_ix", "item_ix"], how="left_anti")
    users = relevant.select("user_ix").distinct()
    truth = collect_truth(relevant, users, _EVERYBODY, tuning.seed)

    def rank(candidate: Candidate, share: float) -> pa.Table:
        is_inside = place_of(tuning.seed) < share
        sample = split._replace(train=split.train.where(is_inside))
        fitted = fit_als(sample.train, candidate.als)
        rankers = fit_model_ranker(fitted, split.item_index, tuning.k)
        judged = users.where(is_inside)
        lists = list_everything(judged, masked, sample, fitted, rankers, profile_size, settings.seed)
        return lists.select("user_ix", "rank", "item_ix").toArrow()

    return truth, fit_judge(rank, truth, given, tuning, Resampling(settings.replicates, settings.seed))


def list_everything(
    users: DataFrame,
    masked: DataFrame,
    split: PublishedSplit,
    fitted: FittedAls,
    rankers: Rankers,
    profile_size: int,
    seed: int,
) -> DataFrame:
    """The lists of all recommenders for some users.

    Args:
        users: distinct user_ix.

    Returns:
        Rows as in `lists.LISTS_SCHEMA`.
    """
    chance = random_users(users, seed).withColumnRenamed("factors", "chance")
    with_factors = chance.join(fitted.user_factors, on="user_ix", how="left")
    with_liked = with_factors.join(liked_items(split.train, profile_size), on="user_ix", how="left")
    described = with_masked(with_liked, masked)
    if split.candidates is not None:
        described = described.join(split.candidates, on="user_ix", how="left")
    items = rankers.listed.item_ix

    def rank(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, _USERS_HELD):
                some = batch.slice(start, _USERS_HELD)
                wanted = some if "candidates" not in some.schema.names else with_others_masked(some, items)
                yield from rank_for(wanted, rankers.by_name, is_newcomer=False)

    arrays = (F.col("liked.item_ix").alias("liked_items"), F.col("liked.strength").alias("strengths"))
    return described.select("*", *arrays).drop("liked").repartition("user_ix").mapInArrow(rank, LISTS_SCHEMA)


def with_others_masked(users: pa.RecordBatch, item_ix: Ints32) -> pa.RecordBatch:
    """Users for whom all items but their candidates are masked; users without candidates are listed nothing.

    Args:
        users: masked, candidates, and whatever else.
        item_ix: every item that any recommender lists.
    """
    by_ix = np.sort(item_ix)
    is_masked = np.ones((users.num_rows, len(by_ix)), np.bool_)
    for name, value in (("candidates", False), ("masked", True)):
        row = users[name].value_parent_indices().to_numpy()
        found = users[name].flatten().to_numpy(zero_copy_only=False).astype(np.int32)
        place = np.minimum(np.searchsorted(by_ix, found), max(len(by_ix) - 1, 0))
        is_here = by_ix[place] == found if len(by_ix) else np.zeros(len(found), np.bool_)
        is_masked[row[is_here], place[is_here]] = value
    row, place = np.nonzero(is_masked)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=users.num_rows))]).astype(np.int32)
    masked = pa.ListArray.from_arrays(pa.array(offsets), pa.array(by_ix[place]))
    return users.drop_columns(["candidates"]).set_column(users.schema.get_field_index("masked"), "masked", masked)


def _no_items(item_index: DataFrame) -> DataFrame:
    """A catalogue that describes nothing, in the form of silver.items."""
    return item_index.where(F.lit(False)).select(
        "item_id", F.lit(None).cast("string").alias("category"), F.lit(None).cast("timestamp").alias("first_seen_at")
    )
