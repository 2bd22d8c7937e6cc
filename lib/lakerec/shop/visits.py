"""Who comes on a day, when, on which device, and when they say who they are."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from lakerec.shop.rows import DAY, HOUR, NOBODY, Bools, Ints
from lakerec.shop.settings import ShopSettings

HOUR_WEIGHTS = np.array(
    [12, 7, 4, 3, 3, 5, 12, 25, 36, 42, 46, 50, 58, 54, 46, 44, 48, 56, 66, 80, 92, 88, 62, 30], float
)
WEEKDAY_FACTORS = (0.92, 0.90, 0.93, 0.97, 1.05, 1.13, 1.10)  # Monday first; mean 1
EARLIEST_RESUMED_HOUR = 8
ALWAYS, NOT_TODAY = 0, np.iinfo(np.int64).max
SURFACE_SHARES = (0.5, 0.3, 0.2)  # home, category, search
DEVICE_SHARES = (0.6, 0.3, 0.1)  # phone, desktop, tablet
REFERRER_SHARES = (0.5, 0.25, 0.15, 0.1)  # none, search engine, newsletter, social network


class SignIn(IntEnum):
    """When a visit says who its user is."""

    AT_ONCE = 0
    HALF_WAY = 1
    NEXT_DAY = 2
    NEVER = 3


class Visits(NamedTuple):
    """One entry per visit; `number` names its list, `session` its session (another's where a visit resumes one)."""

    number: Ints
    session: Ints
    user: Ints  # whose taste it follows, even if it never signs in
    sign_in: Ints
    start_at: Ints  # ms
    has_list: Bools
    surface: Ints
    device: Ints
    referrer: Ints

    @property
    def sent_user(self) -> Ints:
        """The user whom the visit's events belong to in the end."""
        return np.where(self.sign_in == SignIn.NEVER, NOBODY, self.user)


def draw_start_times(rng: np.random.Generator, day_at: int, count: int) -> Ints:
    """Times (ms) within the day that starts at `day_at`, by the hours' popularity."""
    hours = rng.choice(24, count, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    return day_at + hours * HOUR + rng.integers(0, HOUR, count)


def draw_visits(rng: np.random.Generator, settings: ShopSettings, users: Ints, numbers: Ints, day_at: int) -> Visits:
    """A fresh visit for each entry of `users`."""
    count = len(users)
    shares = np.array([settings.late_sign_in_share, settings.next_day_sign_in_share, settings.anonymous_share])
    return Visits(
        number=numbers,
        session=numbers,
        user=users,
        sign_in=rng.choice(4, count, p=np.array([max(0.0, 1 - shares.sum()), *shares])),
        start_at=draw_start_times(rng, day_at, count),
        has_list=rng.random(count) < settings.list_share,
        surface=rng.choice(len(SURFACE_SHARES), count, p=SURFACE_SHARES),
        device=rng.choice(len(DEVICE_SHARES), count, p=DEVICE_SHARES),
        referrer=rng.choice(len(REFERRER_SHARES), count, p=REFERRER_SHARES),
    )


def resume_visits(visits: Visits, sessions: Ints, day_at: int) -> Visits:
    """The same visits as continuations of yesterday's sessions: signed in at once, in the morning at the earliest.

    Each shows a list, so that it leaves an event, whatever its user finds.
    """
    earliest = day_at + EARLIEST_RESUMED_HOUR * HOUR
    return visits._replace(
        session=sessions,
        sign_in=np.full(len(sessions), SignIn.AT_ONCE),
        start_at=earliest + (visits.start_at - day_at) * (DAY - EARLIEST_RESUMED_HOUR * HOUR) // DAY,
        has_list=np.ones(len(sessions), bool),
    )


def sign_in_times(rng: np.random.Generator, visits: Visits, visit: Ints, at: Ints) -> Ints:
    """From when on (ms) each visit's events carry its user.

    Args:
        rng: Where chance comes from.
        visits: All visits.
        visit: The visit of each event, ascending; some visits may have none.
        at: When each event happened, ms.

    Returns:
        Per visit; a visit half-way signs in at one of its events, one without events at once.
    """
    is_signed_out = (visits.sign_in == SignIn.NEXT_DAY) | (visits.sign_in == SignIn.NEVER)
    times = np.where(is_signed_out, NOT_TODAY, ALWAYS)
    first, last = (np.searchsorted(visit, np.arange(len(times)), side=side) for side in ("left", "right"))
    half_way = np.flatnonzero((visits.sign_in == SignIn.HALF_WAY) & (last > first))
    times[half_way] = at[rng.integers(first[half_way], last[half_way])]
    return times
