"""Which pairs are bought, when, and what comes back.

A pair of user and item is bought within seven days with probability

    sigmoid(base + view * views + scroll * scrolls + cart * carts)

of the counts of its episode and nothing else: neither taste, price nor popularity has a further say.
"""

from typing import NamedTuple

import numpy as np

from lakerec.shop.catalogue import Offer
from lakerec.shop.encounters import Encounters
from lakerec.shop.episodes import Counts
from lakerec.shop.rows import DAY, MINUTE, SECOND, Action, Bools, Floats, Ints, Numbers, Rows
from lakerec.shop.settings import ShopSettings
from lakerec.shop.visits import SignIn, Visits, draw_start_times

QUANTITY_SHARES = (0.86, 0.1, 0.04)  # of 1, 2, 3 units
SOON_SHARE = 0.75
SOON_AFTER, SOON_MEAN, SOON_MOST = 30 * SECOND, 6 * MINUTE, 180 * MINUTE
LATEST_PURCHASE_DAYS = 6  # so that the purchase falls within seven days of the episode's first view
EARLIEST_RETURN, LATEST_RETURN = 2 * DAY, 7 * DAY


class Buying(NamedTuple):
    """One entry per pair that will be bought."""

    last_rows: Rows  # the last event of its episode
    visit: Ints
    sign_in: Ints  # when that visit says who its user is


class Bought(NamedTuple):
    """Purchases and what comes back of them; who buys during a visit signs in for it, at the latest then."""

    purchases: Rows
    returns: Rows
    signing_visit: Ints
    signing_at: Ints


def purchase_probability(settings: ShopSettings, counts: Counts) -> Floats:
    """Probability that a pair with these counts is bought within seven days."""
    log_odds = settings.base_log_odds + (
        settings.view_log_odds * counts.views
        + settings.scroll_log_odds * counts.scrolls
        + settings.cart_log_odds * counts.carts
    )
    return 1 / (1 + np.exp(-log_odds))


def decide_purchases(
    rng: np.random.Generator, settings: ShopSettings, visits: Visits, looked: Encounters, counts: Counts
) -> Bools:
    """Whether each encounter ends in a purchase; who never signs in cannot buy."""
    is_wanted = rng.random(len(looked.visit)) < purchase_probability(settings, counts)
    return is_wanted & (visits.sign_in[looked.visit] != SignIn.NEVER)


def buy(
    rng: np.random.Generator, settings: ShopSettings, buying: Buying, offer: Offer, day_at: int, sessions: Numbers
) -> Bought:
    """Purchases, most of them minutes after their episode and in its session, and what comes back of them.

    Args:
        rng: Where chance comes from.
        settings: How much is sent back.
        buying: The pairs; one of a visit that signs in tomorrow is bought in a session apart.
        offer: Prices of the day of the episode; they hold until the purchase.
        day_at: Start of that day, ms.
        sessions: Numbers for sessions apart.
    """
    purchases, is_soon = _purchase_rows(rng, buying.last_rows, offer, day_at)
    is_apart = ~is_soon | (buying.sign_in == SignIn.NEXT_DAY)
    purchases["session"][is_apart] = sessions.take(int(is_apart.sum()))
    returns = _return_rows(rng, purchases[rng.random(len(purchases)) < settings.return_share], sessions)
    return Bought(purchases, returns, buying.visit[~is_apart], purchases["at"][~is_apart])


def _purchase_rows(rng: np.random.Generator, last_rows: Rows, offer: Offer, day_at: int) -> tuple[Rows, Bools]:
    """The purchases, signed in, and which of them are made soon: minutes, not days after the episode."""
    rows, count = last_rows.copy(), len(last_rows)
    is_soon = rng.random(count) < SOON_SHARE
    delay = SOON_AFTER + np.minimum(rng.exponential(SOON_MEAN, count), SOON_MOST).astype(np.int64)
    later_days = rng.integers(1, LATEST_PURCHASE_DAYS + 1, count)
    later_at = np.maximum(draw_start_times(rng, day_at, count) + later_days * DAY, rows["at"] + MINUTE)
    rows["at"] = np.where(is_soon, rows["at"] + delay, later_at)
    rows["action"] = Action.PURCHASE
    rows["quantity"] = 1 + rng.choice(len(QUANTITY_SHARES), count, p=QUANTITY_SHARES)
    rows["cents"] = offer.cents[rows["item"]]
    rows["is_signed_in"] = True
    for field in ("list", "position", "surface", "propensity"):
        rows[field] = 0
    return rows, is_soon


def _return_rows(rng: np.random.Generator, purchases: Rows, sessions: Numbers) -> Rows:
    """The given purchases sent back: the same units at the same price, in sessions of their own."""
    rows = purchases.copy()
    rows["at"] += rng.integers(EARLIEST_RETURN, LATEST_RETURN, len(rows))
    rows["action"] = Action.RETURN
    rows["session"] = sessions.take(len(rows))
    return rows
