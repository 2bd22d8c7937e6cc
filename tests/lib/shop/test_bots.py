import numpy as np

from lakerec.shop.bots import bot_rows, count_bot_sessions
from lakerec.shop.catalogue import change_offer, make_catalogue, open_offer
from lakerec.shop.people import make_people
from lakerec.shop.rows import DAY, MINUTE, Action
from lakerec.shop.shelf import stock_shelf
from tests.lib.shop.shops import a_shop

SETTINGS = a_shop()


def a_shelf(*, is_open: bool):
    catalogue = make_catalogue(SETTINGS)
    offer = open_offer(catalogue)
    if is_open:
        change_offer(SETTINGS, catalogue, offer, 0)
    return stock_shelf(np.random.default_rng(0), catalogue, offer, 12)


def test_a_bot_leaves_hundreds_of_views_within_minutes_of_one_day() -> None:
    people = make_people(SETTINGS)
    sessions = np.array([5, 6])

    rows = bot_rows(np.random.default_rng(0), people, a_shelf(is_open=True), sessions, day_at=DAY)

    assert people.is_bot[rows["user"]].all()
    assert (rows["action"] == Action.VIEW).all()
    for session in (5, 6):
        at = rows["at"][rows["session"] == session]
        assert len(at) >= 150
        assert len(at) / (np.ptp(at) / MINUTE) >= 120
        assert DAY <= at.min() <= at.max() < 2 * DAY


def test_there_are_as_many_bot_sessions_as_their_share_of_lines_asks_for() -> None:
    settings = a_shop(user_count=1_000, item_count=1_000, events_per_day=100_000, bot_share=0.1)
    people = make_people(settings)
    rng = np.random.default_rng(0)

    mean = np.mean([count_bot_sessions(rng, settings, people) for _ in range(200)])

    assert abs(mean - 0.1 * 100_000 / 275) < 1.5


def test_without_bots_or_items_there_are_no_bot_events() -> None:
    rng = np.random.default_rng(0)
    nobody, people = make_people(a_shop(bot_share=0)), make_people(SETTINGS)

    assert count_bot_sessions(rng, a_shop(bot_share=0), nobody) == 0
    assert len(bot_rows(rng, nobody, a_shelf(is_open=True), np.zeros(0, np.int64), 0)) == 0
    assert len(bot_rows(rng, people, a_shelf(is_open=False), np.array([1]), 0)) == 0
