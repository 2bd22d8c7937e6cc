"""Fold-in gives the factors that ALS itself would give."""

import numpy as np
import pyarrow as pa
import pytest

from lakerec.model import fold_in as module
from lakerec.model.als import fit_als
from lakerec.model.fold_in import Histories, Space, Weights, as_lists, collect_histories, filled_up, fold_in
from lakerec.model.scorer import ItemSide, collect_items
from tests.lib.model.test_als import CG, MLLIB

WEIGHTS = Weights(MLLIB.alpha, MLLIB.reg_param)


def space_of(factors, alpha=1.0, reg_param=0.1):
    items = np.asarray(factors, dtype=np.float32)
    return Space(ItemSide(np.arange(len(items), dtype=np.int32), items), Weights(alpha, reg_param))


def lists_of(*histories):
    entry = pa.struct([("item_ix", pa.int32()), ("strength", pa.float32())])
    rows = [[{"item_ix": item, "strength": strength} for item, strength in history] for history in histories]
    return pa.array(rows, pa.list_(entry))


def test_one_factor_by_hand():
    space = space_of([[1.0], [0.5]])

    factors = space.solve(Histories(np.array([[0, 1]]), np.array([[2.0, -3.0]])))

    a = (1 + 0.25) + (2 * 1 + 3 * 0.25) + 0.1 * 1  # one positive strength: the penalty counts once
    assert factors[0] == pytest.approx([(1 + 2) * 1 / a])


def test_whoever_liked_nothing_has_no_factors():
    factors = space_of([[1.0], [0.5]]).solve(Histories(np.array([[0, -1], [-1, -1]]), np.array([[-2.0, 0.0], [0, 0]])))

    assert np.isnan(factors).all()


def test_users_of_any_length_come_back_with_their_own_history(monkeypatch):
    lists = lists_of([(2, 1.0)], [], [(0, 3.0), (9, 5.0), (1, -1.0)])
    items = ItemSide(np.array([1, 0, 2], np.int32), np.ones((3, 1), np.float32))
    monkeypatch.setattr(module, "_CELLS", 1)  # one user at a time

    found = {int(row): filled for rows, filled in filled_up(lists, items, 1) for row in rows}

    assert sorted(found) == [0, 1, 2]
    assert found[2].positions.tolist() == [[1, -1, 0]]  # item 9 has no factors
    assert found[2].strengths.tolist() == [[3.0, 0.0, -1.0]]
    assert found[1].strengths.sum() == 0


def test_a_slice_of_a_batch_is_read_as_that_slice():
    lists = lists_of([(0, 7.0)], [(1, 2.0)], [(0, 3.0)]).slice(1, 1)
    items = ItemSide(np.array([0, 1], np.int32), np.ones((2, 1), np.float32))

    ((rows, filled),) = filled_up(lists, items, 1)

    assert (rows.tolist(), filled.positions.tolist(), filled.strengths.tolist()) == ([0], [[1]], [[2.0]])


def test_factors_travel_as_lists_of_float32():
    assert as_lists(np.array([[1.0, 2.0], [3.0, 4.0]])).to_pylist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("settings", [MLLIB, CG], ids=["mllib", "cg"])
def test_known_users_get_the_factors_that_the_solver_gave_them_and_others_their_own(spark, settings):
    draw = np.random.default_rng(5)
    pairs = [(u, int(i), float(draw.uniform(-1, 4))) for u in range(40) for i in draw.permutation(25)[: 2 + u % 9]]
    pairs += [(90, 3, -2.0)]  # never liked anything
    interactions = spark.createDataFrame(pairs, "user_ix int, item_ix int, strength float")
    fitted = fit_als(interactions.where("user_ix != 39"), settings)
    index = spark.createDataFrame([(f"i{ix:02d}", ix) for ix in range(25)], "item_id string, item_ix int")

    space = Space(collect_items(fitted.item_factors, index), WEIGHTS)
    folded = {row[0]: np.array(row[1]) for row in fold_in(collect_histories(interactions), space).collect()}

    stored = {row[0]: np.array(row[1]) for row in fitted.user_factors.collect()}
    assert folded.keys() == stored.keys() | {39}
    for user, factors in stored.items():
        assert np.linalg.norm(folded[user] - factors) <= 1e-4 * np.linalg.norm(factors)
