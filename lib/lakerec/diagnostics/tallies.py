"""What each task adds up over ranked lists, so that only small sums travel.

The kernels of `list_metrics` give each list of a block of users its values; these are summed, once as they are and once
with the weights of each bootstrap replicate. A task holds one block and its sums.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.bootstrap import BLOCK_COUNT
from lakerec.diagnostics.list_blocks import Block, Maker, Plan, Truth, read_blocks
from lakerec.diagnostics.list_metrics import CHARACTER, RELEVANCE, Bools, Floats, Ints, JudgedLists, ListedItems

TALLY_SCHEMA = (
    "split int, dimension string, band string, recommender string, made_by string, among string, "
    "sums binary, replicates binary, exposure binary"
)

HISTORY = "history"


class Key(NamedTuple):
    """What is added up apart.

    Attributes:
        band: of history, or of the items that count as relevant.
        among: id of another model where only users count for whom that model made a list, too; else empty.
    """

    split: int
    dimension: str
    band: str
    recommender: str
    made_by: str
    among: str


@dataclass
class Tally:
    """Sums over lists.

    Attributes:
        sums: users drawn, then for each column the lists with a value and their sum; (1 + 2 · columns,).
        replicates: the same weighted, without the drawn; (replicates, 2 · columns).
        exposure: (bucket of rank, part of users, item) of each listed item, by how often; bucket b: within ks[b].
    """

    sums: Floats
    replicates: Floats
    exposure: list[Ints] = field(default_factory=list)

    def add(self, values: Floats, weights: Floats) -> None:
        """Add lists: their values, nan where there is none, for the first of the columns; and their users' weights."""
        known, columns = ~np.isnan(values), self.replicates.shape[1] // 2
        both = np.concatenate([known, np.where(known, values, 0.0)], axis=1)
        summed = weights.T @ both
        for first, width in ((0, 0), (columns, values.shape[1])):
            here, there = slice(first, first + values.shape[1]), slice(width, width + values.shape[1])
            self.sums[1:][here] += summed[0, there]
            self.replicates[:, here] += summed[1:, there]


class Lists(NamedTuple):
    """The lists of one maker for the users of a block.

    Attributes:
        among: see `Key`.
        positions: see `Block`.
        judged: which users' lists count.
        served: users who were drawn for it, with anything relevant or without.
    """

    split: int
    maker: Maker
    among: str
    positions: Ints
    judged: Bools
    served: Bools

    def key(self, dimension: str, band: str) -> Key:
        """Where they are added up."""
        return Key(self.split, dimension, band, self.maker.recommender, self.maker.made_by, self.among)


def tally_batches(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """What a task makes of its users, see `list_blocks.read_blocks`."""
    tallies: dict[Key, Tally] = {}
    for block in read_blocks(batches, plan):
        tally_block(block, plan, tallies)
    keys = zip(*tallies, strict=True) if tallies else [[] for _ in Key._fields]
    values = (
        [tally.sums.tobytes() for tally in tallies.values()],
        [tally.replicates.astype(np.float32).tobytes() for tally in tallies.values()],
        [_merged(tally.exposure).tobytes() for tally in tallies.values()],
    )
    types = [pa.int32(), *[pa.string()] * 5, *[pa.binary()] * 3]
    arrays = [pa.array(list(column), type_) for column, type_ in zip([*keys, *values], types, strict=True)]
    yield pa.RecordBatch.from_arrays(arrays, [*Key._fields, "sums", "replicates", "exposure"])


def tally_block(block: Block, plan: Plan, tallies: dict[Key, Tally]) -> None:
    """Add the lists of a block to the sums."""
    for split, maker in product((0, 1), plan.makers):
        lists = block.lists(plan, maker, split)
        served = (block.is_known | maker.serves_newcomers) & (block.population == maker.population)
        judged = served & (block.truth[split].counts > 0)
        if not maker.made_by:
            _tally_lists(block, plan, tallies, Lists(split, maker, "", lists, judged, served))
            continue
        both, own = judged & (lists[:, 0] >= 0), maker._replace(made_by="")
        for who, made in ((own, block.lists(plan, own, split)), (maker, lists)):
            _tally_lists(block, plan, tallies, Lists(split, who, maker.made_by, made, both, both))


def _tally_lists(block: Block, plan: Plan, tallies: dict[Key, Tally], lists: Lists) -> None:
    is_hit = _found(lists.positions, block.truth[lists.split], plan)
    _tally_by_history(block, plan, tallies, lists, is_hit)
    for dimension in plan.items.bands:
        _tally_by_items(block, plan, tallies, lists, is_hit, dimension)


def _tally_by_history(block: Block, plan: Plan, tallies: dict[Key, Tally], lists: Lists, is_hit: Bools) -> None:
    """All metrics of each user's list, by how much was known of the user."""
    rows = np.flatnonzero(lists.judged)
    judged = JudgedLists(is_hit[rows], block.truth[lists.split].counts[rows])
    listed = ListedItems(lists.positions[rows], plan.items.user_share, plan.items.directions)
    values = np.column_stack([*_relevance(judged, plan), *[f(listed, k) for f in CHARACTER.values() for k in plan.ks]])
    for history in np.unique(block.history[lists.served]):
        chosen = block.history[rows] == history
        tally = _tally_of(tallies, lists.key(HISTORY, plan.histories[history]), plan)
        tally.sums[0] += np.count_nonzero(block.history[lists.served] == history)
        tally.add(values[chosen], block.weights[rows[chosen]])
        if not lists.among:
            tally.exposure.append(_exposure(listed.positions[chosen], block.parts[rows[chosen]], plan))


def _tally_by_items(
    block: Block, plan: Plan, tallies: dict[Key, Tally], lists: Lists, is_hit: Bools, dimension: str
) -> None:
    """Metrics of relevance where only the items of one band count as relevant, for users who have any there."""
    bands, count = plan.items.bands[dimension], len(plan.items.item_ix)
    row, position = np.divmod(block.truth[lists.split].keys, count) if count else (np.empty(0, np.int64),) * 2
    band = bands.codes[position].astype(np.int64)
    wanted = lists.judged[row] & (band >= 0)
    pairs, relevant_count = np.unique(row[wanted] * len(bands.names) + band[wanted], return_counts=True)
    if not len(pairs):
        return
    row, band = np.divmod(pairs, len(bands.names))
    is_hit_in_band = is_hit[row] & (bands.codes[lists.positions[row]] == band[:, np.newaxis])
    values = np.column_stack(_relevance(JudgedLists(is_hit_in_band, relevant_count), plan))
    for code in np.unique(band):
        tally = _tally_of(tallies, lists.key(dimension, bands.names[code]), plan)
        tally.add(values[band == code], block.weights[row[band == code]])


def _relevance(lists: JudgedLists, plan: Plan) -> list[Floats]:
    return [metric(lists, k) for metric in RELEVANCE.values() for k in plan.ks]


def _found(positions: Ints, truth: Truth, plan: Plan) -> Bools:
    """Whether each listed item is among the relevant ones of its row."""
    if not len(truth.keys):
        return np.zeros(positions.shape, np.bool_)
    keys = np.arange(len(positions))[:, np.newaxis] * len(plan.items.item_ix) + positions
    nearest = truth.keys[np.minimum(np.searchsorted(truth.keys, keys), len(truth.keys) - 1)]
    return (positions >= 0) & (nearest == keys)


def _exposure(positions: Ints, parts: Ints, plan: Plan) -> Ints:
    """(bucket of rank, part of users, item) as one number, and how often; (distinct, 2)."""
    bucket = np.searchsorted(plan.ks, np.arange(1, positions.shape[1] + 1))
    cell = (bucket * BLOCK_COUNT + parts[:, np.newaxis]) * len(plan.items.item_ix) + positions
    is_counted = (positions >= 0) & np.append(plan.items.is_listable, False)[positions]
    return np.column_stack(np.unique(cell[is_counted], return_counts=True)).astype(np.int64)


def _merged(exposures: list[Ints]) -> Ints:
    if not exposures:
        return np.empty((0, 2), np.int64)
    together = np.concatenate(exposures)
    cells, row = np.unique(together[:, 0], return_inverse=True)
    return np.column_stack([cells, np.bincount(row, together[:, 1], len(cells)).astype(np.int64)])


def _tally_of(tallies: dict[Key, Tally], key: Key, plan: Plan) -> Tally:
    columns = 2 * len(plan.columns)
    return tallies.setdefault(key, Tally(np.zeros(1 + columns), np.zeros((plan.replicates, columns))))
