"""Every item that the catalogue or a model knows: what is said of it, and its factors where it has any."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.model.attributes import AttributeMap, AttributeSettings, Described, fit_attribute_map
from lakerec.model.scorer import ItemSide


class Known(NamedTuple):
    """Every item that the catalogue or the model knows, in order of item_id.

    Attributes:
        item_ids: by position.
        item_ix: as in gold.item_index; negative for items that nobody ever acted on.
        described: what the catalogue says.
        factors: of the model, nan where it has none.
    """

    item_ids: list[str]
    item_ix: npt.NDArray[np.int32]
    described: list[Described]
    factors: npt.NDArray[np.float32]

    @property
    def of_model(self) -> npt.NDArray[Any]:
        """Positions of the items that have factors."""
        return np.flatnonzero(~np.isnan(self.factors).any(axis=1))

    @property
    def new(self) -> npt.NDArray[Any]:
        """Positions of those without factors of which the catalogue states a category or attributes."""
        is_told = np.array([bool(item.category or item.attributes) for item in self.described], bool)
        return np.flatnonzero(np.isnan(self.factors).any(axis=1) & is_told)


class Sides(NamedTuple):
    """Items that a model can rank: those with factors, and new ones with factors from their attributes."""

    model: ItemSide
    new: ItemSide


def collect_known(items: DataFrame, item_index: DataFrame, item_factors: DataFrame) -> Known:
    """Bring all items to the driver: their factors, and what the catalogue says of them.

    Args:
        items: silver.items.
        item_index: gold.item_index.
        item_factors: of one model.
    """
    said = items.select("item_id", "category", "attributes", F.col("price").cast("double").alias("price"))
    named = item_index.join(item_factors.select("item_ix", "factors"), on="item_ix", how="left")
    table = said.join(named, on="item_id", how="full").toArrow()
    table = table.take(pc.sort_indices(table["item_id"]))
    rank = pc.max(pc.list_value_length(table["factors"])).as_py() or 0
    factors = np.full((len(table), rank), np.nan, np.float32)
    has_factors = pc.is_valid(table["factors"]).to_numpy()
    flat = table["factors"].combine_chunks().flatten()
    factors[has_factors] = flat.to_numpy(zero_copy_only=False).reshape(-1, rank or 1)[:, :rank]
    described = [Described(*row) for row in zip(*(table[n].to_pylist() for n in Described._fields), strict=True)]
    return Known(table["item_id"].to_pylist(), _with_negatives(table["item_ix"]), described, factors)


def fit_sides(known: Known, settings: AttributeSettings) -> tuple[Sides, AttributeMap]:
    """Both sides, and the map from attributes to factors that the new side comes from."""
    of_model, new = known.of_model, known.new
    mapped = fit_attribute_map([known.described[nth] for nth in of_model], known.factors[of_model], settings)
    sides = Sides(
        ItemSide(known.item_ix[of_model], known.factors[of_model]),
        ItemSide(known.item_ix[new], mapped.of([known.described[nth] for nth in new])),
    )
    return sides, mapped


def _with_negatives(item_ix: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    unseen = pc.is_null(item_ix).to_numpy()
    numbers = item_ix.fill_null(0).to_numpy().astype(np.int32)
    numbers[unseen] = -1 - np.arange(unseen.sum(), dtype=np.int32)
    return numbers
