import numpy as np
import pytest

from lakerec.shop.rows import DAY, HOUR, NOBODY
from lakerec.shop.visits import WEEKDAY_FACTORS, SignIn, draw_start_times, draw_visits, resume_visits, sign_in_times
from tests.lib.shop.shops import a_shop

NOON = 12 * HOUR


def some_visits(count: int = 1_000):
    rng = np.random.default_rng(0)
    return draw_visits(rng, a_shop(), users=np.arange(count), numbers=np.arange(count) + 1, day_at=DAY)


def test_evenings_are_busier_than_nights() -> None:
    times = draw_start_times(np.random.default_rng(0), DAY, 10_000)
    hours = np.bincount((times - DAY) // HOUR, minlength=24)

    assert len(hours) == 24
    assert hours[20] > 10 * hours[3]


def test_weekdays_balance_over_a_week() -> None:
    assert sum(WEEKDAY_FACTORS) / 7 == pytest.approx(1)


def test_a_visit_that_never_signs_in_belongs_to_nobody() -> None:
    visits = some_visits()
    never = visits.sign_in == SignIn.NEVER

    assert 0 < never.sum() < 1_000
    assert (visits.sent_user[never] == NOBODY).all()
    assert (visits.sent_user[~never] == visits.user[~never]).all()


def test_a_resumed_visit_comes_in_the_morning_at_the_earliest_signed_in_and_with_a_list() -> None:
    visits = some_visits()

    resumed = resume_visits(visits, sessions=visits.number + 500, day_at=DAY)

    assert (resumed.session == visits.number + 500).all()
    assert (resumed.sign_in == SignIn.AT_ONCE).all()
    assert resumed.has_list.all()
    assert resumed.start_at.min() >= DAY + 8 * HOUR
    assert resumed.start_at.max() < 2 * DAY


def test_who_signs_in_half_way_does_so_at_an_event_of_the_visit() -> None:
    visits = some_visits(4)._replace(sign_in=np.array([SignIn.AT_ONCE, SignIn.HALF_WAY, SignIn.NEXT_DAY, SignIn.NEVER]))
    visit = np.array([0, 0, 1, 1, 1, 2, 3])
    at = NOON + np.arange(7)

    times = sign_in_times(np.random.default_rng(0), visits, visit, at)

    assert times[0] <= NOON
    assert times[1] in at[2:5]
    assert (times[2:] > at.max()).all()


def test_a_visit_half_way_without_events_signs_in_at_once() -> None:
    visits = some_visits(1)._replace(sign_in=np.array([SignIn.HALF_WAY]))
    nothing = np.zeros(0, np.int64)

    times = sign_in_times(np.random.default_rng(0), visits, nothing, nothing)

    assert times.tolist() == [0]
