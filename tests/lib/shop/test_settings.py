import pytest
from pydantic import ValidationError

from lakerec.shop.settings import NEVER
from tests.lib.shop.shops import a_shop


def test_arrivals_follow_the_opening_at_their_daily_pace() -> None:
    settings = a_shop(opening_share=0.5, daily_arrival_share=0.2)

    days = settings.arrival_days(10)

    assert days.tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2, 3]


def test_without_daily_arrivals_the_rest_never_comes() -> None:
    settings = a_shop(opening_share=0.5, daily_arrival_share=0)

    days = settings.arrival_days(4)

    assert days.tolist() == [0, 0, NEVER, NEVER]


def test_arrivals_do_not_depend_on_the_length_of_the_log() -> None:
    assert a_shop(days=2).arrival_days(100).tolist() == a_shop(days=50).arrival_days(100).tolist()


def test_more_events_than_pairs_can_make_are_refused() -> None:
    with pytest.raises(ValidationError, match="too few pairs"):
        a_shop(user_count=10, item_count=10, events_per_day=1_000)


def test_shares_of_sign_ins_beyond_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="together exceed 1"):
        a_shop(anonymous_share=0.5, late_sign_in_share=0.4, next_day_sign_in_share=0.2)


def test_a_log_of_mostly_mess_is_refused() -> None:
    with pytest.raises(ValidationError, match="too little of the log is ordinary"):
        a_shop(bot_share=0.4, malformed_share=0.19)
