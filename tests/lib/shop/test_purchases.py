import math

import numpy as np
import pytest

from lakerec.shop.catalogue import Offer
from lakerec.shop.encounters import Encounters
from lakerec.shop.episodes import Counts
from lakerec.shop.purchases import Buying, buy, decide_purchases, purchase_probability
from lakerec.shop.rows import DAY, HOUR, Action, Numbers, empty_rows
from lakerec.shop.visits import SignIn, draw_visits
from tests.lib.shop.shops import a_shop

OFFER = Offer(cents=np.array([1990, 2990, 3990]), is_available=np.ones(3, bool))
SETTINGS = a_shop(base_log_odds=-3.0, view_log_odds=0.5, scroll_log_odds=0.25, cart_log_odds=2.0, return_share=0.5)


def last_events(count: int):
    rows = empty_rows(count)
    rows["session"], rows["user"], rows["item"], rows["at"] = 1, 7, 2, 20 * HOUR
    rows["list"], rows["position"], rows["propensity"] = 9, 1, 0.5
    return rows


def buying(count: int, sign_in: SignIn = SignIn.AT_ONCE) -> Buying:
    return Buying(last_events(count), np.zeros(count, np.int64), np.full(count, sign_in))


def test_the_probability_is_the_planted_logistic_function_of_the_counts() -> None:
    counts = Counts(views=np.array([1, 2]), scrolls=np.array([0, 4]), carts=np.array([0, 1]))

    probability = purchase_probability(SETTINGS, counts)

    assert probability == pytest.approx([1 / (1 + math.exp(3.0 - 0.5)), 1 / (1 + math.exp(3.0 - 1.0 - 1.0 - 2.0))])


def test_who_never_signs_in_buys_nothing() -> None:
    rng = np.random.default_rng(0)
    visits = draw_visits(rng, a_shop(anonymous_share=1, late_sign_in_share=0, next_day_sign_in_share=0),
                         np.arange(200), np.arange(200), day_at=0)  # fmt: skip
    nothing = np.zeros(200, np.int64)
    looked = Encounters(np.arange(200), nothing, nothing, nothing)
    counts = Counts(nothing + 9, nothing + 9, nothing + 9)

    assert not decide_purchases(rng, SETTINGS, visits, looked, counts).any()
    assert decide_purchases(rng, SETTINGS, visits._replace(sign_in=nothing), looked, counts).all()


def test_a_purchase_follows_its_episode_within_seven_days() -> None:
    bought = buy(np.random.default_rng(0), SETTINGS, buying(5_000), OFFER, 0, Numbers(100))

    delay = bought.purchases["at"] - 20 * HOUR
    assert delay.min() > 0
    assert bought.purchases["at"].max() < 7 * DAY
    assert 0.7 < (delay < 3 * HOUR + HOUR).mean() < 0.8


def test_a_purchase_has_units_and_the_price_of_the_day_and_names_no_list() -> None:
    bought = buy(np.random.default_rng(0), SETTINGS, buying(500), OFFER, 0, Numbers(100))

    assert set(bought.purchases["quantity"].tolist()) == {1, 2, 3}
    assert set(bought.purchases["cents"].tolist()) == {3990}
    assert not bought.purchases["list"].any()
    assert bought.purchases["is_signed_in"].all()
    assert (bought.purchases["action"] == Action.PURCHASE).all()


def test_later_purchases_have_sessions_of_their_own() -> None:
    bought = buy(np.random.default_rng(0), SETTINGS, buying(500), OFFER, 0, Numbers(100))

    is_later = bought.purchases["at"] > DAY + 6 * HOUR
    assert is_later.any()
    assert (bought.purchases["session"][is_later] >= 100).all()
    assert len(set(bought.purchases["session"][is_later].tolist())) == is_later.sum()
    assert (bought.signing_at < DAY + 6 * HOUR).all()


def test_a_visit_that_signs_in_tomorrow_buys_in_sessions_apart() -> None:
    bought = buy(np.random.default_rng(0), SETTINGS, buying(100, SignIn.NEXT_DAY), OFFER, 0, Numbers(100))

    assert (bought.purchases["session"] >= 100).all()
    assert len(bought.signing_visit) == 0


def test_a_return_sends_back_the_same_units_two_to_seven_days_later() -> None:
    bought = buy(np.random.default_rng(0), a_shop(return_share=1), buying(200), OFFER, 0, Numbers(100))

    kept = bought.returns["at"] - bought.purchases["at"]
    assert ((kept >= 2 * DAY) & (kept < 7 * DAY)).all()
    assert (bought.returns["quantity"] == bought.purchases["quantity"]).all()
    assert (bought.returns["action"] == Action.RETURN).all()
