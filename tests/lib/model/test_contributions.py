"""Contributions add up to the score; a score without an item is that of a user who never had it."""

import numpy as np
import pytest

from lakerec.model.contributions import find_reasons
from lakerec.model.fold_in import Histories, Space, Weights
from lakerec.model.scorer import ItemSide


def space_of(factors, alpha=1.0, reg_param=0.1):
    items = np.asarray(factors, dtype=np.float32)
    return Space(ItemSide(np.arange(len(items), dtype=np.int32), items), Weights(alpha, reg_param))


def history(*pairs):
    positions, strengths = zip(*pairs, strict=True)
    return Histories(np.array([positions]), np.array([strengths], dtype=np.float64))


@pytest.fixture(scope="module")
def crowd():
    """Forty random items and twelve users with some of them, a few sent back; each is listed five items."""
    draw = np.random.default_rng(3)
    space = space_of(draw.normal(size=(40, 6)), alpha=2.0, reg_param=0.3)
    positions = np.array([draw.permutation(40)[:9] for _ in range(12)])
    strengths = draw.uniform(-2, 5, size=positions.shape)
    lengths = draw.integers(1, 10, size=12)
    is_filler = np.arange(9) >= lengths[:, np.newaxis]
    strengths[:, 0] = 3.0
    positions[is_filler], strengths[is_filler] = -1, 0.0
    return space, Histories(positions, strengths), draw.integers(0, 40, size=(12, 5))


def test_two_items_of_one_number_each_by_hand():
    space = space_of([[1.0], [0.5]])
    had = history((0, 2.0), (1, 4.0))

    reasons = find_reasons(space, had, np.array([[1]]), m=2)

    a = (1 + 0.25) + (2 * 1 + 4 * 0.25) + 0.1 * 2  # YᵀY + confidences + penalty
    assert reasons.contributions[0, 0] == pytest.approx([0.5 * (1 + 2) * 1 / a, 0.5 * (1 + 4) * 0.5 / a])
    without_first = (1 + 0.25) + 4 * 0.25 + 0.1
    assert reasons.without[0, 0, 0] == pytest.approx(0.5 * (1 + 4) * 0.5 / without_first)


def test_contributions_and_the_rest_add_up_to_the_score(crowd):
    space, histories, listed = crowd

    for m in (1, 3, 20):
        reasons = find_reasons(space, histories, listed, m)
        scores = np.einsum("uk,unk->un", space.solve(histories), space.factors[listed])

        assert reasons.contributions.sum(axis=2) + reasons.rest == pytest.approx(scores, abs=1e-12)
        positives = (histories.strengths > 0).sum(axis=1)
        assert list((reasons.entries[:, 0] >= 0).sum(axis=1) + reasons.rest_count) == list(positives)


def test_the_largest_contributions_are_named_and_items_sent_back_never(crowd):
    space, histories, listed = crowd

    everything = find_reasons(space, histories, listed, m=9)
    first = find_reasons(space, histories, listed, m=2)

    ordered = np.sort(np.where(everything.entries < 0, -np.inf, everything.contributions), axis=2)[..., ::-1]
    assert np.where(first.entries < 0, -np.inf, first.contributions) == pytest.approx(ordered[..., :2])
    named = first.entries >= 0
    rows = np.broadcast_to(np.arange(12)[:, np.newaxis, np.newaxis], named.shape)
    assert (histories.strengths[rows[named], first.entries[named]] > 0).all()


def test_a_score_without_an_item_is_that_of_a_user_who_never_had_it(crowd):
    space, histories, listed = crowd

    reasons = find_reasons(space, histories, listed, m=3)

    for user, place, nth in np.argwhere(reasons.entries >= 0):
        refit = histories.strengths.copy()
        refit[user, reasons.entries[user, place, nth]] = 0.0
        score = space.solve(Histories(histories.positions, refit))[user] @ space.factors[listed[user, place]]
        assert reasons.without[user, place, nth] == pytest.approx(score, abs=1e-10, nan_ok=True)


def test_a_score_without_an_item_is_not_just_the_score_less_its_contribution(crowd):
    space, histories, listed = crowd

    reasons = find_reasons(space, histories, listed, m=1)

    scores = reasons.contributions.sum(axis=2) + reasons.rest
    naive = scores - reasons.contributions[..., 0]
    assert np.nanmax(np.abs(naive - reasons.without[..., 0])) > 0.01


def test_without_a_user_s_only_liked_item_nothing_is_left_to_score_by():
    reasons = find_reasons(space_of([[1.0], [0.5]]), history((0, 2.0), (1, -1.0)), np.array([[1]]), m=3)

    assert reasons.entries.tolist() == [[[0, -1]]]
    assert np.isnan(reasons.without).all()
    assert reasons.rest_count.tolist() == [0]


def test_items_sent_back_lower_what_the_others_contribute():
    kept = find_reasons(space_of([[1.0], [0.5]]), history((0, 2.0)), np.array([[1]]), m=1)
    sent_back = find_reasons(space_of([[1.0], [0.5]]), history((0, 2.0), (1, -4.0)), np.array([[1]]), m=1)

    a = (1 + 0.25) + 2 * 1 + 0.1
    assert kept.contributions[0, 0, 0] == pytest.approx(0.5 * 3 / a)
    assert sent_back.contributions[0, 0, 0] == pytest.approx(0.5 * 3 / (a + 4 * 0.25))


def test_a_shorter_list_is_filled_up_with_nothing():
    reasons = find_reasons(space_of([[1.0], [0.5]]), history((0, 2.0)), np.array([[1, -1]]), m=1)

    assert reasons.contributions[0, 1].tolist() == [0.0]


def test_equations_without_a_solution_give_no_numbers_and_leave_the_other_users_alone():
    space = space_of([[1.0, 0.0], [0.5, 0.0]], reg_param=0.0)  # nothing tells what the second factor is
    histories = Histories(np.array([[0, 1], [-1, -1]]), np.array([[2.0, 4.0], [0.0, 0.0]]))

    reasons = find_reasons(space, histories, np.array([[1], [1]]), m=1)

    assert np.isnan(reasons.contributions[0]).all()
    assert reasons.contributions[1].tolist() == [[0.0]]
