"""Rows of lists, of what was relevant, and of users, as dense arrays of a block of users."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.bootstrap import block_of, poisson_weights
from lakerec.diagnostics.item_facts import ItemFacts
from lakerec.diagnostics.list_metrics import CHARACTER, RELEVANCE, Bools, Floats, Ints

ROWS_SCHEMA = "user long, code int, place int, item_ix int"
POPULATION = 2**31
"""`user` is user_ix plus this times the number of the population that the user is judged in."""
_ROWS_HELD = 1 << 20

USER_CODE = -1
"""Row of a user: place is the band of history, item_ix 1 for a known user, else 0."""
TRUTH_CODE = -2
"""Row of a relevant item: place is the split."""


class Maker(NamedTuple):
    """Who made lists: a recommender of the judged model, or of another one (`made_by`, its id; else empty)."""

    recommender: str
    made_by: str = ""
    serves_newcomers: bool = False
    population: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """How lists are measured.

    Attributes:
        makers: whose lists there are; a row of a list has code 2 · place of its maker + split.
        ks: lengths of the list.
        replicates: bootstrap replicates.
        seed: of their weights.
        histories: names of the bands of history.
    """

    makers: tuple[Maker, ...]
    ks: tuple[int, ...]
    replicates: int
    seed: int
    histories: tuple[str, ...]
    items: ItemFacts

    @property
    def columns(self) -> list[tuple[str, int]]:
        """(metric, k) of each summed column, after the counts of users."""
        return [(metric, k) for metric in (*RELEVANCE, *CHARACTER) for k in self.ks]

    @property
    def longest(self) -> int:
        """How far lists are looked at."""
        return max(self.ks)


class Truth(NamedTuple):
    """What was relevant in a split: keys row · items + position, ascending, and how many of each row."""

    keys: Ints
    counts: Ints


class Block(NamedTuple):
    """Users with all that is known of them.

    Attributes:
        population: in which population each user is judged; a user of two is here twice, with the same weights.
        history: band of each user.
        is_known: whether recommenders other than the ladder serve them.
        weights: see `bootstrap.poisson_weights`.
        parts: see `bootstrap.block_of`.
        truth: by split.
        positions: by code: (users, longest) positions of listed items, -1 where there is none.
    """

    population: Ints
    history: Ints
    is_known: Bools
    weights: Floats
    parts: Ints
    truth: tuple[Truth, Truth]
    positions: dict[int, Ints]

    def lists(self, plan: Plan, maker: Maker, split: int) -> Ints:
        """Positions of what it listed; all empty where it made no list."""
        made = self.positions.get(2 * plan.makers.index(maker) + split)
        return np.full((len(self.history), plan.longest), -1) if made is None else made


def read_block(rows: Ints, plan: Plan) -> Block:
    """Dense arrays of some users.

    Args:
        rows: columns as in ROWS_SCHEMA; (rows, 4), sorted by user.
    """
    users, row = np.unique(rows[:, 0], return_inverse=True)
    code, place, positions = rows[:, 1], rows[:, 2], plan.items.positions(rows[:, 3].astype(np.int32))
    history, is_known = np.zeros(len(users), np.int64), np.zeros(len(users), np.bool_)
    is_user = code == USER_CODE
    history[row[is_user]], is_known[row[is_user]] = place[is_user], rows[is_user, 3] == 1
    lists = {}
    for listed in np.unique(code[code >= 0]):
        chosen = (code == listed) & (place <= plan.longest)
        lists[int(listed)] = np.full((len(users), plan.longest), -1)
        lists[int(listed)][row[chosen], place[chosen] - 1] = positions[chosen]
    truths = [(code == TRUTH_CODE) & (place == split) for split in (0, 1)]
    validation, test = (_truth(row[chosen], positions[chosen], len(users), plan) for chosen in truths)
    population, user_ix = np.divmod(users, POPULATION)
    weights, parts = poisson_weights(user_ix, plan.replicates, plan.seed), block_of(user_ix, plan.seed)
    return Block(population, history, is_known, weights, parts, (validation, test), lists)


def whole_users(batches: Iterable[pa.RecordBatch], rows_held: int = _ROWS_HELD) -> Iterator[Ints]:
    """Rows as integers, in blocks of about `rows_held` rows that tear no user apart."""
    held: list[Ints] = []
    for batch in batches:
        held.append(np.column_stack([column.to_numpy() for column in batch.columns]).astype(np.int64))
        if sum(map(len, held)) >= rows_held:
            rows = np.concatenate(held)
            last = int(np.searchsorted(rows[:, 0], rows[-1, 0]))
            held = [rows[last:]]
            if last:
                yield rows[:last]
    if sum(map(len, held)):
        yield np.concatenate(held)


def _truth(row: Ints, position: Ints, users: int, plan: Plan) -> Truth:
    return Truth(np.sort(row * len(plan.items.item_ix) + position), np.bincount(row, minlength=users))
