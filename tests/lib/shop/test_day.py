import numpy as np

from lakerec.shop.catalogue import change_offer, make_catalogue, open_offer
from lakerec.shop.crowd import Shop
from lakerec.shop.day import NOBODY_RESUMES, DrawnDay, Resuming, draw_day
from lakerec.shop.people import make_people
from lakerec.shop.rows import DAY, HOUR, NOBODY, Planted
from lakerec.shop.settings import ShopSettings
from lakerec.shop.visits import SignIn
from tests.lib.shop.shops import a_shop

SETTINGS = a_shop(user_count=500, item_count=300, events_per_day=3_000, bot_share=0.2)


def a_day(settings: ShopSettings = SETTINGS, resuming: Resuming = NOBODY_RESUMES, day: int = 0) -> DrawnDay:
    shop = Shop(settings, make_people(settings), make_catalogue(settings))
    offer = open_offer(shop.catalogue)
    change_offer(settings, shop.catalogue, offer, 0)
    return draw_day(shop, offer, resuming, day, day_at=day * DAY)


def test_the_same_day_is_drawn_again_and_another_seed_draws_another() -> None:
    once, again = a_day(), a_day()
    other = a_day(SETTINGS.model_copy(update={"seed": 99}))

    assert once.rows.tobytes() == again.rows.tobytes()
    assert once.rows.tobytes() != other.rows.tobytes()


def test_a_day_makes_about_as_many_lines_as_wanted_busier_on_saturdays() -> None:
    quiet = a_shop(user_count=500, item_count=300, events_per_day=6_000, bot_share=0.0)

    monday, saturday = a_day(quiet), a_day(quiet, day=5)

    assert abs(len(monday.rows) - 0.92 * 6_000) < 150
    assert abs(len(saturday.rows) - 1.13 * 6_000) < 150


def test_event_numbers_are_unique_but_for_duplicates() -> None:
    rows = a_day().rows
    is_copy = (rows["planted"] == Planted.REPEATED) | (rows["planted"] == Planted.REDELIVERED)

    own = rows["number"][~is_copy]

    assert len(np.unique(own)) == len(own)
    assert np.isin(rows["number"][is_copy], rows["number"][rows["planted"] == Planted.NOTHING]).all()


def test_whoever_signs_in_tomorrow_resumes_the_session_tomorrow() -> None:
    drawn = a_day()

    tomorrow = a_day(resuming=drawn.resuming, day=1)

    assert len(drawn.resuming.sessions) > 0
    for user, session in zip(*(column.tolist() for column in drawn.resuming), strict=True):
        rows = tomorrow.rows[tomorrow.rows["session"] == session]
        assert len(rows) > 0
        assert rows["is_signed_in"].all()
        assert set(rows["user"].tolist()) == {user}
        assert rows["at"].min() >= DAY + 8 * HOUR


def test_the_truth_about_sessions_agrees_with_the_rows() -> None:
    drawn = a_day()
    sessions = drawn.sessions
    user_of = dict(zip(sessions.session.tolist(), sessions.user.tolist(), strict=True))

    told = drawn.rows[np.isin(drawn.rows["session"], sessions.session)]

    assert all(user_of[session] == user for session, user in told[["session", "user"]].tolist())
    assert (sessions.user[sessions.sign_in == SignIn.NEVER] == NOBODY).all()
    assert sessions.is_bot.sum() > 0
    assert set(sessions.session.tolist()) <= set(drawn.rows["session"].tolist())
