"""Visits of programs: hundreds of views within minutes, of anything there is, and never a purchase."""

import numpy as np

from lakerec.shop.people import People
from lakerec.shop.rows import DAY, HOUR, MINUTE, Action, Ints, Rows, empty_rows
from lakerec.shop.settings import ShopSettings
from lakerec.shop.shelf import Shelf

FEWEST_EVENTS, MOST_EVENTS = 150, 400
EVENTS_PER_MINUTE = 120  # at least
LATEST_START = DAY - 2 * HOUR  # no bot session reaches into the next day
DESKTOP = 1


def count_bot_sessions(rng: np.random.Generator, settings: ShopSettings, people: People) -> int:
    """How many bot sessions a day has; 0 without bots."""
    if not people.is_bot.any():
        return 0
    mean_events = (FEWEST_EVENTS + MOST_EVENTS) / 2
    return int(rng.poisson(settings.bot_share * settings.events_per_day / mean_events))


def bot_rows(rng: np.random.Generator, people: People, shelf: Shelf, sessions: Ints, day_at: int) -> Rows:
    """The events of the given sessions, each of some bot."""
    bots = rng.choice(np.flatnonzero(people.is_bot), len(sessions)) if len(sessions) else np.zeros(0, np.int64)
    events = rng.integers(FEWEST_EVENTS, MOST_EVENTS + 1, len(sessions))
    span = events * MINUTE // EVENTS_PER_MINUTE
    start_at = day_at + rng.integers(0, LATEST_START, len(sessions))
    owner = np.repeat(np.arange(len(sessions)), events)
    rows = empty_rows(len(owner) if len(shelf.available) else 0)
    owner = owner[: len(rows)]
    rows["session"], rows["user"], rows["is_signed_in"] = sessions[owner], bots[owner], True
    rows["item"] = rng.choice(shelf.available, len(rows)) if len(rows) else 0
    rows["action"], rows["device"] = Action.VIEW, DESKTOP
    rows["at"] = start_at[owner] + (rng.random(len(rows)) * span[owner]).astype(np.int64)
    return rows
