import numpy as np

from lakerec.shop.catalogue import Offer
from lakerec.shop.encounters import Encounters
from lakerec.shop.episodes import Counts, draw_counts, episode_rows, impression_rows
from lakerec.shop.rows import Action
from lakerec.shop.visits import draw_visits
from tests.lib.shop.shops import a_shop

OFFER = Offer(cents=np.array([1990, 2990, 3990]), is_available=np.ones(3, bool))
COUNTS = Counts(views=np.array([2, 1, 3]), scrolls=np.array([1, 0, 2]), carts=np.array([1, 0, 1]))
LOOKED = Encounters(np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([3, 0, 0]), np.array([0.25, 0.0, 0.0]))


def two_visits():
    rng = np.random.default_rng(0)
    return draw_visits(rng, a_shop(anonymous_share=0), np.array([7, 8]), np.array([31, 32]), day_at=0)


def test_every_episode_has_a_view_and_the_three_counts_vary_independently() -> None:
    counts = draw_counts(np.random.default_rng(0), 20_000)

    together = np.corrcoef(counts)
    assert counts.views.min() == 1
    assert all(np.var(count) > 0.3 for count in counts)
    assert np.abs(together - np.eye(3)).max() < 0.03


def test_an_episode_has_as_many_events_as_counted_and_starts_with_a_view() -> None:
    rows = episode_rows(np.random.default_rng(0), two_visits(), LOOKED, COUNTS, OFFER)

    assert len(rows) == 4 + 1 + 6
    assert rows["item"].tolist() == [2] * 4 + [0] + [2] * 6
    assert rows["user"].tolist() == [7] * 5 + [8] * 6
    assert np.bincount(rows["action"][:4]).tolist() == [0, 2, 1, 1]
    assert rows["action"][[0, 4, 5]].tolist() == [Action.VIEW] * 3


def test_a_visit_goes_forward_in_time_from_its_start() -> None:
    visits = two_visits()

    rows = episode_rows(np.random.default_rng(0), visits, LOOKED, COUNTS, OFFER)

    for visit, events in enumerate((rows[:5], rows[5:])):
        assert (np.diff(events["at"], prepend=visits.start_at[visit]) > 0).all()


def test_only_the_first_view_of_a_clicked_item_names_its_list() -> None:
    rows = episode_rows(np.random.default_rng(0), two_visits(), LOOKED, COUNTS, OFFER)

    assert rows["list"].tolist() == [31] + [0] * 10
    assert rows["position"][0] == 3
    assert rows["propensity"][0] == 0.25


def test_what_is_put_in_the_cart_has_a_price() -> None:
    rows = episode_rows(np.random.default_rng(0), two_visits(), LOOKED, COUNTS, OFFER)
    is_cart = rows["action"] == Action.CART

    assert (rows["cents"] == np.where(is_cart, 3990, 0)).all()
    assert (rows["quantity"] == is_cart).all()


def test_impressions_happen_when_the_visit_starts() -> None:
    visits = two_visits()
    shown = Encounters(np.array([1, 1]), np.array([0, 2]), np.array([1, 2]), np.array([0.5, 0.125]))

    rows = impression_rows(visits, shown)

    assert rows["action"].tolist() == [Action.IMPRESSION] * 2
    assert rows["at"].tolist() == [visits.start_at[1]] * 2
    assert rows["list"].tolist() == [32, 32]
    assert rows["position"].tolist() == [1, 2]
    assert rows["propensity"].tolist() == [0.5, 0.125]
