"""What the catalogue says of an item becomes factors."""

import numpy as np
import pytest

from lakerec.model.attributes import LOG_PRICE, AttributeSettings, Described, fit_attribute_map

SETTINGS = AttributeSettings(penalty=1e-6, min_items=2, max_features=10)


def item(category=None, attributes=None, price=None):
    return Described(category, attributes, price)


def test_items_that_share_a_value_share_their_factors():
    coats = [item("coats", '{"brand":"a"}'), item("coats", '{"brand":"b"}')]
    caps = [item("caps", '{"brand":"a"}'), item("caps", '{"brand":"b"}')]
    factors = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]], np.float32)

    mapped = fit_attribute_map(coats + caps, factors, SETTINGS)

    assert mapped.names == (LOG_PRICE, "brand=a", "brand=b", "category=caps", "category=coats")
    assert mapped.of([item("coats", '{"brand":"b"}'), item("caps", '{"brand":"a"}')]) == pytest.approx(
        np.array([[1.0, 1.0], [0.0, 0.0]]), abs=1e-4
    )


def test_a_strong_penalty_gives_every_item_the_mean():
    strong = SETTINGS.model_copy(update={"penalty": 1e9})
    items = [item("coats"), item("coats"), item("caps"), item("caps")]

    mapped = fit_attribute_map(items, np.array([[1.0], [1.0], [0.0], [0.0]], np.float32), strong)

    assert mapped.of([item("coats"), item("caps")]) == pytest.approx(np.array([[0.5], [0.5]]), abs=1e-6)


def test_an_item_of_which_nothing_is_known_gets_the_intercept():
    mapped = fit_attribute_map([item("a"), item("a"), item("b"), item("b")], np.eye(4, 2, dtype=np.float32), SETTINGS)

    assert mapped.of([item(), item("never seen")]) == pytest.approx(np.tile(mapped.intercept, (2, 1)), abs=1e-6)


def test_values_of_too_few_items_are_left_out_and_the_commonest_are_kept():
    items = [item("a", '{"tag":["x","y"],"new":true,"size":1}')] * 3 + [item("b", '{"tag":["x"],"weight":1.5}')] * 2
    factors = np.zeros((5, 1), np.float32)

    names = fit_attribute_map(items, factors, SETTINGS).names
    few = fit_attribute_map(items, factors, SETTINGS.model_copy(update={"max_features": 1, "min_items": 3})).names

    assert names == (LOG_PRICE, "category=a", "category=b", "new=True", "size=1", "tag=x", "tag=y")
    assert few == (LOG_PRICE, "tag=x")


def test_the_price_counts_by_its_logarithm_and_a_missing_one_as_the_mean():
    items = [item(price=price) for price in (9.0, 99.0, 999.0)]
    factors = np.array([[1.0], [2.0], [3.0]], np.float32)

    mapped = fit_attribute_map(items, factors, SETTINGS)

    assert mapped.of([item(price=9999.0), item()])[:, 0] == pytest.approx([4.0, 2.0], abs=1e-4)


def test_attributes_that_are_no_object_say_nothing():
    mapped = fit_attribute_map([item("a", "[1]"), item("a", '"x"')], np.ones((2, 1), np.float32), SETTINGS)

    assert mapped.names == (LOG_PRICE, "category=a")
