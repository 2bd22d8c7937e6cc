"""What is looked up of items: shares, directions and bands."""

from datetime import date

import numpy as np
import pytest

from lakerec.diagnostics.item_facts import KnownItems, age_bands, category_bands, describe_items, popularity_bands
from lakerec.model.scorer import ItemSide

CUT = date(2026, 3, 10)


def names_of(bands):
    return [bands.names[code] if code >= 0 else None for code in bands.codes]


def test_head_middle_and_tail_hold_a_third_of_all_training_pairs_each():
    bands = popularity_bands(np.array([1, 4, 2, 0, 3, 2]))  # 12 pairs: 4 | 3 + 2 (begins at 7) | 2 (begins at 9) + 1

    assert names_of(bands) == ["tail", "head", "middle", "unseen", "middle", "tail"]


def test_without_any_pair_every_item_is_unseen():
    assert names_of(popularity_bands(np.array([0, 0]))) == ["unseen", "unseen"]


def test_age_counts_days_up_to_the_cut():
    days = [date(2026, 3, 11), CUT, date(2026, 3, 4), date(2026, 3, 3), date(2026, 2, 9), date(2026, 2, 8), None]

    assert names_of(age_bands(days, CUT, (7, 30))) == ["new", "0-6d", "0-6d", "7-29d", "7-29d", "30d+", None]


def test_the_categories_with_most_training_pairs_get_a_band():
    bands = category_bands(["hat", "shoe", None, "bag", "shoe"], np.array([1, 2, 50, 3, 2]), most=2)

    assert names_of(bands) == [None, "shoe", None, "bag", "shoe"]


def test_items_are_found_by_ix_with_share_direction_and_whether_they_can_be_listed():
    known = KnownItems(np.array([3, 5, 8], np.int32), np.array([2, 0, 4]), 8, ["hat", None, "hat"], [CUT, CUT, None])
    listed = ItemSide(np.array([8, 3], np.int32), np.array([[3, 4], [0, 2]], np.float32))

    facts = describe_items(known, listed, CUT, (7,), 5)

    assert facts.positions(np.array([8, 4, 3], np.int32)).tolist() == [2, -1, 0]
    assert facts.user_share == pytest.approx([2 / 8, np.nan, 4 / 8, np.nan], nan_ok=True)
    assert facts.directions.tolist() == [[0, 1], [0, 0], pytest.approx([3 / 5, 4 / 5]), [0, 0]]
    assert facts.is_listable.tolist() == [True, False, True]
    assert names_of(facts.bands["category"]) == ["hat", None, "hat"]
