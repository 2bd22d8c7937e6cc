"""The top-N kernel in Spark: the one place that turns factors into ranked lists, for every recommender.

What a score and the order of a list are, and how they are found, is in `best_items`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.errors import ContractError
from lakerec.gathered import gathered_by
from lakerec.model.best_items import Floats, Floats32, Ints, Masked, Ranker, TopN, best_items

__all__ = [
    "TOP_N_SCHEMA",
    "Floats",
    "Floats32",
    "Ints",
    "Ints32",
    "ItemSide",
    "Masked",
    "Pairs",
    "Places",
    "Ranker",
    "TopN",
    "as_top_n",
    "best_items",
    "collect_items",
    "list_places",
    "matrix_of",
    "nth_of",
    "pairs_of",
    "top_n",
    "with_masked",
]

Ints32 = npt.NDArray[np.int32]

TOP_N_SCHEMA = "user_ix int, rank int, item_ix int, score double"


@dataclass(frozen=True, eq=False)
class ItemSide:
    """The items that can be recommended.

    Attributes:
        item_ix: int32, in order of item_id: the position breaks ties. Negative for items that nobody ever acted on.
        factors: float32, a row per item.
    """

    item_ix: Ints32
    factors: Floats32

    def positions(self, item_ix: Ints32) -> Ints:
        """Positions of items; -1 for those that are not here."""
        places = item_ix - self._lowest_ix
        is_within = (places >= 0) & (places < len(self._position_by_place))
        found: Ints = np.where(is_within, self._position_by_place[np.where(is_within, places, -1)], -1)
        return found

    @cached_property
    def _lowest_ix(self) -> int:
        return int(self.item_ix.min(initial=0))

    @cached_property
    def _position_by_place(self) -> Ints:
        """By item_ix from the lowest; they are given one after the other: hardly more of them than items."""
        positions = np.full(int(self.item_ix.max(initial=-1)) - self._lowest_ix + 2, -1)
        positions[self.item_ix - self._lowest_ix] = np.arange(len(self.item_ix))
        return positions


class Pairs(NamedTuple):
    """Users and items: rows, the place of the user among several, ascending; item_ix."""

    rows: Ints
    item_ix: Ints32


class Places(NamedTuple):
    """Places of several users' lists, behind each other.

    Attributes:
        rows: whose list: the place of the user among several, ascending.
        ranks: from 1, ascending within a list.
        item_ix: what is listed there.
        scores: of these for the user.
    """

    rows: Ints
    ranks: Ints32
    item_ix: Ints32
    scores: Floats


def collect_items(item_factors: DataFrame, item_index: DataFrame) -> ItemSide:
    """Bring the items to the driver, in order of item_id (by code point): 4 bytes per factor.

    Args:
        item_factors: item_ix, factors array<float>. Leave out items that must not be recommended to anybody.
        item_index: gold.item_index.
    """
    named = item_factors.select("item_ix", "factors").join(item_index.select("item_ix", "item_id"), "item_ix", "inner")
    table = named.toArrow()
    table = table.take(pc.sort_indices(table["item_id"]))
    factors = matrix_of(table["factors"].combine_chunks(), "item")
    return ItemSide(table["item_ix"].to_numpy().astype(np.int32), factors)


def with_masked(users: DataFrame, masked: DataFrame) -> DataFrame:
    """Add `masked`, array<int> of the items that a user must not be shown; empty where there are none.

    Args:
        users: user_ix and whatever else.
        masked: distinct (user_ix, item_ix).
    """
    lists = gathered_by(masked, "user_ix").agg(F.collect_list("item_ix").alias("masked"))
    none = F.array().cast("array<int>")
    return users.join(lists, on="user_ix", how="left").withColumn("masked", F.coalesce("masked", none))


def top_n(users: DataFrame, items: ItemSide, n: int) -> DataFrame:
    """The best n items of each user.

    Args:
        users: user_ix, factors array<float>, masked array<int> (item_ix; may name items that are not in `items`).

    Returns:
        user_ix, rank (from 1), item_ix, score (double). Fewer than n rows, or none, where too few items are unmasked.
    """
    spread = users.select("user_ix", "factors", "masked").repartition("user_ix")
    shared = users.sparkSession.sparkContext.broadcast(items)
    return spread.mapInArrow(_arrow_ranker(shared, n), TOP_N_SCHEMA)


def list_places(users: Floats32, masked: Pairs, items: ItemSide, ranker: Ranker) -> Places:
    """The lists of several users, one row of factors for each.

    Args:
        masked: what must not be listed; may name items that are not in `items`.
        ranker: of the factors of `items`.

    Raises:
        ContractError: users and items have factors of different lengths.
    """
    if users.size and len(items.item_ix) and users.shape[1] != items.factors.shape[1]:
        raise ContractError(f"top_n: users have {users.shape[1]} factors, items {items.factors.shape[1]}: two models.")
    positions = items.positions(masked.item_ix)
    is_here = positions >= 0
    best = ranker.rank(users, Masked(masked.rows[is_here], positions[is_here]))
    rows = np.repeat(np.arange(len(users)), best.lengths)
    before = np.repeat(np.cumsum(best.lengths) - best.lengths, best.lengths)
    ranks = (np.arange(1, len(rows) + 1) - before).astype(np.int32)
    return Places(rows, ranks, items.item_ix[best.positions], best.scores)


def pairs_of(lists: pa.ListArray) -> Pairs:
    """Lists of item_ix, one for each user."""
    rows = lists.value_parent_indices().to_numpy().astype(np.int64)
    return Pairs(rows, lists.flatten().to_numpy(zero_copy_only=False))


def matrix_of(lists: pa.ListArray, whose: str) -> Floats32:
    """Lists of equal length as the rows of a matrix of finite numbers.

    Raises:
        ContractError: they are not, or some are missing.
    """
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    if len(lengths) and (lists.null_count or (lengths != lengths[0]).any()):
        raise ContractError(f"top_n: {whose} factors are missing or of different lengths: not those of one model.")
    numbers = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ContractError(f"top_n: {whose} factors are no finite numbers.")
    return numbers.reshape(len(lengths), -1) if len(lengths) else np.empty((0, 0), np.float32)


def nth_of(groups: Ints) -> Ints:
    """How many of the same group stand before each."""
    order = np.argsort(groups, kind="stable")
    in_order = groups[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1])) if len(groups) else order
    nth = np.empty(len(groups), np.int64)
    nth[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    return nth


def _arrow_ranker(
    shared: "Broadcast[ItemSide]", n: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its users; a worker reads the items once."""

    def rank_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        items = shared.value
        ranker = Ranker(items.factors, n)
        for batch in batches:
            if batch.num_rows:
                users = matrix_of(batch["factors"], "user")
                places = list_places(users, pairs_of(batch["masked"]), items, ranker)
                yield as_top_n(places, batch["user_ix"])

    return rank_batches


def as_top_n(places: Places, user_ix: pa.Array) -> pa.RecordBatch:
    """Rows of TOP_N_SCHEMA.

    Args:
        user_ix: of the users by row.
    """
    users = user_ix.to_numpy()[places.rows]
    columns = {"user_ix": users, "rank": places.ranks, "item_ix": places.item_ix, "score": places.scores}
    return pa.RecordBatch.from_pydict(columns)
