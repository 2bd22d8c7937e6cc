"""A metric by user on the validation window: what learning curves, fit curves and certificates compare models by.

The calibrate window alone is looked at, so that the test window stays what nobody has chosen anything on.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.contract import Settings
from lakerec.diagnostics.bootstrap import MINIMUM_USERS, middle, poisson_weights
from lakerec.diagnostics.evidence import Happened
from lakerec.diagnostics.list_metrics import Floats, Ints, JudgedLists, ndcg
from lakerec.diagnostics.rankings import VALIDATION, RankingSettings
from lakerec.draws import draw_users
from lakerec.model.scorer import collect_items, top_n, with_masked

_ITEMS = np.int64(2**31)


class JudgingSettings(Settings):
    """How models are compared on the validation window, beside the full evaluation."""

    k: int = Field(ge=1, le=1000, description="length of the list that is judged by NDCG; items")
    max_users: int = Field(ge=10, description="users that are judged at most, drawn by a hash; users")


class UserMetric(NamedTuple):
    """A value for each judged user.

    Attributes:
        user_ix: ascending.
        values: NDCG; 0 for a user without a list.
    """

    user_ix: Ints
    values: Floats


class Means(NamedTuple):
    """Means over users, by column.

    Attributes:
        value: (columns,).
        replicates: the same in each bootstrap replicate; (replicates, columns). No rows for too few users.
        user_count: users they are means of.
    """

    value: Floats
    replicates: Floats
    user_count: int

    def interval(self, values: Floats) -> tuple[float | None, float | None]:
        """Ends of the 95 % interval of one number for each replicate; none for too few users."""
        if not len(values):
            return None, None
        low, high = middle(values.reshape(-1, 1))
        return float(low[0]), float(high[0])


def fit_user_ndcg(
    user_factors: DataFrame, item_factors: DataFrame, item_index: DataFrame, happened: Happened, k: int
) -> UserMetric:
    """NDCG of each user's first k items, training items left out. Collects k items for each user.

    Args:
        user_factors: user_ix, factors; whoever is judged. Those with nothing relevant in the window are left out.
        item_factors: item_ix, factors.
        item_index: gold.item_index.
        happened: see `evidence.Happened`; of `relevant` only the validation window is read.
    """
    wanted = happened.relevant.where(F.col("split") == VALIDATION).select("user_ix", "item_ix")
    truth = wanted.join(user_factors.select("user_ix"), on="user_ix", how="left_semi").toArrow()
    buyers = user_factors.join(wanted.select("user_ix").distinct(), on="user_ix", how="left_semi")
    lists = top_n(with_masked(buyers, happened.masked), collect_items(item_factors, item_index), k).toArrow()
    return ndcg_of_lists(_columns(lists, "user_ix", "rank", "item_ix"), _columns(truth, "user_ix", "item_ix"), k)


def ndcg_of_lists(lists: Ints, truth: Ints, k: int) -> UserMetric:
    """NDCG by user.

    Args:
        lists: user_ix, rank (from 1), item_ix; (rows, 3). Of users with something relevant.
        truth: distinct user_ix, item_ix that were relevant; (rows, 2).
    """
    users, row, counts = np.unique(truth[:, 0], return_inverse=True, return_counts=True)
    is_hit = np.zeros((len(users), k), np.bool_)
    of_list = np.searchsorted(users, lists[:, 0])
    found = np.isin(of_list * _ITEMS + lists[:, 2], row * _ITEMS + truth[:, 1])
    is_hit[of_list[found], lists[found, 1] - 1] = True
    return UserMetric(users, ndcg(JudgedLists(is_hit, counts), k))


def aligned(metrics: list[UserMetric]) -> tuple[Ints, Floats]:
    """Users that all metrics judge, and their values; (users,), (users, metrics)."""
    users = metrics[0].user_ix
    for metric in metrics[1:]:
        users = np.intersect1d(users, metric.user_ix)
    values = [metric.values[np.searchsorted(metric.user_ix, users)] for metric in metrics]
    return users, np.column_stack(values)


def merged(parts: list[UserMetric]) -> UserMetric:
    """One metric of users who are judged apart."""
    users = np.concatenate([part.user_ix for part in parts])
    order = np.argsort(users)
    return UserMetric(users[order], np.concatenate([part.values for part in parts])[order])


def mean_over_users(user_ix: Ints, values: Floats, settings: RankingSettings) -> Means:
    """Means with bootstrap replicates; the same users weigh the same in any call, so that differences are paired.

    Args:
        values: (users, columns).
    """
    count = len(user_ix)
    replicates = settings.replicates if count >= MINIMUM_USERS else 0
    weights = poisson_weights(user_ix, replicates, settings.seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weights.T @ values) / weights.sum(axis=0)[:, np.newaxis]
    return Means(means[0], means[1:], count)


def draw_judged(user_factors: DataFrame, happened: Happened, most: int, seed: int) -> DataFrame:
    """The factors of at most `most` users with something relevant in the validation window, drawn by a hash."""
    buyers = happened.relevant.where(F.col("split") == VALIDATION).select("user_ix").distinct()
    known = user_factors.join(buyers, on="user_ix", how="left_semi")
    return draw_users(known, most, seed)


def _columns(table: pa.Table, *names: str) -> npt.NDArray[np.int64]:
    columns = [table[name].to_numpy().astype(np.int64) for name in names]
    return np.column_stack(columns)
