"""One day's view of the catalogue, made for drawing items from: by style, by fame, and for lists that are shown."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lakerec.shop.catalogue import Catalogue, Offer
from lakerec.shop.rows import Bools, Floats, Ints, pick

HERD_SHARE = 0.05  # of what people look at by themselves they find because it is famous, whatever their taste
LIST_LENGTH = 8
EPISODE_CYCLE_DAYS = 8  # a pair of user and item meets on every 8th day at most


class Shown(NamedTuple):
    """Items of lists, lists × positions, and the probability with which the shop puts that item there."""

    items: Ints
    propensities: Floats


@dataclass(frozen=True)
class Shelf:
    """Items that can be had today.

    `styles` holds, per style, its items and the upper edges of their shares; `slots` the same per position of a
    list, where the positions share the items out among themselves: so no list shows an item twice, and the
    probability of an item at its position is exactly its share.
    """

    available: Ints
    famous: Floats
    styles: list[tuple[Ints, Floats]]
    slots: list[tuple[Ints, Floats]]

    def draw_items(self, rng: np.random.Generator, styles: Ints) -> Ints:
        """An item of each wanted style, or a famous one; -1 where a style has nothing to offer."""
        point, follows_herd = rng.random(len(styles)), rng.random(len(styles)) < HERD_SHARE
        drawn = np.full(len(styles), -1)
        for style, (items, upper) in enumerate(self.styles):
            wanted = (styles == style) & ~follows_herd
            if len(items):
                drawn[wanted] = items[pick(upper, point[wanted])]
        if len(self.available):
            drawn[follows_herd] = self.available[pick(self.famous, point[follows_herd])]
        return drawn

    def show_lists(self, rng: np.random.Generator, count: int) -> Shown:
        """`count` lists by the shop's own policy, which knows nothing of the user."""
        items = np.empty((count, len(self.slots)), np.int64)
        propensities = np.empty(items.shape)
        for position, (choices, upper) in enumerate(self.slots):
            chosen = pick(upper, rng.random(count))
            items[:, position] = choices[chosen]
            propensities[:, position] = np.diff(upper, prepend=0.0)[chosen]
        return Shown(items, propensities)


def stock_shelf(rng: np.random.Generator, catalogue: Catalogue, offer: Offer, style_count: int) -> Shelf:
    """Today's shelf; which items share a position of the lists changes from day to day."""
    available = np.flatnonzero(offer.is_available)
    positions = min(LIST_LENGTH, len(available))
    by_style = [available[catalogue.style[available] == style] for style in range(style_count)]
    parts = np.array_split(rng.permutation(available), positions) if positions else []
    return Shelf(
        available=available,
        famous=_upper_edges(catalogue.fame[available]),
        styles=[(items, _upper_edges(catalogue.appeal[items])) for items in by_style],
        slots=[(items, _upper_edges(np.sqrt(catalogue.fame[items]))) for items in parts],
    )


def may_meet(users: Ints, items: Ints, day: int) -> Bools:
    """Whether a pair may have an episode today: on one day in eight, given by a hash of the pair (splitmix64).

    The visits in which a pair meets therefore begin at least eight days apart, and what it did within seven days
    belongs to one episode.
    """
    mixed = users.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + items.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed % np.uint64(EPISODE_CYCLE_DAYS) == np.uint64(day % EPISODE_CYCLE_DAYS)


def _upper_edges(weights: Floats) -> Floats:
    """Upper edges of the shares of [0, 1) in proportion to `weights`."""
    upper = np.cumsum(weights)
    return upper / upper[-1] if len(upper) else upper
