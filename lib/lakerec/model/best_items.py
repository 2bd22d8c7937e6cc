"""The kernel of the top-N lists, on arrays.

A score is the float64 sum, over the factor index in order, of products of float32 factors. A list is ordered by (score
descending, position ascending). Multiplying float32 matrices is fast but rounds as block sizes and BLAS please; how far
is bounded, so it tells what cannot be among the best, and the rest is scored as defined. Block size, machine and
language then give the same list.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lakerec.errors import ContractError

Floats32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCK_CELLS = 1 << 21
"""Scores held at once: users of a block times items of a tile, with room for lists. Only speed and memory depend on it
and on these:"""

_TILE_ITEMS = 1 << 14

_LEAST_USERS = 16

_MASKED = np.finfo(np.float32).min
"""Approximate score of what must not be listed. No item has it: larger factors are refused."""


class Masked(NamedTuple):
    """Pairs that must not be listed: row of the user, ascending, and position of the item."""

    rows: Ints
    positions: Ints


class TopN(NamedTuple):
    """Lists of several users behind each other: how long each is, then their positions and scores."""

    lengths: Ints
    positions: Ints
    scores: Floats


def best_items(users: Floats32, items: Floats32, masked: Masked, n: int, block_cells: int = _BLOCK_CELLS) -> TopN:
    """The best n items of each user: one row of factors per user, and per item in order of item_id.

    Raises:
        ContractError: factors so large that float32 cannot hold a score.
    """
    return Ranker(items, n, block_cells).rank(users, masked)


class Ranker:
    """Ranks users, block after block, against tiles of the same items; holds about `block_cells` scores at a time."""

    def __init__(self, items: Floats32, n: int, block_cells: int = _BLOCK_CELLS) -> None:
        self.items = np.ascontiguousarray(items)
        self.n = n
        self.tile = max(1, min(len(items), _TILE_ITEMS, block_cells // _LEAST_USERS))
        most_kept = 3 * n + self.tile
        self.step = max(_LEAST_USERS, block_cells // most_kept)
        self.cells = np.empty(self.step * self.tile, np.float32)
        self.room = np.empty((self.step, most_kept), np.int64)
        self.longest = max((float(_norms(self.items[tile]).max()) for tile in self._tiles()), default=0.0)

    def rank(self, users: Floats32, masked: Masked) -> TopN:
        """The lists of all users."""
        parts = [TopN(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        for start in range(0, len(users) if len(self.items) else 0, self.step):
            block = np.ascontiguousarray(users[start : start + self.step])
            low, high = np.searchsorted(masked.rows, [start, start + len(block)])
            of_block = Masked(masked.rows[low:high] - start, masked.positions[low:high])
            parts.append(self._rank_block(block, of_block))
        lengths = [part.lengths for part in parts] if len(self.items) else [np.zeros(len(users), np.int64)]
        return TopN(
            np.concatenate(lengths),
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    def _tiles(self) -> Iterator[slice]:
        return (slice(first, first + self.tile) for first in range(0, len(self.items), self.tile))

    def _rank_block(self, users: Floats32, masked: Masked) -> TopN:
        from lakerec.model.selection import GROUP, find_maxima, select_candidates

        kept = _Kept.nothing(self.room[: len(users)])
        error = self._rounding(users)
        for tile, hidden in zip(self._tiles(), self._by_tile(masked), strict=True):
            approximate = self._multiply(users, self.items[tile])
            approximate[hidden.rows, hidden.positions] = _MASKED
            maxima = np.empty((len(users), -(-approximate.shape[1] // GROUP)), np.float32)
            find_maxima(approximate, maxima)
            kept.raise_to(_nth_largest(maxima, self.n) - 2 * error)
            select_candidates(approximate, maxima, tile.start, *kept)
            self._thin_out(users, kept, error)
        positions, scores = self._best(users, kept)
        is_listed = scores > -np.inf
        return TopN(is_listed.sum(axis=1), positions[is_listed], scores[is_listed])

    def _multiply(self, users: Floats32, items: Floats32) -> Floats32:
        """Into the same memory every time: new memory costs as much as the multiplication of a small tile."""
        product = self.cells[: len(users) * len(items)].reshape(len(users), len(items))
        return np.matmul(users, items.T, out=product)

    def _by_tile(self, masked: Masked) -> Iterator[Masked]:
        """The masked pairs of each tile, by position in the tile."""
        tiles, positions = np.divmod(masked.positions, self.tile)
        order = np.argsort(tiles.astype(np.uint16), kind="stable")  # a radix sort, which numpy has for short integers
        ends = np.cumsum(np.bincount(tiles, minlength=-(-len(self.items) // self.tile)))
        for begin, end in zip([0, *ends], ends, strict=False):
            yield Masked(masked.rows[order[begin:end]], positions[order[begin:end]])

    def _thin_out(self, users: Floats32, kept: "_Kept", error: Floats) -> None:
        """Where many are kept, by ties or after many tiles, only the best stay, and the n-th best is the measure."""
        rows = np.flatnonzero(kept.counts > 3 * self.n)
        if not len(rows):
            return
        positions, scores = self._best(users[rows], kept.of(rows))
        kept.positions[rows, : self.n] = np.sort(positions, axis=1)
        kept.counts[rows] = self.n
        least = np.full(len(users), -np.inf)
        least[rows] = scores[:, -1]
        kept.raise_to(least - error)

    def _best(self, users: Floats32, kept: "_Kept") -> tuple[Ints, Floats]:
        """Positions and scores of at most n, in order; score -inf beyond a list's end."""
        from lakerec.model.selection import score_candidates

        width = int(kept.counts.max())
        scores = np.empty((len(users), width))
        score_candidates(users, self.items, kept.counts, kept.positions, scores)
        order, ordered = _descending(scores)
        return np.take_along_axis(kept.positions[:, :width], order[:, : self.n], axis=1), ordered[:, : self.n]

    def _rounding(self, users: Floats32) -> Floats:
        """How far a float32 score can lie from the true one, in whatever order its products were added.

        |error| ≤ γ·‖u‖·‖v‖ with γ = k·ε/(1 − k·ε), ε = 2⁻²⁴ (Higham, "Accuracy and Stability of Numerical Algorithms",
        section 3.1); one more ε covers this sum's own rounding, the last term numbers too small for float32.
        """
        rank = users.shape[1]
        epsilon = (rank + 1) * 2.0**-24
        norms = _norms(users)
        if norms.max(initial=0) * self.longest > np.finfo(np.float32).max / 2:
            raise ContractError("top_n: factors are so large that float32 cannot hold a score. Lower als.alpha.")
        return epsilon / (1 - epsilon) * norms * self.longest + rank * float(np.finfo(np.float32).tiny)


class _Kept(NamedTuple):
    """The items that may still be among a user's best: those not below the threshold, in order of their positions."""

    thresholds: Floats32
    counts: Ints
    positions: Ints

    @classmethod
    def nothing(cls, room: Ints) -> "_Kept":
        lowest = np.full(len(room), np.nextafter(_MASKED, np.float32(0)))
        return cls(lowest, np.zeros(len(room), np.int64), room)

    def of(self, rows: Ints) -> "_Kept":
        counts = self.counts[rows]
        return _Kept(self.thresholds[rows], counts, self.positions[rows, : counts.max()])

    def raise_to(self, thresholds: Floats) -> None:
        """Rounded down, as nothing may be lost."""
        lowest = np.float64(self.thresholds.min(initial=0))
        down = np.nextafter(np.maximum(thresholds, lowest).astype(np.float32), np.float32(-np.inf))
        np.maximum(self.thresholds, down, out=self.thresholds)


def _descending(scores: Floats) -> tuple[Ints, Floats]:
    """Places of each row by (score descending, place ascending), and their scores; those of -inf last, in any order."""
    order = np.argsort(-scores, axis=1)  # not stable, but done by vector units: a fifth of the time
    ordered = np.take_along_axis(scores, order, axis=1)
    is_tied = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] > -np.inf)
    tied = np.flatnonzero(is_tied.any(axis=1))
    order[tied] = np.argsort(-scores[tied], axis=1, kind="stable")
    ordered[tied] = np.take_along_axis(scores[tied], order[tied], axis=1)
    return order, ordered


def _nth_largest(rows: Floats32, n: int) -> Floats:
    """Of each row; -inf where it is shorter."""
    if rows.shape[1] < n:
        return np.full(len(rows), -np.inf)
    place = rows.shape[1] - n
    return np.partition(rows, place, axis=1)[:, place].astype(np.float64)


def _norms(rows: Floats32) -> Floats:
    return np.asarray(np.linalg.norm(rows.astype(np.float64), axis=1))
