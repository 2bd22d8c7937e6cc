"""How well newcomers are served: users by folding them in (fold_in), items by their attributes (item_attributes).

A newcomer of a window came in the days before it, as many as the calibrate window has, and what that person did until
the window begins is all that is known. Newcomers of the test window are strangers to the evaluation model. Those of the
calibrate window came in its last days of training: it has factors for them, and as these solve the same equations,
folding in gives the same; only the item factors have seen them.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.calibrations import Candidates
from lakerec.diagnostics.evidence import EvaluatedModel
from lakerec.diagnostics.rankings import NEW, TEST, VALIDATION, Population, RankingSettings, judge_by
from lakerec.diagnostics.rungs import ITEM_ATTRIBUTES
from lakerec.draws import draw_users
from lakerec.gold.interactions import counted_at_latest, project_interactions
from lakerec.kept import Keep
from lakerec.model.fold_in import Space, collect_histories, fold_in
from lakerec.model.scorer import ItemSide, top_n, with_masked
from lakerec.model.split import pairs_with, windows_after


class Newcomers(NamedTuple):
    """Users who are new to a window, and all that is known of them before it.

    Attributes:
        users: user_ix, split. Nobody is new twice.
        observed: their rows of gold.daily_interactions.
    """

    users: DataFrame
    observed: DataFrame


def find_newcomers(daily: DataFrame, model: EvaluatedModel, keep: Keep) -> Newcomers:
    """Who came in the days before each window.

    Args:
        daily: gold.daily_interactions.
    """
    windows = windows_after(model.as_of.date(), model.split)
    before = {split: window.first for split, window in ((VALIDATION, windows.calibrate), (TEST, windows.test))}
    split, until = F.lit(None).cast("string"), F.lit(None).cast("date")
    for name, day in before.items():
        is_before = F.col("first_date").between(
            day - timedelta(days=model.split.calibrate_days), day - timedelta(days=1)
        )
        split, until = F.when(is_before, name).otherwise(split), F.when(is_before, F.lit(day)).otherwise(until)
    first = daily.groupBy("user_ix").agg(F.min("event_date").alias("first_date"))
    users = keep(first.select("user_ix", split.alias("split"), until.alias("until")).where("split IS NOT NULL"))
    observed = daily.join(users.select("user_ix", "until"), on="user_ix", how="inner").where("event_date < until")
    return Newcomers(users.select("user_ix", "split"), observed.drop("until"))


def draw_newcomers(newcomers: Newcomers, settings: RankingSettings, keep: Keep) -> Newcomers:
    """At most `max_users` of them, the same ones each time; kept."""
    users = keep(draw_users(newcomers.users, settings.max_users, settings.seed))
    return Newcomers(users, keep(newcomers.observed.join(users, on="user_ix", how="left_semi")))


def list_for_newcomers(
    recommender: str, newcomers: Newcomers, model: EvaluatedModel, space: Space, mask_actions: Collection[str], n: int
) -> DataFrame:
    """The lists of newcomers with a positive strength, folded in.

    Args:
        recommender: the rung that they are served by.

    Returns:
        recommender, is_newcomer (false: it is compared with no other), split, user_ix, rank, item_ix, score.
    """
    known = counted_at_latest(newcomers.observed, model.as_of)
    factors = fold_in(collect_histories(project_interactions(known, model.as_of, model.feedback)), space)
    lists = top_n(with_masked(factors, pairs_with(newcomers.observed, mask_actions)), space.items, n)
    placed = lists.join(newcomers.users, on="user_ix", how="inner")
    named = F.lit(recommender).alias("recommender"), F.lit(False).alias("is_newcomer")
    return placed.select(*named, "split", "user_ix", "rank", "item_ix", "score")


def label(lists: DataFrame, relevant: DataFrame) -> DataFrame:
    """Say of each listed item whether it was relevant in its split's window.

    Args:
        lists: split, user_ix, item_ix and whatever else.
        relevant: split, user_ix, item_ix; distinct.
    """
    found = relevant.withColumn("found", F.lit(True))
    labelled = lists.join(found, on=["split", "user_ix", "item_ix"], how="left")
    return labelled.withColumn("is_relevant", F.col("found").isNotNull()).drop("found")


def judge_newcomers(newcomers: Newcomers, relevant: DataFrame, keep: Keep) -> Population:
    """Newcomers who did something relevant in their window, with an item that they had not had before it.

    Args:
        relevant: split, user_ix, item_ix; distinct.
    """
    had = newcomers.observed.select("user_ix", "item_ix").distinct()
    own = relevant.join(newcomers.users, on=["split", "user_ix"], how="left_semi")
    wanted = keep(own.join(had, on=["user_ix", "item_ix"], how="left_anti"))
    users = wanted.select("user_ix", F.lit(True).alias("is_known"), F.lit(NEW).alias("history")).distinct()
    return Population(users, wanted)


def list_new_items(
    users: DataFrame, model: EvaluatedModel, new: ItemSide, relevant: DataFrame, n: int
) -> tuple[DataFrame, Population]:
    """Lists of items too new for the model alone, for known users who bought one, and who is judged by them.

    Args:
        users: user_ix, is_known, history.
        new: items without factors, with those from their attributes.
        relevant: split, user_ix, item_ix; distinct.

    Returns:
        recommender, is_newcomer, user_ix, rank, item_ix, score; and the users with the new items that they bought.
    """
    items = relevant.sparkSession.createDataFrame([(int(ix),) for ix in new.item_ix], "item_ix int")
    bought = relevant.join(F.broadcast(items), on="item_ix", how="left_semi")
    buyers = users.where("is_known").join(bought.select("user_ix").distinct(), on="user_ix", how="left_semi")
    factors = model.user_factors.join(buyers.select("user_ix"), on="user_ix", how="left_semi")
    lists = top_n(factors.withColumn("masked", F.array().cast("array<int>")), new, n)
    named = F.lit(ITEM_ATTRIBUTES).alias("recommender")
    return (
        lists.select(named, F.lit(False).alias("is_newcomer"), "user_ix", "rank", "item_ix", "score"),
        judge_by(buyers.select("user_ix", "is_known", "history"), bought),
    )


def fit_newcomer_candidates(recommender: str, labelled: DataFrame) -> dict[tuple[str, str], Candidates]:
    """Bring the candidates of newcomers to the driver, by (recommender, split), in order of score."""
    table = labelled.select((F.col("split") == TEST).alias("is_test"), "user_ix", "score", "is_relevant").toArrow()
    is_test, user_ix, score, is_bought = (column.to_numpy() for column in table.columns)
    order = np.lexsort((user_ix, is_bought, score))
    found = Candidates(score[order], is_bought[order].astype(np.float64), user_ix[order].astype(np.int64))
    sides = {VALIDATION: ~is_test[order].astype(bool), TEST: is_test[order].astype(bool)}
    return {(recommender, split): found.of(rows) for split, rows in sides.items()}
