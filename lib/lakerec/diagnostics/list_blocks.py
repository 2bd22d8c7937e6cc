"""What is known of users, their lists and what was relevant, as dense arrays of a block of users.

A user travels in one row, with a number for each entry: a row for each listed item would take longer to hand over than
to measure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.bootstrap import block_of, poisson_weights
from lakerec.diagnostics.item_facts import ItemFacts
from lakerec.diagnostics.list_metrics import CHARACTER, RELEVANCE, Bools, Floats, Ints

POPULATION = 2**31
"""`user` is user_ix plus this times the number of the population that the user is judged in."""
_ENTRIES_HELD = 1 << 20

CODE_BITS, PLACE_BITS = 48, 32
"""An entry is code · 2^48 + place · 2^32 + item_ix, of which the last may be negative, as 32 bits."""

USER_CODE = 0
"""Entry of a user: place is the band of history, item_ix 1 for a known user, else 0."""
TRUTH_CODE = 1
"""Entry of a relevant item: place is the split."""
LIST_CODE = 2
"""Entry of a listed item: the code is this + 2 · place of its maker in the plan + split, place the rank."""


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
        makers: whose lists there are.
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
        made = self.positions.get(LIST_CODE + 2 * plan.makers.index(maker) + split)
        return np.full((len(self.history), plan.longest), -1) if made is None else made


def read_block(users: Ints, row: Ints, entries: Ints, plan: Plan) -> Block:
    """Dense arrays of some users.

    Args:
        users: as they travel; distinct, in any order.
        row: whose entry it is; place in `users`.
        entries: see `PLACE_BITS`.
    """
    code, place = entries >> CODE_BITS, entries >> PLACE_BITS & 0xFFFF
    item_ix = (entries & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    positions = plan.items.positions(item_ix)
    history, is_known = np.zeros(len(users), np.int64), np.zeros(len(users), np.bool_)
    is_user = code == USER_CODE
    history[row[is_user]], is_known[row[is_user]] = place[is_user], item_ix[is_user] == 1
    truths = [(code == TRUTH_CODE) & (place == split) for split in (0, 1)]
    validation, test = (_truth(row[chosen], positions[chosen], len(users), plan) for chosen in truths)
    population, user_ix = np.divmod(users, POPULATION)
    return Block(
        population=population,
        history=history,
        is_known=is_known,
        weights=poisson_weights(user_ix, plan.replicates, plan.seed),
        parts=block_of(user_ix, plan.seed),
        truth=(validation, test),
        positions=_lists(code, row, place, positions, len(users), plan.longest),
    )


def read_blocks(batches: Iterable[pa.RecordBatch], plan: Plan, entries_held: int = _ENTRIES_HELD) -> Iterator[Block]:
    """Users in blocks of at most so many entries, however batches are cut; a user with more is alone.

    Args:
        batches: user, entries array<long>. One row per user.
    """
    rest: list[pa.RecordBatch] = []
    for batch in batches:
        *full, last = _parts(pa.concat_batches([*rest, batch]), entries_held)
        yield from (_read(part, plan) for part in full)
        rest = [last]
    yield from (_read(part, plan) for part in rest if part.num_rows)


def _parts(rows: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """The users of each block, taking as many as fit from the first on; one part at least."""
    ends = np.cumsum(rows["entries"].value_lengths().to_numpy(zero_copy_only=False))
    first, before = 0, 0
    while first < len(ends) and ends[-1] - before > most:
        last = max(first + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield rows.slice(first, last - first)
        first, before = last, int(ends[last - 1])
    yield rows.slice(first)


def _read(rows: pa.RecordBatch, plan: Plan) -> Block:
    lengths = rows["entries"].value_lengths().to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    return read_block(rows["user"].to_numpy(), row, rows["entries"].flatten().to_numpy(), plan)


def _lists(code: Ints, row: Ints, place: Ints, positions: Ints, users: int, longest: int) -> dict[int, Ints]:
    """(users, longest) positions of listed items by code."""
    is_listed = (code >= LIST_CODE) & (place <= longest)
    codes, of_code = np.unique(code[is_listed], return_inverse=True)
    lists = np.full((len(codes), users, longest), -1)
    lists[of_code, row[is_listed], place[is_listed] - 1] = positions[is_listed]
    return dict(zip(codes.tolist(), lists, strict=True))


def _truth(row: Ints, position: Ints, users: int, plan: Plan) -> Truth:
    return Truth(np.sort(row * len(plan.items.item_ix) + position), np.bincount(row, minlength=users))
