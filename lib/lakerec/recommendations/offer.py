"""What a batch can list: the model's items, items too new for it, and bestsellers."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame

from lakerec.diagnostics.lists import share_of_strength
from lakerec.model.baselines import popularity_items
from lakerec.model.described_items import Known, Sides
from lakerec.model.scorer import ItemSide


class Offer(NamedTuple):
    """Items by who can recommend them.

    Attributes:
        model: items with factors.
        new: items without, which get theirs from attributes.
        popularity: items with a positive strength.
    """

    model: ItemSide
    new: ItemSide
    popularity: ItemSide

    def without(self, item_ix: Collection[int]) -> "Offer":
        """The same less some items."""
        gone = np.array(sorted(item_ix), dtype=np.int32)
        return Offer(*(_kept(side, ~np.isin(side.item_ix, gone)) for side in self))


def fit_offer(sides: Sides, item_popularity: DataFrame, item_index: DataFrame) -> Offer:
    """What can be listed. Collects the bestsellers.

    Args:
        item_popularity: gold.item_popularity.
        item_index: gold.item_index.
    """
    return Offer(*sides, popularity_items(share_of_strength(item_popularity), item_index))


def index_of(known: Known, item_index: DataFrame) -> DataFrame:
    """gold.item_index and the negative integers of items that nobody ever acted on: item_id, item_ix."""
    unseen = [(known.item_ids[nth], int(known.item_ix[nth])) for nth in np.flatnonzero(known.item_ix < 0)]
    return item_index.unionByName(item_index.sparkSession.createDataFrame(unseen, item_index.schema))


def _kept(side: ItemSide, is_kept: np.ndarray) -> ItemSide:
    return ItemSide(side.item_ix[is_kept], side.factors[is_kept])
