"""The top-N kernel: the one place that turns factors into ranked lists, for every recommender.

A score is the float64 sum, over the factor index in order, of products of float32 factors. A list is ordered by (score
descending, item_id ascending). Multiplying float32 matrices is fast but rounds as block sizes and BLAS please, so it
only selects candidates; the candidates are scored again as defined. Block size, machine and language then give the
same list.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.errors import ContractError

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOP_N_SCHEMA = "user_ix int, rank int, item_ix int, score double"

_MARGIN = 32
"""Candidates beyond N. Only speed depends on it: where it does not separate the list from the rest, more are scored."""

_BLOCK_CELLS = 1 << 20
"""Scores held at once: users in a block times items."""


@dataclass(frozen=True, eq=False)
class ItemSide:
    """The items that can be recommended.

    Attributes:
        item_ix: int32, in order of item_id: the position breaks ties.
        factors: float32, a row per item.
    """

    item_ix: npt.NDArray[np.int32]
    factors: Floats32

    def positions(self, item_ix: npt.NDArray[np.int32]) -> Ints:
        """Positions of items; -1 for those that are not here."""
        if not len(self.item_ix):
            return np.full(len(item_ix), -1)
        by_ix = np.argsort(self.item_ix)
        found = by_ix[np.minimum(np.searchsorted(self.item_ix, item_ix, sorter=by_ix), len(by_ix) - 1)]
        return np.where(self.item_ix[found] == item_ix, found, -1)


class Masked(NamedTuple):
    """Pairs that must not be listed: row of the user, ascending, and position of the item."""

    rows: Ints
    positions: Ints


class TopN(NamedTuple):
    """Lists of several users behind each other: how long each is, then their positions and scores."""

    lengths: Ints
    positions: Ints
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
    factors = _matrix(table["factors"].combine_chunks(), "item")
    return ItemSide(table["item_ix"].to_numpy().astype(np.int32), factors)


def with_masked(users: DataFrame, masked: DataFrame) -> DataFrame:
    """Add `masked`, array<int> of the items that a user must not be shown; empty where there are none.

    Args:
        users: user_ix and whatever else.
        masked: distinct (user_ix, item_ix).
    """
    lists = masked.groupBy("user_ix").agg(F.collect_list("item_ix").alias("masked"))
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
    return spread.mapInArrow(_arrow_ranker(items, n), TOP_N_SCHEMA)


def best_items(users: Floats32, items: Floats32, masked: Masked, n: int, block_cells: int = _BLOCK_CELLS) -> TopN:
    """The kernel of `top_n` on arrays: one row of factors per user, and per item in order of item_id.

    Raises:
        ContractError: factors so large that float32 cannot hold a score.
    """
    return _Ranker(items, n, block_cells).rank(users, masked)


class _Ranker:
    """Ranks users, block after block, against the same items; holds `block_cells` scores, or 16 users', at a time."""

    def __init__(self, items: Floats32, n: int, block_cells: int = _BLOCK_CELLS) -> None:
        self.items = items
        self.n = n
        self.step = max(16, block_cells // max(1, len(items)))
        self.exact = np.ascontiguousarray(items.T, dtype=np.float64)
        self.longest = float(np.linalg.norm(self.exact, axis=0).max(initial=0))

    def rank(self, users: Floats32, masked: Masked) -> TopN:
        """The lists of all users."""
        parts = [TopN(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        for start in range(0, len(users) if len(self.items) else 0, self.step):
            block = users[start : start + self.step]
            low, high = np.searchsorted(masked.rows, [start, start + len(block)])
            of_block = Masked(masked.rows[low:high] - start, masked.positions[low:high])
            parts.append(self._rank_block(block, of_block))
        lengths = [part.lengths for part in parts] if len(self.items) else [np.zeros(len(users), np.int64)]
        return TopN(
            np.concatenate(lengths),
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    def _rank_block(self, users: Floats32, masked: Masked) -> TopN:
        error = self._rounding(users)
        approximate = users @ self.items.T
        approximate[masked.rows, masked.positions] = -np.inf
        candidates = self._select(approximate)
        selected = np.take_along_axis(approximate, candidates, axis=1)
        scores = np.where(selected == -np.inf, -np.inf, self._score(users, candidates))
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self.n]
        positions, scores = np.take_along_axis(candidates, order, axis=1), np.take_along_axis(scores, order, axis=1)
        if candidates.shape[1] < len(self.items):
            left_out, last = selected.min(axis=1).astype(np.float64), scores[:, -1]
            for row in np.flatnonzero((left_out > -np.inf) & (left_out + error >= last)):
                wider = np.flatnonzero(approximate[row] >= last[row] - error[row])
                positions[row], scores[row] = self._rank_one(users[row : row + 1], wider)
        listed = scores > -np.inf
        return TopN(listed.sum(axis=1), positions[listed], scores[listed])

    def _select(self, approximate: Floats32) -> Ints:
        """Positions of each user's best n and a margin, ascending, so that a stable sort breaks ties by item_id."""
        users, count = approximate.shape
        wide = min(self.n + _MARGIN, count)
        if wide == count:
            return np.broadcast_to(np.arange(count), approximate.shape)
        edges = np.partition(approximate, count - wide, axis=1)[:, count - wide, np.newaxis]
        chosen = np.flatnonzero(approximate >= edges)
        if len(chosen) == users * wide:
            return chosen.reshape(users, wide) % count
        return np.sort(np.argpartition(approximate, count - wide, axis=1)[:, count - wide :], axis=1)  # ties at an edge

    def _rank_one(self, user: Floats32, candidates: Ints) -> tuple[Ints, Floats]:
        """The list of one user over ascending candidates, at least n of them."""
        scores = self._score(user, candidates[np.newaxis])[0]
        order = np.argsort(-scores, kind="stable")[: self.n]
        return candidates[order], scores[order]

    def _score(self, users: Floats32, candidates: Ints) -> Floats:
        """The score as defined: products of float32 are exact in float64, and are added in order of the factor."""
        scores, products = np.zeros(candidates.shape), np.empty(candidates.shape)
        for of_users, of_items in zip(users.T.astype(np.float64), self.exact, strict=True):
            np.take(of_items, candidates, out=products, mode="clip")
            products *= of_users[:, np.newaxis]
            scores += products
        return scores

    def _rounding(self, users: Floats32) -> Floats:
        """How far a float32 score can lie from the true one, in whatever order its products were added.

        |error| ≤ γ·‖u‖·‖v‖ with γ = k·ε/(1 − k·ε), ε = 2⁻²⁴ (Higham, "Accuracy and Stability of Numerical Algorithms",
        section 3.1); one more ε covers this sum's own rounding, the last term numbers too small for float32.
        """
        rank = users.shape[1]
        epsilon = (rank + 1) * 2.0**-24
        norms = np.linalg.norm(users.astype(np.float64), axis=1)
        if norms.max(initial=0) * self.longest > np.finfo(np.float32).max:
            raise ContractError("top_n: factors are so large that float32 cannot hold a score. Lower als.alpha.")
        return epsilon / (1 - epsilon) * norms * self.longest + rank * float(np.finfo(np.float32).tiny)


def _arrow_ranker(items: ItemSide, n: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its users; the items travel inside."""

    def rank_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ranker = _Ranker(items.factors, n)
        for batch in batches:
            if batch.num_rows:
                yield _rank_batch(batch, items, ranker)

    return rank_batches


def _rank_batch(batch: pa.RecordBatch, items: ItemSide, ranker: _Ranker) -> pa.RecordBatch:
    user_ix = batch["user_ix"].to_numpy()
    users = _matrix(batch["factors"], "user")
    if len(items.item_ix) and users.shape[1] != items.factors.shape[1]:
        raise ContractError(f"top_n: users have {users.shape[1]} factors, items {items.factors.shape[1]}: two models.")
    best = ranker.rank(users, _masked(batch["masked"], items))
    rows = np.repeat(np.arange(len(user_ix)), best.lengths)
    starts = np.repeat(np.cumsum(best.lengths) - best.lengths, best.lengths)
    columns = {
        "user_ix": user_ix[rows],
        "rank": (np.arange(len(rows)) - starts + 1).astype(np.int32),
        "item_ix": items.item_ix[best.positions],
        "score": best.scores,
    }
    return pa.RecordBatch.from_pydict(columns)


def _masked(lists: pa.ListArray, items: ItemSide) -> Masked:
    """Masked pairs by row and position; items that cannot be recommended anyway are left out."""
    rows = lists.value_parent_indices().to_numpy().astype(np.int64)
    positions = items.positions(lists.flatten().to_numpy(zero_copy_only=False))
    return Masked(rows[positions >= 0], positions[positions >= 0])


def _matrix(lists: pa.ListArray, whose: str) -> Floats32:
    """Lists of equal length as the rows of a matrix of finite numbers."""
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    if len(lengths) and (lists.null_count or (lengths != lengths[0]).any()):
        raise ContractError(f"top_n: {whose} factors are missing or of different lengths: not those of one model.")
    numbers = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ContractError(f"top_n: {whose} factors are no finite numbers.")
    return numbers.reshape(len(lengths), -1) if len(lengths) else np.empty((0, 0), np.float32)
