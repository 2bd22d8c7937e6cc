import numpy as np
import pytest

from lakerec.shop.catalogue import change_offer, make_catalogue, open_offer
from lakerec.shop.encounters import Encounters, browse, click, join_encounters, pair_keys, show_lists
from lakerec.shop.people import make_people
from lakerec.shop.shelf import may_meet, stock_shelf
from lakerec.shop.visits import draw_visits
from tests.lib.shop.shops import a_shop

SETTINGS = a_shop(user_count=500, item_count=1_000, list_share=0.5)
DAY = 3


class World:
    """A day's people, visits and shelf."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.people = make_people(SETTINGS)
        self.catalogue = make_catalogue(SETTINGS)
        offer = open_offer(self.catalogue)
        change_offer(SETTINGS, self.catalogue, offer, 0)
        self.shelf = stock_shelf(self.rng, self.catalogue, offer, 12)
        users = self.people.draw_users(self.rng, 0, 1_000)
        self.visits = draw_visits(self.rng, SETTINGS, users, np.arange(1_000), day_at=0)


def encounters(*rows: tuple[int, int, int]) -> Encounters:
    """From (visit, item, position)."""
    visit, item, position = np.array(rows, np.int64).reshape(-1, 3).T
    return Encounters(visit, item, position, np.where(position > 0, 0.5, 0.0))


def test_lists_have_positions_from_one_and_only_visits_with_a_list_have_them() -> None:
    world = World()

    shown = show_lists(world.rng, world.visits, world.shelf)

    assert shown.position[:8].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert set(shown.visit.tolist()) == set(np.flatnonzero(world.visits.has_list).tolist())
    assert ((shown.propensity > 0) & (shown.propensity <= 1)).all()


def test_people_click_what_they_like_and_may_meet_today() -> None:
    world = World()
    shown = show_lists(world.rng, world.visits, world.shelf)
    style = world.catalogue.style

    clicked = click(world.rng, world.visits, shown, world.people, style, DAY)

    liked, offered = (world.people.tastes[world.visits.user[e.visit], style[e.item]].mean() for e in (clicked, shown))
    assert liked > 3 * offered
    assert may_meet(world.visits.user[clicked.visit], clicked.item, DAY).all()


def test_the_same_items_are_clicked_more_often_at_the_top_of_a_list() -> None:
    world = World()
    shown = Encounters(*(np.tile(column, 10) for column in show_lists(world.rng, world.visits, world.shelf)))
    at_top, at_end = (shown._replace(position=np.full(len(shown.item), position)) for position in (1, 8))

    top, end = (click(world.rng, world.visits, e, world.people, world.catalogue.style, DAY) for e in (at_top, at_end))

    assert len(top.item) / len(end.item) == pytest.approx(1 + 0.2 * 7, rel=0.15)


def test_people_browse_distinct_items_that_they_may_meet_today_mostly_to_their_taste() -> None:
    world = World()

    looked = browse(world.rng, world.visits, world.people, world.shelf, DAY)

    user = world.visits.user[looked.visit]
    assert len(np.unique(pair_keys(user, looked.item))) == len(looked.item)
    assert may_meet(user, looked.item, DAY).all()
    assert world.people.tastes[user, world.catalogue.style[looked.item]].mean() > 0.4
    assert (looked.position == 0).all()


def test_of_two_encounters_of_a_pair_the_click_stays() -> None:
    visits = World().visits._replace(user=np.array([7, 8]))

    joined = join_encounters(visits, encounters((1, 5, 2)), encounters((0, 5, 0), (1, 5, 0), (1, 6, 0)), set())

    assert joined.visit.tolist() == [0, 1, 1]
    assert joined.item.tolist() == [5, 5, 6]
    assert joined.position.tolist() == [0, 2, 0]


def test_a_pair_that_met_in_another_visit_of_the_day_does_not_meet_again() -> None:
    visits = World().visits._replace(user=np.array([7]))
    met = set(pair_keys(np.array([7]), np.array([5])).tolist())

    joined = join_encounters(visits, encounters(), encounters((0, 5, 0), (0, 6, 0)), met)

    assert joined.item.tolist() == [6]
