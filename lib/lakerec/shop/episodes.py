"""What visits do with the items they look into: views, scrolls and carts, event by event."""

from typing import NamedTuple

import numpy as np

from lakerec.shop.catalogue import Offer
from lakerec.shop.encounters import Encounters
from lakerec.shop.rows import SECOND, Action, Ints, Rows, empty_rows
from lakerec.shop.visits import Visits

VIEWS_P, SCROLLS_P, CARTS_P = 0.5, 0.45, 0.75  # of the geometric counts; the smaller, the more events
MOST = 9  # of any one count, beyond the first view
SHORTEST_GAP, MEAN_FURTHER_GAP = 2 * SECOND, 20 * SECOND  # between the events of a visit


class Counts(NamedTuple):
    """How often the user viewed, scrolled and put into the cart; one entry per encounter."""

    views: Ints
    scrolls: Ints
    carts: Ints

    @property
    def total(self) -> Ints:
        """Events of the episode, without the purchase."""
        return self.views + self.scrolls + self.carts


def draw_counts(rng: np.random.Generator, count: int) -> Counts:
    """Independent counts, varied enough that a regression can tell their effects apart; at least one view."""
    more = [np.minimum(rng.geometric(p, count) - 1, MOST) for p in (VIEWS_P, SCROLLS_P, CARTS_P)]
    return Counts(1 + more[0], more[1], more[2])


def episode_rows(rng: np.random.Generator, visits: Visits, looked: Encounters, counts: Counts, offer: Offer) -> Rows:
    """Views, scrolls and carts, episode after episode; nobody is signed in yet.

    The first event of each episode is a view, which carries the list that it was clicked in.
    """
    owner = np.repeat(np.arange(len(counts.total)), counts.total)
    visit = looked.visit[owner]
    rows = start_rows(visits, visit, looked.item[owner])
    rows["action"] = _draw_actions(rng, counts, owner)
    rows["at"] = visits.start_at[visit] + _draw_elapsed(rng, visit)
    is_cart = rows["action"] == Action.CART
    rows["quantity"] = is_cart
    rows["cents"] = np.where(is_cart, offer.cents[rows["item"]], 0)
    clicked = looked.position > 0
    _name_list(rows, (np.cumsum(counts.total) - counts.total)[clicked], visits, looked, np.flatnonzero(clicked))
    return rows


def impression_rows(visits: Visits, shown: Encounters) -> Rows:
    """The lists, all positions of one at once, when the visit starts; nobody is signed in yet."""
    rows = start_rows(visits, shown.visit, shown.item)
    rows["action"] = Action.IMPRESSION
    rows["at"] = visits.start_at[shown.visit]
    everything = np.arange(len(rows))
    _name_list(rows, everything, visits, shown, everything)
    return rows


def start_rows(visits: Visits, visit: Ints, item: Ints) -> Rows:
    """Rows with what an event takes over from its visit; no action, time or price yet."""
    rows = empty_rows(len(visit))
    rows["session"] = visits.session[visit]
    rows["user"] = visits.sent_user[visit]
    rows["item"] = item
    rows["device"] = visits.device[visit]
    rows["referrer"] = visits.referrer[visit]
    return rows


def _draw_actions(rng: np.random.Generator, counts: Counts, owner: Ints) -> Ints:
    """Each episode's actions in random order, but for the view at its beginning."""
    nth = np.arange(len(owner)) - np.searchsorted(owner, owner)
    viewed = counts.views[owner]
    scrolled = viewed + counts.scrolls[owner]
    actions = np.where(nth < viewed, Action.VIEW, np.where(nth < scrolled, Action.SCROLL, Action.CART))
    place = np.where(nth == 0, -1.0, rng.random(len(owner)))
    return actions[np.lexsort((place, owner))]


def _draw_elapsed(rng: np.random.Generator, visit: Ints) -> Ints:
    """Time since the start of the visit (ms) of each event, in order of visits."""
    gaps = SHORTEST_GAP + rng.exponential(MEAN_FURTHER_GAP, len(visit)).astype(np.int64)
    elapsed = np.cumsum(gaps)
    first = np.searchsorted(visit, visit)
    return elapsed - elapsed[first] + gaps[first]


def _name_list(rows: Rows, indices: Ints, visits: Visits, met: Encounters, sources: Ints) -> None:
    """Write into the rows at `indices` the list, position and propensity of the encounters at `sources`."""
    rows["list"][indices] = visits.number[met.visit[sources]]
    rows["surface"][indices] = visits.surface[met.visit[sources]]
    rows["position"][indices] = met.position[sources]
    rows["propensity"][indices] = met.propensity[sources]
