"""What a measurement needs to know of each item: how well known it was, its direction, and its bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.list_metrics import Bools, Floats, Ints
from lakerec.model.scorer import ItemSide

HEAD, MIDDLE, TAIL, UNSEEN = "head", "middle", "tail", "unseen"


class Bands(NamedTuple):
    """A way to divide items: the band of each (an index into names; -1: in none), and what bands are called."""

    codes: npt.NDArray[np.int16]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """All items that can be listed or relevant, in order of item_ix.

    Attributes:
        item_ix: int32, ascending.
        user_share: share of training users who had the item, 0..1; (items + 1,), the last is nan.
        directions: factors over their length, zeros for items without; (items + 1, rank), the last is zeros.
        is_listable: whether the item belongs to the catalogue that is covered.
        bands: by dimension, such as popularity.
    """

    item_ix: npt.NDArray[np.int32]
    user_share: Floats
    directions: Floats
    is_listable: Bools
    bands: Mapping[str, Bands]

    def positions(self, item_ix: npt.NDArray[np.int32]) -> Ints:
        """Positions of items; -1 for those that are not here."""
        return self._places.positions(item_ix)

    @cached_property
    def _places(self) -> ItemSide:
        return ItemSide(self.item_ix, np.empty((len(self.item_ix), 0), np.float32))


class KnownItems(NamedTuple):
    """What was known of all items at the cut, a row per item, ascending by item_ix.

    Attributes:
        user_count: training users who had it.
        training_users: all of them.
        category: text; null where unknown, and where there are no categories at all.
        first_on: day on which it was first seen; null likewise.
    """

    item_ix: npt.NDArray[np.int32]
    user_count: Ints
    training_users: int
    category: Sequence[str | None]
    first_on: Sequence[date | None]


def collect_known_items(interactions: DataFrame, item_index: DataFrame, items: DataFrame) -> KnownItems:
    """Bring what was known of items to the driver: about 50 bytes each.

    Args:
        interactions: gold.interactions as of the cut.
        item_index: gold.item_index.
        items: silver.items: item_id, category, first_seen_at.
    """
    counts = interactions.groupBy("item_ix").agg(F.count("*").alias("user_count"))
    users = interactions.agg(F.count_distinct("user_ix").alias("training_users"))
    described = item_index.join(
        items.select("item_id", "category", F.to_date("first_seen_at").alias("first_on")), on="item_id", how="left"
    )
    known = described.join(counts, on="item_ix", how="left").crossJoin(F.broadcast(users))
    table = known.select(
        "item_ix", F.coalesce("user_count", F.lit(0)).alias("user_count"), "training_users", "category", "first_on"
    ).toArrow()
    table = table.sort_by("item_ix")
    return KnownItems(
        table["item_ix"].to_numpy().astype(np.int32),
        table["user_count"].to_numpy(),
        table["training_users"][0].as_py() if len(table) else 0,
        table["category"].to_pylist(),
        table["first_on"].to_pylist(),
    )


def describe_items(
    known: KnownItems, listed: ItemSide, cut: date, age_bounds: Sequence[int], max_categories: int
) -> ItemFacts:
    """Put together what a measurement looks up.

    Args:
        listed: the model's items: the catalogue, and the directions for diversity.
        cut: last day of training; ages are counted up to it.
        age_bounds: where bands of age begin, ascending; days. The first band begins with 0.
        max_categories: categories that get a slice, those with most training pairs first.
    """
    share = np.where(known.user_count > 0, known.user_count / max(known.training_users, 1), np.nan)
    directions = np.zeros((len(known.item_ix) + 1, listed.factors.shape[1] if listed.factors.size else 1))
    is_listable = np.isin(known.item_ix, listed.item_ix)
    if len(listed.item_ix):
        lengths = np.linalg.norm(listed.factors.astype(np.float64), axis=1, keepdims=True)
        units = np.divide(listed.factors, lengths, out=np.zeros(listed.factors.shape), where=lengths > 0)
        directions[np.searchsorted(known.item_ix, listed.item_ix)] = units
    bands = {
        "popularity": popularity_bands(known.user_count),
        "item_age": age_bands(known.first_on, cut, age_bounds),
        "category": category_bands(known.category, known.user_count, max_categories),
    }
    return ItemFacts(known.item_ix, np.append(share, np.nan), directions, is_listable, bands)


def popularity_bands(user_count: Ints) -> Bands:
    """Head, middle and tail hold a third of all training pairs each, best known items first; unseen items have none.

    An item belongs to the band in which its first pair lies. Equally well known items go by item_ix.
    """
    order = np.argsort(-user_count, kind="stable")
    before = np.cumsum(user_count[order]) - user_count[order]
    thirds = np.minimum(3 * before // max(int(user_count.sum()), 1), 2)
    codes = np.empty(len(user_count), np.int16)
    codes[order] = np.where(user_count[order] > 0, thirds, 3)
    return Bands(codes, (HEAD, MIDDLE, TAIL, UNSEEN))


def age_bands(first_on: Sequence[date | None], cut: date, bounds: Sequence[int]) -> Bands:
    """Days between the first sight of an item and the cut; `new` items came after it, undated ones are in no band."""
    ages = np.array([np.nan if day is None else (cut - day).days for day in first_on], np.float64)
    starts = (0, *bounds)
    names = ("new", *(f"{low}-{high - 1}d" for low, high in pairwise(starts)), f"{starts[-1]}d+")
    codes = np.digitize(np.nan_to_num(ages, nan=-1), starts)
    return Bands(np.where(np.isnan(ages), -1, codes).astype(np.int16), names)


def category_bands(category: Sequence[str | None], user_count: Ints, most: int) -> Bands:
    """The categories with most training pairs; items of others, and without one, are in no band."""
    pairs: dict[str, int] = {}
    for name, count in zip(category, user_count.tolist(), strict=True):
        if name is not None:
            pairs[name] = pairs.get(name, 0) + count
    names = tuple(sorted(pairs, key=lambda name: (-pairs[name], name))[:most])
    codes = {name: code for code, name in enumerate(names)}
    return Bands(np.array([codes.get(name, -1) for name in category], np.int16), names)  # type: ignore[arg-type]
