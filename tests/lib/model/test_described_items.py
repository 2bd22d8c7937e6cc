"""Every item with what is said of it."""

import numpy as np

from lakerec.model.attributes import AttributeSettings, Described
from lakerec.model.described_items import Known, fit_sides

NAN = float("nan")
KNOWN = Known(
    item_ids=["a", "b", "mute", "new"],
    item_ix=np.array([1, 2, -1, -2], np.int32),
    described=[
        Described("coats", None, 9.0),
        Described("caps", None, None),
        Described(None, None, 5.0),
        Described("coats", None, 9.0),
    ],
    factors=np.array([[1.0, 0.0], [0.0, 1.0], [NAN, NAN], [NAN, NAN]], np.float32),
)


def test_new_is_what_has_no_factors_and_of_which_something_is_said():
    assert (KNOWN.of_model.tolist(), KNOWN.new.tolist()) == ([0, 1], [3])


def test_a_new_item_gets_the_factors_of_those_like_it():
    sides, _ = fit_sides(KNOWN, AttributeSettings(penalty=1e-6, min_items=1, max_features=10))

    assert sides.model.item_ix.tolist() == [1, 2]
    assert sides.new.item_ix.tolist() == [-2]
    np.testing.assert_allclose(sides.new.factors, [[1.0, 0.0]], atol=1e-3)
