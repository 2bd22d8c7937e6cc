import numpy as np
import pytest

from lakerec.shop.catalogue import catalogue_records, change_offer, make_catalogue, open_offer
from lakerec.shop.wording import CATEGORIES
from tests.lib.shop.shops import a_shop


def test_names_are_unique_even_where_words_run_out() -> None:
    catalogue = make_catalogue(a_shop(item_count=5_000, style_count=2))

    assert len(set(catalogue.names)) == 5_000
    assert sum("edition 2" in name for name in catalogue.names) > 0


def test_the_same_seed_lists_the_same_items_and_another_seed_others() -> None:
    one, same, other = (make_catalogue(a_shop(seed=seed)) for seed in (1, 1, 2))

    assert one.names == same.names
    assert one.names != other.names


def test_popularity_sums_to_one_in_every_style() -> None:
    catalogue = make_catalogue(a_shop(item_count=200))

    sums = np.bincount(catalogue.style, catalogue.appeal)

    assert sums == pytest.approx(np.ones(12))
    assert catalogue.fame.sum() == pytest.approx(1)


def test_coats_cost_more_than_scarves() -> None:
    catalogue = make_catalogue(a_shop(item_count=2_000))
    names = [category.name for category in CATEGORIES]
    cents = {name: np.median(catalogue.base_cents[catalogue.category == i]) for i, name in enumerate(names)}

    assert cents["coats"] > 3 * cents["scarves"]
    assert catalogue.base_cents.min() > 0


def test_the_opening_lists_everything_that_is_there_and_later_days_only_what_changed() -> None:
    settings = a_shop(item_count=1_000, opening_share=0.5, daily_arrival_share=0.01)
    catalogue = make_catalogue(settings)
    offer = open_offer(catalogue)

    opening = change_offer(settings, catalogue, offer, 0)
    next_day = change_offer(settings, catalogue, offer, 1)

    assert opening.tolist() == list(range(500))
    assert set(range(500, 510)) <= set(next_day.tolist())
    assert len(next_day) < 100
    assert not offer.is_available[510:].any()


def test_a_record_says_what_a_catalogue_says() -> None:
    settings = a_shop()
    catalogue = make_catalogue(settings)
    offer = open_offer(catalogue)
    change_offer(settings, catalogue, offer, 0)

    (record,) = catalogue_records(catalogue, offer, np.array([3]), "2025-03-03T00:00:00.000Z")

    material = record["attributes"]["material"]
    assert record == {
        "item_id": "i000003",
        "name": f"{material.capitalize()} {record['attributes']['cut']}, {record['attributes']['colour']}",
        "category": CATEGORIES[catalogue.category[3]].name,
        "attributes": record["attributes"],
        "price": int(catalogue.base_cents[3]) / 100,
        "is_available": True,
        "changed_at": "2025-03-03T00:00:00.000Z",
    }
