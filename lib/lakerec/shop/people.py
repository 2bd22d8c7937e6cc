"""Who visits the shop: latent tastes, how often they come, when they arrived, and who is a bot."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lakerec.shop.rows import Bools, Floats, Ints, pick
from lakerec.shop.settings import ShopSettings

PEOPLE_STREAM = 1
TASTE_CONCENTRATION = 0.08  # of the Dirichlet, per style: most people love one or two styles
ACTIVITY_SPREAD = 0.9  # sigma of the log-normal
BOTS_PER_USER = 0.002


@dataclass(frozen=True)
class People:
    """One entry per user in every array; `tastes` is users × styles, rows sum to 1."""

    tastes: Floats
    activity: Floats
    arrival_day: Ints
    is_bot: Bools

    @property
    def count(self) -> int:
        """How many users there are once all have arrived."""
        return len(self.activity)

    @cached_property
    def cumulative_tastes(self) -> Floats:
        """Upper edge of each style's share of [0, 1)."""
        return np.cumsum(self.tastes, axis=1)

    def draw_users(self, rng: np.random.Generator, day: int, count: int) -> Ints:
        """Users who visit on a day, with repetition, by their activity; never a bot."""
        present = np.flatnonzero((self.arrival_day <= day) & ~self.is_bot)
        upper = np.cumsum(self.activity[present])
        return present[pick(upper, rng.random(count) * upper[-1])]

    def draw_styles(self, rng: np.random.Generator, users: Ints) -> Ints:
        """A style for each entry of `users`, by that user's taste."""
        edges = self.cumulative_tastes[users]
        style = (rng.random(len(users))[:, None] >= edges).sum(axis=1)
        return np.minimum(style, edges.shape[1] - 1)


def make_people(settings: ShopSettings) -> People:
    """The shop's users; independent of `settings.days`, so that a longer log has the same people."""
    rng = np.random.default_rng([settings.seed, PEOPLE_STREAM])
    count, styles = settings.user_count, settings.style_count
    arrival_day = settings.arrival_days(count)
    return People(
        tastes=rng.dirichlet(np.full(styles, TASTE_CONCENTRATION), count),
        activity=rng.lognormal(0.0, ACTIVITY_SPREAD, count),
        arrival_day=arrival_day,
        is_bot=_choose_bots(rng, arrival_day, wanted=settings.bot_share > 0),
    )


def _choose_bots(rng: np.random.Generator, arrival_day: Ints, *, wanted: bool) -> Bools:
    """A few of the users of the first day; at least one, but never everybody."""
    opening = np.flatnonzero(arrival_day == 0)
    count = min(max(1, round(BOTS_PER_USER * len(arrival_day))), len(opening) - 1) if wanted else 0
    is_bot = np.zeros(len(arrival_day), bool)
    is_bot[rng.choice(opening, count, replace=False)] = True
    return is_bot
