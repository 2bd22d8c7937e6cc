"""Facts about factors, worked by hand; what planted models come to is in test_planted_models."""

import numpy as np
import pyarrow as pa
import pytest

from lakerec.diagnostics.model_facts import effective_rank, likeness_of, own_events_share
from lakerec.model.fold_in import Space, Weights
from lakerec.model.scorer import ItemSide

IX = np.arange(4, dtype=np.int32)
SQUARE = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)


def side(factors: np.ndarray) -> ItemSide:
    return ItemSide(IX[: len(factors)], np.asarray(factors, np.float32))


def test_the_effective_rank_counts_directions() -> None:
    assert effective_rank(SQUARE.astype(np.float64)) == pytest.approx(2)
    assert effective_rank(SQUARE * np.array([1.0, 0.0])) == pytest.approx(1)
    assert effective_rank(SQUARE * np.array([2.0, 1.0])) == pytest.approx((16 + 4) ** 2 / (16**2 + 4**2))
    assert effective_rank(np.ones((4, 2))) == 0


def test_models_are_alike_however_their_axes_are_turned_moved_or_scaled() -> None:
    turned = 3 * SQUARE @ np.array([[0, 1], [-1, 0]]) + 5

    assert likeness_of(side(SQUARE), side(turned)) == pytest.approx(1)
    assert likeness_of(side(SQUARE[:, :1]), side(SQUARE[:, 1:])) == pytest.approx(0)
    assert likeness_of(side(SQUARE), ItemSide(IX + 9, SQUARE)) == 0


def test_users_count_whose_factors_follow_from_their_events() -> None:
    """One item at 1, alpha 1, no penalty: a strength of 1 gives A = 1 + 1, b = 1 + 1, so the user is at 1."""
    space = Space(ItemSide(IX[:1], np.ones((1, 1), np.float32)), Weights(alpha=1.0, reg_param=0.0))
    viewed, returned, unknown = [{"item_ix": 0, "strength": 1.0}], [{"item_ix": 0, "strength": -1.0}], 3
    rows = [
        (1, [1.0], viewed),  # follows
        (2, [1.1], viewed),  # changed afterwards
        (3, None, viewed),  # the model should know the user
        (4, [1.0], None),  # the model should not
        (5, None, returned),  # cold, as it should be
        (6, [1.0], [*viewed, {"item_ix": unknown, "strength": 2.0}]),  # an item is missing
    ]
    pair = pa.struct([("item_ix", pa.int32()), ("strength", pa.float32())])
    schema = pa.schema([("user_ix", pa.int32()), ("factors", pa.list_(pa.float32())), ("history", pa.list_(pair))])
    names = schema.names
    sample = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)

    assert own_events_share(sample, space) == pytest.approx(1 / 5)
    assert own_events_share(sample.slice(4, 1), space) == 0
