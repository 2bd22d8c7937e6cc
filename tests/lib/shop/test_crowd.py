import numpy as np

from lakerec.shop.catalogue import change_offer, make_catalogue, open_offer
from lakerec.shop.crowd import Crowd, Shop
from lakerec.shop.people import make_people
from lakerec.shop.rows import NOBODY, Action
from lakerec.shop.settings import ShopSettings
from lakerec.shop.visits import SignIn
from tests.lib.shop.shops import a_shop

SETTINGS = a_shop(user_count=300, item_count=300)


def a_crowd(settings: ShopSettings = SETTINGS) -> Crowd:
    shop = Shop(settings, make_people(settings), make_catalogue(settings))
    offer = open_offer(shop.catalogue)
    change_offer(settings, shop.catalogue, offer, 0)
    return Crowd(np.random.default_rng(0), shop, offer, day=0, day_at=0)


def test_visits_come_until_there_are_about_as_many_rows_as_wanted() -> None:
    blocks = a_crowd().come_until(2_000)

    assert 1_900 < sum(len(block.rows) for block in blocks) < 2_150


def test_a_shop_too_small_for_its_rows_ends_its_day_all_the_same() -> None:
    settings = a_shop(user_count=8, item_count=8, events_per_day=8, list_share=0)

    blocks = a_crowd(settings).come_until(10_000)

    assert 0 < sum(len(block.rows) for block in blocks) < 10_000


def test_a_pair_meets_once_a_day_whatever_the_blocks() -> None:
    crowd = a_crowd()
    users = np.tile(np.arange(50), 4)

    rows = np.concatenate([crowd.come(crowd.visits_of(users)).rows for _ in range(2)])

    looked = rows[(rows["action"] == Action.VIEW) & (rows["user"] != NOBODY)]
    sessions_of_pair = {(user, item, session) for user, item, session in looked[["user", "item", "session"]].tolist()}
    assert len({(user, item) for user, item, _ in sessions_of_pair}) == len(sessions_of_pair)


def test_a_visit_is_signed_in_from_its_first_purchase_on_and_stays_so() -> None:
    crowd = a_crowd(a_shop(user_count=300, item_count=300, late_sign_in_share=0.8))

    visits, rows = crowd.come(crowd.visits_of(np.arange(300)))

    half_way = set(visits.session[visits.sign_in == SignIn.HALF_WAY].tolist())
    signed = 0
    for session in half_way:
        events = np.sort(rows[rows["session"] == session], order=["at"])
        is_signed_in = events["is_signed_in"].tolist()
        assert is_signed_in == sorted(is_signed_in)
        signed += any(is_signed_in) and not all(is_signed_in)
    assert signed > 50


def test_visits_that_never_sign_in_or_only_tomorrow_send_no_user() -> None:
    crowd = a_crowd(a_shop(user_count=300, item_count=300, anonymous_share=0.4, next_day_sign_in_share=0.4))

    visits, rows = crowd.come(crowd.visits_of(np.arange(300)))

    for kind in (SignIn.NEVER, SignIn.NEXT_DAY):
        theirs = np.isin(rows["session"], visits.session[visits.sign_in == kind])
        assert theirs.any()
        assert not rows["is_signed_in"][theirs].any()
