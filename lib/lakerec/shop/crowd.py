"""The people who come on one day, and all that comes of their visits."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lakerec.shop.catalogue import Catalogue, Offer
from lakerec.shop.encounters import Encounters, browse, click, join_encounters, pair_keys, show_lists
from lakerec.shop.episodes import draw_counts, episode_rows, impression_rows
from lakerec.shop.people import People
from lakerec.shop.purchases import Buying, buy, decide_purchases
from lakerec.shop.rows import Ints, Numbers, Rows
from lakerec.shop.settings import ShopSettings
from lakerec.shop.shelf import stock_shelf
from lakerec.shop.visits import Visits, draw_visits, sign_in_times

VISITS_PER_BLOCK = 2_000  # bounds the memory that candidates take
ROWS_PER_VISIT = 15.0  # a first guess
MOST_VISITS_PER_USER = 20  # a day; where a shop is too small for its events_per_day, the day ends here
SESSIONS_PER_DAY = 10**8


@dataclass(frozen=True)
class Shop:
    """What stays the same from day to day."""

    settings: ShopSettings
    people: People
    catalogue: Catalogue


class Block(NamedTuple):
    """Some visits, and their rows: events of today and of the days to come."""

    visits: Visits
    rows: Rows


class Crowd:
    """Draws one day's visits block by block; remembers which pairs met already, and numbers the sessions."""

    def __init__(self, rng: np.random.Generator, shop: Shop, offer: Offer, day: int, day_at: int) -> None:
        self._rng, self._shop, self._offer, self._day, self._day_at = rng, shop, offer, day, day_at
        self.shelf = stock_shelf(rng, shop.catalogue, offer, shop.settings.style_count)
        self.sessions = Numbers(day * SESSIONS_PER_DAY + 1)
        self._met: set[int] = set()

    def visits_of(self, users: Ints) -> Visits:
        """A new visit for each entry of `users`."""
        return draw_visits(self._rng, self._shop.settings, users, self.sessions.take(len(users)), self._day_at)

    def come_until(self, row_count: float) -> list[Block]:
        """New visits, until they make about this many rows."""
        blocks: list[Block] = []
        visit_count, made = 0, 0
        most_visits = MOST_VISITS_PER_USER * self._shop.people.count
        while made < row_count and visit_count < most_visits:
            rows_per_visit = made / visit_count if made else ROWS_PER_VISIT
            count = int(np.clip((row_count - made) / rows_per_visit, 1, VISITS_PER_BLOCK))
            users = self._shop.people.draw_users(self._rng, self._day, count)
            blocks.append(self.come(self.visits_of(users)))
            visit_count += count
            made += len(blocks[-1].rows)
        return blocks

    def come(self, visits: Visits) -> Block:
        """Everything that comes of these visits, today or later."""
        rng, settings = self._rng, self._shop.settings
        shown = show_lists(rng, visits, self.shelf)
        looked = self._look(visits, shown)
        counts = draw_counts(rng, len(looked.visit))
        impressions = impression_rows(visits, shown)
        episodes = episode_rows(rng, visits, looked, counts, self._offer)

        is_bought = decide_purchases(rng, settings, visits, looked, counts)
        last_rows = episodes[(np.cumsum(counts.total) - 1)[is_bought]]
        buying = Buying(last_rows, looked.visit[is_bought], visits.sign_in[looked.visit[is_bought]])
        bought = buy(rng, settings, buying, self._offer, self._day_at, self.sessions)

        visit = np.repeat(looked.visit, counts.total)
        signs_in_at = sign_in_times(rng, visits, visit, episodes["at"])
        np.minimum.at(signs_in_at, bought.signing_visit, bought.signing_at)
        episodes["is_signed_in"] = episodes["at"] >= signs_in_at[visit]
        impressions["is_signed_in"] = impressions["at"] >= signs_in_at[shown.visit]
        return Block(visits, np.concatenate([impressions, episodes, bought.purchases, bought.returns]))

    def _look(self, visits: Visits, shown: Encounters) -> Encounters:
        """What the visits look into, of what they are shown and by themselves."""
        people = self._shop.people
        clicked = click(self._rng, visits, shown, people, self._shop.catalogue.style, self._day)
        browsed = browse(self._rng, visits, people, self.shelf, self._day)
        looked = join_encounters(visits, clicked, browsed, self._met)
        self._met.update(pair_keys(visits.user[looked.visit], looked.item).tolist())
        return looked
