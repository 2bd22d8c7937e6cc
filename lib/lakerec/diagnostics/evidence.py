"""What an evaluation looks at: what happened after the cut, to whom, and what they would have been shown."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.calibrations import Candidates
from lakerec.diagnostics.item_facts import ItemFacts, collect_known_items, describe_items
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.lists import Baselines, Catalogue, share_of_strength
from lakerec.diagnostics.rankings import (
    ALS,
    BASELINES,
    LADDER,
    POPULARITY,
    REPEAT,
    TEST,
    VALIDATION,
    RankingSettings,
)
from lakerec.gold.interactions import FeedbackSettings, project_interactions
from lakerec.gold.item_popularity import rank_popularity
from lakerec.kept import Keep
from lakerec.model.baselines import popularity_items
from lakerec.model.item_knn import BaselineSettings, fit_neighbours
from lakerec.model.scorer import collect_items
from lakerec.model.split import SplitSettings, Window, in_window, pairs_with, relevant_pairs, until, windows_after


class EvaluatedModel(NamedTuple):
    """An evaluation model as stored.

    Attributes:
        as_of: last moment that it knows; in UTC.
        split: where its windows lie.
        feedback: how it weighed what it learned from.
        user_factors: user_ix, factors.
        item_factors: item_ix, factors.
    """

    as_of: datetime
    split: SplitSettings
    feedback: FeedbackSettings
    user_factors: DataFrame
    item_factors: DataFrame


class Happened(NamedTuple):
    """What followed the cut, by split.

    Attributes:
        masked: distinct (user_ix, item_ix) of training, which are listed no more.
        relevant: distinct (split, user_ix, item_ix) with a relevant action in the window, without the masked.
        active: distinct (split, user_ix) with any action in the window.
    """

    masked: DataFrame
    relevant: DataFrame
    active: DataFrame


def see_what_happened(
    daily: DataFrame, spanning: DataFrame, model: EvaluatedModel, mask_actions: Collection[str], keep: Keep
) -> Happened:
    """What users did after the cut, and in visits that began after it; kept.

    Args:
        daily: gold.daily_interactions.
        spanning: see `leaks.spanning_pairs`; they are not held out.
        mask_actions: actions by which an item becomes known to a user.
    """
    windows = windows_after(model.as_of.date(), model.split)
    by_split = {VALIDATION: windows.calibrate, TEST: windows.test}
    masked = keep(pairs_with(until(daily, windows.train_until), mask_actions))

    def found(window: Window) -> DataFrame:
        return relevant_pairs(daily, window, masked, model.split)

    def acting(window: Window) -> DataFrame:
        return in_window(daily, window).select("user_ix").distinct()

    relevant = _stacked({split: found(window) for split, window in by_split.items()})
    unspanned = relevant.join(spanning, on=["split", "user_ix", "item_ix"], how="left_anti")
    active = _stacked({split: acting(window) for split, window in by_split.items()})
    return Happened(masked, keep(unspanned), keep(active))


def discovered_pairs(daily: DataFrame, model: EvaluatedModel, mask_actions: Collection[str]) -> DataFrame:
    """Distinct (split, user_ix, item_ix) that came to be known after the cut, but before the split's window.

    Args:
        daily: gold.daily_interactions.
        mask_actions: actions by which an item becomes known to a user.
    """
    between = windows_after(model.as_of.date(), model.split).calibrate
    return pairs_with(in_window(daily, between), mask_actions).withColumn("split", F.lit(TEST))


def project_training(daily: DataFrame, model: EvaluatedModel) -> DataFrame:
    """gold.interactions as the model knew them.

    Args:
        daily: gold.daily_interactions.
    """
    return project_interactions(until(daily, model.as_of.date()), model.as_of, model.feedback)


def fit_catalogue(model: EvaluatedModel, interactions: DataFrame, item_index: DataFrame) -> Catalogue:
    """Bring what can be listed to the driver: the model's items, and the bestsellers before the cut.

    Args:
        interactions: see `project_training`.
        item_index: gold.item_index.
    """
    bestsellers = share_of_strength(rank_popularity(interactions, item_index))
    return Catalogue(collect_items(model.item_factors, item_index), popularity_items(bestsellers, item_index))


def fit_baselines(
    daily: DataFrame, liked: DataFrame, item_index: DataFrame, model: EvaluatedModel, settings: BaselineSettings
) -> Baselines:
    """Bring to the driver what the baselines list from; `repeat` is left to whoever knows what is masked.

    Args:
        daily: gold.daily_interactions.
        liked: see `item_knn.liked_items`, of training.
        item_index: gold.item_index.
    """
    lately = model.feedback.model_copy(update={"window_days": settings.recent_days, "half_life_days": 0})
    recent = project_interactions(until(daily, model.as_of.date()), model.as_of, lately)
    bestsellers = share_of_strength(rank_popularity(recent, item_index))
    listable = bestsellers.join(model.item_factors.select("item_ix"), on="item_ix", how="left_semi")
    cosine, bm25 = fit_neighbours(liked, item_index, settings)
    return Baselines(popularity_items(listable, item_index), cosine, bm25, is_repeat_listed=False)


def fit_item_facts(
    model: EvaluatedModel,
    interactions: DataFrame,
    item_index: DataFrame,
    items: DataFrame,
    catalogue: Catalogue,
    settings: RankingSettings,
) -> ItemFacts:
    """Bring to the driver what a measurement looks up of items.

    Args:
        interactions: see `project_training`.
        item_index: gold.item_index.
        items: silver.items.
    """
    known = collect_known_items(interactions, item_index, items)
    cut = model.as_of.date()
    return describe_items(known, catalogue.als, cut, settings.item_age_bounds, settings.max_categories)


def plan_measurement(items: ItemFacts, baselines: Baselines, others: Sequence[str], settings: RankingSettings) -> Plan:
    """How the lists of a model, its baselines and of other models of the same cut are measured.

    Args:
        others: ids of the other models.
    """
    own = [Maker(name) for name in (ALS, *BASELINES) if name != REPEAT or baselines.is_repeat_listed]
    ladder = Maker(LADDER, serves_newcomers=True)
    rivals = [maker._replace(made_by=other) for other in others for maker in (Maker(ALS), ladder)]
    ks = tuple(sorted(set(settings.ks)))
    return Plan((*own, ladder, *rivals), ks, settings.replicates, settings.seed, settings.histories, items)


def served_candidates(labelled: DataFrame, active: DataFrame, discovered: DataFrame) -> DataFrame:
    """What each calibrated recommender lists for the users that it serves, bought or not.

    als serves all known users. popularity serves the users without factors who act in the window: nobody is served
    before they come. An item that a user discovered after the cut is recommended no more when the test window begins,
    and is bought more often than one that is new to the user: so it is no candidate there.

    Args:
        labelled: see `rankings.label_lists`.
        active: distinct (split, user_ix) of users with any action in the window.
        discovered: see `discovered_pairs`.

    Returns:
        recommender, split, user_ix, score, is_relevant.
    """
    by_model = labelled.where(F.col("recommender") == ALS)
    by_sales = labelled.where("is_newcomer").join(active, on=["split", "user_ix"], how="left_semi")
    listed = by_model.unionByName(by_sales)
    served = listed.join(discovered, on=["split", "user_ix", "item_ix"], how="left_anti")
    return served.select("recommender", "split", "user_ix", "score", "is_relevant")


def fit_candidates(served: DataFrame) -> dict[tuple[str, str], Candidates]:
    """Bring candidates to the driver, by (recommender, split).

    At most 4 · ranking.max_users · ranking.top_n rows of 15 bytes. They are put in order of score, so that sums over
    them do not depend on the order of tasks.

    Args:
        served: see `served_candidates`.
    """
    is_als, is_test = (F.col("recommender") == ALS).alias("is_als"), (F.col("split") == TEST).alias("is_test")
    table = served.select(is_als, is_test, "user_ix", "score", "is_relevant").toArrow()
    of_als, of_test, user_ix, score, is_bought = (column.to_numpy() for column in table.columns)
    order = np.lexsort((user_ix, is_bought, score))
    return {
        (recommender, split): Candidates(
            score[rows], is_bought[rows].astype(np.float64), user_ix[rows].astype(np.int64)
        )
        for recommender, split in product((ALS, POPULARITY), (VALIDATION, TEST))
        for rows in [order[(of_als[order] == (recommender == ALS)) & (of_test[order] == (split == TEST))]]
    }


def _stacked(by_split: Mapping[str, DataFrame]) -> DataFrame:
    validation, test = (frame.withColumn("split", F.lit(split)) for split, frame in by_split.items())
    return validation.unionByName(test)
