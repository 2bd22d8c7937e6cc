"""A batch keeps the numbers it was made with."""

import numpy as np

from lakerec.diagnostics.coefficients import chosen_coefficients
from lakerec.model.attributes import AttributeMap
from lakerec.recommendations.coefficients import coefficients_of

MAPPED = AttributeMap(("log_price", "category=coats"), np.array([1.0, 2.0]), np.array([[0.1, 0.2], [0.3, 0.4]]), 0.0)


def row(part, name, value, reason=None):
    return {"part": part, "name": name, "position": 0, "value": value, "unit": "1", "reason": reason, "low": None}


def test_numbers_of_the_evaluation_its_threshold_and_the_map_of_the_serving_model_stand_together():
    judged = [row("als", "alpha", 1.0), row("item_attributes", "brand=x", 9.0)]

    settings = chosen_coefficients({"recommend": {"top_n": 3}})
    rows = coefficients_of(judged, {"threshold": 0.02, "reason": "the best"}, MAPPED, settings, {"return": "purchase"})

    found = {(part, name, position): (value, unit, reason) for part, name, position, value, unit, reason in rows}
    assert found["als", "alpha", 0] == (1.0, "1", None)
    assert found["recommend", "top_n", 0] == (3.0, "1", None)
    assert found["feedback", "cancels.return.purchase", 0] == (1.0, "1", None)
    assert found["threshold", "threshold", 0] == (0.02, "1", "the best")
    assert {key[1:]: value[0] for key, value in found.items() if key[0] == "item_attributes"} == {
        ("intercept", 0): 1.0,
        ("intercept", 1): 2.0,
        ("log_price", 0): 0.1,
        ("log_price", 1): 0.2,
        ("category=coats", 0): 0.3,
        ("category=coats", 1): 0.4,
    }
    assert len(found) == len(rows) == 4 + 6


def test_without_a_threshold_its_row_says_so():
    rows = coefficients_of([], None, MAPPED, [], {})

    assert rows[-1] == ("threshold", "threshold", 0, None, "1", "no threshold could be chosen")
