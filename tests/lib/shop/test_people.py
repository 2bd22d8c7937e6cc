import numpy as np
import pytest

from lakerec.shop.people import make_people
from tests.lib.shop.shops import a_shop


def test_tastes_are_shares_and_most_people_love_one_or_two_styles() -> None:
    people = make_people(a_shop(user_count=2_000))

    two_loved = np.sort(people.tastes, axis=1)[:, -2:].sum(axis=1)

    assert people.tastes.sum(axis=1) == pytest.approx(np.ones(2_000))
    assert np.median(two_loved) > 0.7


def test_nobody_visits_before_arriving_and_bots_are_no_visitors() -> None:
    people = make_people(a_shop(user_count=100, opening_share=0.5, daily_arrival_share=0.1))

    users = people.draw_users(np.random.default_rng(0), day=1, count=5_000)

    assert people.arrival_day[users].max() == 1
    assert not people.is_bot[users].any()


def test_there_is_a_bot_where_bots_are_wanted_but_not_everybody_is_one() -> None:
    assert make_people(a_shop(user_count=60)).is_bot.sum() == 1
    assert make_people(a_shop(user_count=60, bot_share=0)).is_bot.sum() == 0
    assert make_people(a_shop(user_count=1, item_count=10, events_per_day=1)).is_bot.sum() == 0


def test_styles_are_drawn_by_taste() -> None:
    people = make_people(a_shop())
    users = np.full(20_000, 7)

    styles = people.draw_styles(np.random.default_rng(0), users)

    assert np.bincount(styles, minlength=12) / 20_000 == pytest.approx(people.tastes[7], abs=0.02)
