"""The loss without forming all cells, against the plain loss over all cells."""

import numpy as np
import pytest

from lakerec.diagnostics.losses import Pairs, held_out_error, objective
from tests.lib.model.als_oracle import loss

USERS = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 2.0]])
ITEMS = np.array([[1.0, 1.0], [0.0, 0.5]])
LEARNED = [(0, 0, 2.0), (1, 1, -1.0), (2, 1, 0.5)]


def pairs_of(rows: list[tuple[int, int, float]]) -> Pairs:
    users, items, strengths = zip(*rows, strict=True)
    return Pairs(np.array(users), np.array(items), np.array(strengths))


def test_the_objective_is_the_loss_over_all_cells_with_its_penalty() -> None:
    found = objective(USERS, ITEMS, pairs_of(LEARNED), reg_param=0.1, alpha=3.0)

    assert found == pytest.approx(loss(USERS, ITEMS, LEARNED, 0.1, 3.0))


def test_the_held_out_error_leaves_learned_cells_out_and_expects_nothing_of_unmet_pairs() -> None:
    held_out = pairs_of([(0, 1, 2.0)])

    errors = held_out_error(USERS, ITEMS, pairs_of(LEARNED), held_out, alpha=3.0)

    # Scores: user 0: 1, 0; user 1: 1, 1/4; user 2: 2, 1.
    bought_but_scored_0 = (1 + 3 * 2) * (1 - 0) ** 2
    assert errors.tolist() == pytest.approx([bought_but_scored_0, 1**2, 2**2])


def test_a_return_in_the_window_is_expected_to_score_nothing() -> None:
    errors = held_out_error(USERS, ITEMS, pairs_of(LEARNED), pairs_of([(1, 0, -2.0)]), alpha=3.0)

    assert errors[1] == pytest.approx((1 + 3 * 2) * (0 - 1) ** 2)
