"""What can be listed: items of the model, new ones by their attributes, bestsellers."""

import numpy as np
import pytest

from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY
from lakerec.model.attributes import AttributeSettings
from lakerec.model.described_items import collect_known, fit_sides
from lakerec.recommendations.offer import fit_offer, index_of
from lakerec.silver.items import ITEMS

SETTINGS = AttributeSettings(penalty=1e-6, min_items=1, max_features=10)


def test_items_nobody_acted_on_get_negative_integers_and_factors_from_what_is_said_of_them(spark):
    said = [{"item_id": "a", "category": "coats"}, {"item_id": "b", "category": "caps"}, {"item_id": "c"}]
    said += [{"item_id": "new", "category": "coats"}, {"item_id": "mute"}]
    items = spark.createDataFrame([tuple(each.get(name) for name in ITEMS.names) for each in said], ITEMS.schema)
    index = spark.createDataFrame([("c", 0), ("a", 1), ("b", 2)], ITEM_INDEX.schema)
    factors = spark.createDataFrame([(1, [1.0, 0.0]), (2, [0.0, 1.0])], "item_ix int, factors array<float>")
    popular = spark.createDataFrame([(0, 1, 1, 3.0, 1), (1, 1, 1, 1.0, 2)], ITEM_POPULARITY.schema)

    known = collect_known(items, index, factors)
    sides, mapped = fit_sides(known, SETTINGS)
    offer = fit_offer(sides, popular, index)

    assert known.item_ids == ["a", "b", "c", "mute", "new"]
    assert offer.model.item_ix.tolist() == [1, 2]
    assert offer.new.item_ix.tolist() == [-2]  # c and mute say nothing of themselves
    assert offer.new.factors == pytest.approx(np.array([[1.0, 0.0]]), abs=1e-4)
    assert mapped.names == ("log_price", "category=caps", "category=coats")
    assert [
        (ix, round(float(share), 2))
        for ix, share in zip(offer.popularity.item_ix, offer.popularity.factors[:, 0], strict=True)
    ] == [
        (1, 0.25),
        (0, 0.75),
    ]
    assert dict(index_of(known, index).where("item_ix < 0").collect()) == {"mute": -1, "new": -2}
    assert [side.item_ix.tolist() for side in offer.without({1, -2})] == [[2], [], [0]]
