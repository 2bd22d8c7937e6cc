"""Fold-in: the factors that ALS would give a user, from the user's strengths and the model's item factors alone.

ALS ends with a half-step for the users: each user's factors x solve that user's normal equations A x = b over the final
item factors y_j (Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, equation 4):

    A = YᵀY + Σ_j α·|r_j| · y_j y_jᵀ + λ·n·I        b = Σ_{j: r_j > 0} (1 + α·r_j) · y_j

with strengths r_j and n the number of positive ones, by which MLlib multiplies λ. So the equations of a known user have
the stored factors for their solution, and those of anybody else give that person's factors without any training.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.gathered import gathered_by
from lakerec.model.scorer import Floats, Ints, ItemSide

FACTORS_SCHEMA = "user_ix int, factors array<float>"

_CELLS = 1 << 21
"""Numbers of one kind that are held at once; users are solved together as far as that goes."""


class Weights(NamedTuple):
    """How ALS weighs strengths against its penalty: `als.alpha` (α) and `als.reg_param` (λ)."""

    alpha: float
    reg_param: float

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Weights":
        """Those that a model was trained with, from the section `als` of model.runs.settings."""
        return cls(float(settings["alpha"]), float(settings["reg_param"]))


class Histories(NamedTuple):
    """Strengths of several users, a row each, filled up to one width.

    Attributes:
        positions: of items in the space; -1 where filled up, and for items that have no factors.
        strengths: 0 wherever the position is -1.
    """

    positions: Ints
    strengths: Floats


class Equations(NamedTuple):
    """The normal equations of several users: A, b, and n, the number of positive strengths."""

    matrix: Floats
    target: Floats
    positives: Ints


class Space:
    """The taste space of one model: all its items, as fold-in needs them.

    Args:
        items: all items of the model, also those that are not to be recommended: they shape A.
    """

    def __init__(self, items: ItemSide, weights: Weights) -> None:
        self.items = items
        self.weights = weights
        factors = items.factors.astype(np.float64)
        self.rank = factors.shape[1]
        self.gram = factors.T @ factors
        self.factors = np.vstack([factors, np.zeros(self.rank)])  # the last row is that of position -1

    def equations(self, histories: Histories) -> Equations:
        """The normal equations of each user; see the head of this module."""
        of_items, strengths = self.factors[histories.positions], histories.strengths
        weighted = of_items * (self.weights.alpha * np.abs(strengths))[:, :, np.newaxis]
        positives = np.count_nonzero(strengths > 0, axis=1)
        penalty = self.weights.reg_param * positives[:, np.newaxis, np.newaxis] * np.eye(self.rank)
        matrix = self.gram + of_items.swapaxes(1, 2) @ weighted + penalty
        target = np.einsum("uw,uwk->uk", self.pull(strengths), of_items)
        return Equations(matrix, target, positives)

    def pull(self, strengths: Floats) -> Floats:
        """Confidence times preference: 1 + α·r for a positive strength, 0 for any other."""
        return np.where(strengths > 0, 1 + self.weights.alpha * strengths, 0.0)

    def solve(self, histories: Histories) -> Floats:
        """Factors of each user, in float64; nan for users without a positive strength, whom ALS does not know."""
        equations = self.equations(histories)
        factors = np.full(equations.target.shape, np.nan)
        known = equations.positives > 0
        factors[known] = np.linalg.solve(equations.matrix[known], equations.target[known][..., np.newaxis])[..., 0]
        return factors


def collect_histories(interactions: DataFrame) -> DataFrame:
    """The strengths of each user in one row.

    Args:
        interactions: gold.interactions or a projection at another time; user_ix, item_ix, strength. One row per pair.

    Returns:
        user_ix, history array<struct<item_ix, strength>> in order of item_ix.
    """
    pairs = F.sort_array(F.collect_list(F.struct("item_ix", F.col("strength").cast("float").alias("strength"))))
    return gathered_by(interactions, "user_ix").agg(pairs.alias("history"))


def fold_in(histories: DataFrame, space: Space) -> DataFrame:
    """Factors from strengths; one k×k system for each user.

    Args:
        histories: user_ix, history; see `collect_histories`.

    Returns:
        user_ix, factors. No row for a user without a positive strength for an item of the model.
    """

    def fold_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for rows, filled in filled_up(batch["history"], space.items, space.rank**2):
                factors = space.solve(filled)
                known = ~np.isnan(factors[:, 0])
                yield pa.RecordBatch.from_pydict(
                    {"user_ix": batch["user_ix"].take(rows[known]), "factors": as_lists(factors[known])}
                )

    return histories.select("user_ix", "history").mapInArrow(fold_batches, FACTORS_SCHEMA)


def filled_up(histories: pa.ListArray, items: ItemSide, cells: int) -> Iterator[tuple[npt.NDArray[Any], Histories]]:
    """Histories as arrays, users with about equally many items together.

    Args:
        histories: lists of struct<item_ix, strength>.
        cells: numbers that the caller holds for each user, beside the factors of the user's items.

    Yields:
        Rows of the batch, and their histories.
    """
    lengths = histories.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    flat = histories.flatten()
    positions = np.append(items.positions(flat.field("item_ix").to_numpy()), -1)
    strengths = np.append(flat.field("strength").to_numpy().astype(np.float64), 0.0)
    strengths[positions < 0] = 0.0
    for rows in _rows_together(lengths, cells + items.factors.shape[1]):
        columns = np.arange(lengths[rows].max(initial=1))
        entries = np.where(columns < lengths[rows, np.newaxis], starts[rows, np.newaxis] + columns, -1)
        yield rows, Histories(positions[entries], strengths[entries])


def as_lists(factors: Floats) -> pa.ListArray:
    """Rows of a matrix as lists of float32, as factors are stored."""
    offsets = np.arange(len(factors) + 1, dtype=np.int32) * factors.shape[1]
    return pa.ListArray.from_arrays(offsets, factors.astype(np.float32).ravel())


def _rows_together(lengths: Ints, cells: int) -> Iterator[npt.NDArray[Any]]:
    """Rows from short to long, so many together that `cells` numbers for each of their items fit into memory."""
    order = np.argsort(lengths, kind="stable")
    end = len(order)
    while end:
        together = max(1, _CELLS // (cells * max(1, int(lengths[order[end - 1]]))))
        yield order[max(0, end - together) : end]
        end = max(0, end - together)
