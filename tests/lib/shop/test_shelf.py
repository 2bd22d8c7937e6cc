import numpy as np
import pytest

from lakerec.shop.catalogue import Catalogue, Offer, change_offer, make_catalogue, open_offer
from lakerec.shop.shelf import LIST_LENGTH, may_meet, stock_shelf
from tests.lib.shop.shops import a_shop

SETTINGS = a_shop(item_count=200)


def an_offer(catalogue: Catalogue) -> Offer:
    offer = open_offer(catalogue)
    change_offer(SETTINGS, catalogue, offer, 0)
    return offer


def test_only_what_can_be_had_is_drawn_and_shown() -> None:
    catalogue = make_catalogue(SETTINGS)
    offer = an_offer(catalogue)
    rng = np.random.default_rng(0)
    shelf = stock_shelf(rng, catalogue, offer, 12)

    drawn = shelf.draw_items(rng, rng.integers(0, 12, 5_000))
    shown = shelf.show_lists(rng, 500)

    assert offer.is_available[drawn].all()
    assert offer.is_available[shown.items].all()
    assert not offer.is_available.all()


def test_most_draws_are_of_the_wanted_style() -> None:
    catalogue = make_catalogue(SETTINGS)
    rng = np.random.default_rng(0)
    shelf = stock_shelf(rng, catalogue, an_offer(catalogue), 12)

    drawn = shelf.draw_items(rng, np.full(5_000, 4))

    assert (catalogue.style[drawn] == 4).mean() > 0.9


def test_a_style_without_items_gives_none() -> None:
    catalogue = make_catalogue(SETTINGS)
    offer = an_offer(catalogue)
    offer.is_available[catalogue.style == 4] = False
    rng = np.random.default_rng(0)
    shelf = stock_shelf(rng, catalogue, offer, 12)

    drawn = shelf.draw_items(rng, np.full(5_000, 4))

    assert (drawn == -1).mean() > 0.9


def test_an_empty_shelf_shows_nothing() -> None:
    catalogue = make_catalogue(SETTINGS)
    rng = np.random.default_rng(0)
    shelf = stock_shelf(rng, catalogue, open_offer(catalogue), 12)

    assert shelf.draw_items(rng, np.arange(12)).tolist() == [-1] * 12
    assert shelf.show_lists(rng, 3).items.shape == (3, 0)


def test_a_propensity_is_how_often_the_shop_shows_the_item_there() -> None:
    catalogue = make_catalogue(SETTINGS)
    rng = np.random.default_rng(0)
    shelf = stock_shelf(rng, catalogue, an_offer(catalogue), 12)

    shown = shelf.show_lists(rng, 20_000)

    assert shown.items.shape == (20_000, LIST_LENGTH)
    for position in range(LIST_LENGTH):
        _, first, counts = np.unique(shown.items[:, position], return_index=True, return_counts=True)
        assert counts / 20_000 == pytest.approx(shown.propensities[first, position], abs=0.01)
        assert shown.propensities[first, position].sum() == pytest.approx(1, abs=0.001)


def test_no_list_shows_an_item_twice() -> None:
    catalogue = make_catalogue(SETTINGS)
    rng = np.random.default_rng(0)
    shown = stock_shelf(rng, catalogue, an_offer(catalogue), 12).show_lists(rng, 500)

    assert all(len(set(items)) == LIST_LENGTH for items in shown.items.tolist())


def test_a_pair_may_meet_on_one_day_in_eight() -> None:
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(200), np.arange(200)))

    met = np.stack([may_meet(users, items, day) for day in range(16)])

    assert (met[:8].sum(axis=0) == 1).all()
    assert (met[:8] == met[8:]).all()
    assert met.mean(axis=1) == pytest.approx(np.full(16, 1 / 8), abs=0.01)
