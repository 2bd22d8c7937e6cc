"""Which items a visit is shown, which of those it looks into, and which it comes upon by itself."""

from collections.abc import Set
from typing import NamedTuple

import numpy as np

from lakerec.shop.people import People
from lakerec.shop.rows import Floats, Ints
from lakerec.shop.shelf import Shelf, may_meet
from lakerec.shop.visits import Visits

ITEMS_PER_VISIT, MOST_ITEMS_PER_VISIT = 3.5, 10
CANDIDATES_PER_ITEM = 12  # one in eight may be met today, and some are drawn twice
CLICK_SCALE, POSITION_DECAY = 1.5, 0.2


class Encounters(NamedTuple):
    """One entry per visit and item; position 0 (and no propensity) where no list was shown."""

    visit: Ints  # index into the visits
    item: Ints
    position: Ints
    propensity: Floats


def show_lists(rng: np.random.Generator, visits: Visits, shelf: Shelf) -> Encounters:
    """What the visits with a list are shown: one entry per position, from 1."""
    shown_to = np.flatnonzero(visits.has_list)
    shown = shelf.show_lists(rng, len(shown_to))
    positions = shown.items.shape[1]
    return Encounters(
        visit=np.repeat(shown_to, positions),
        item=shown.items.ravel(),
        position=np.tile(np.arange(1, positions + 1), len(shown_to)),
        propensity=shown.propensities.ravel(),
    )


def click(
    rng: np.random.Generator, visits: Visits, shown: Encounters, people: People, style: Ints, day: int
) -> Encounters:
    """The shown items that their users look into.

    Of the pairs that may meet today, P(click) = min(1, scale * taste) / (1 + decay * (position - 1)); `style` is each
    catalogue item's.
    """
    user = visits.user[shown.visit]
    wish = np.minimum(people.tastes[user, style[shown.item]] * CLICK_SCALE, 1.0)
    is_clicked = rng.random(len(user)) < wish / (1 + POSITION_DECAY * (shown.position - 1))
    return _take(shown, np.flatnonzero(is_clicked & may_meet(user, shown.item, day)))


def browse(rng: np.random.Generator, visits: Visits, people: People, shelf: Shelf, day: int) -> Encounters:
    """Distinct items that users come upon by themselves, by their taste; a few a visit, sometimes none."""
    wanted = np.minimum(1 + rng.poisson(ITEMS_PER_VISIT - 1, len(visits.user)), MOST_ITEMS_PER_VISIT)
    visit = np.repeat(np.arange(len(wanted)), wanted * CANDIDATES_PER_ITEM)
    user = visits.user[visit]
    item = shelf.draw_items(rng, people.draw_styles(rng, user))
    kept = np.flatnonzero((item >= 0) & may_meet(user, item, day))
    kept = kept[_first_of_each(pair_keys(user[kept], item[kept]))]
    nth_of_visit = np.arange(len(kept)) - np.searchsorted(visit[kept], visit[kept])
    kept = kept[nth_of_visit < wanted[visit[kept]]]
    return Encounters(visit[kept], item[kept], np.zeros(len(kept), np.int64), np.zeros(len(kept)))


def join_encounters(visits: Visits, clicked: Encounters, browsed: Encounters, met: Set[int]) -> Encounters:
    """What the visits look into, in order of visits, clicks first: each pair once a day.

    Args:
        visits: The visits that both refer to.
        clicked: Shown items looked into.
        browsed: Items come upon.
        met: Keys of the pairs that already met today, in other visits.
    """
    both = Encounters(*(np.concatenate(columns) for columns in zip(clicked, browsed, strict=True)))
    keys = pair_keys(visits.user[both.visit], both.item)
    kept = _first_of_each(keys)
    kept = kept[np.array([key not in met for key in keys[kept].tolist()], bool)]
    return _take(both, kept[np.argsort(both.visit[kept], kind="stable")])


def pair_keys(users: Ints, items: Ints) -> Ints:
    """One integer per pair of user and item."""
    return users.astype(np.int64) << 32 | items


def _first_of_each(keys: Ints) -> Ints:
    """Indices of each key's first entry, ascending."""
    return np.sort(np.unique(keys, return_index=True)[1])


def _take(encounters: Encounters, indices: Ints) -> Encounters:
    visit, item, position, propensity = encounters
    return Encounters(visit[indices], item[indices], position[indices], propensity[indices])
