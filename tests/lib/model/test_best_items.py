"""The kernel of the top-N lists against brute force, which scores every item as the definition says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakerec.errors import ContractError
from lakerec.model import best_items as kernel
from lakerec.model.best_items import Floats32, Masked, Ranker, best_items

NOBODY = Masked(np.empty(0, np.int64), np.empty(0, np.int64))
Lists = list[list[tuple[int, float]]]


def matrix(*rows: tuple[float, ...]) -> Floats32:
    return np.array(rows, np.float32)


def lists(users: Floats32, items: Floats32, masked: Masked, n: int, block_cells: int = 1 << 20) -> Lists:
    best = best_items(users, items, masked, n, block_cells)
    ends = np.cumsum(best.lengths)
    entries = list(zip(best.positions.tolist(), best.scores.tolist(), strict=True))
    return [entries[end - length : end] for end, length in zip(ends, best.lengths, strict=True)]


def brute_force(users: Floats32, items: Floats32, masked: Masked, n: int) -> Lists:
    known = set(zip(masked.rows.tolist(), masked.positions.tolist(), strict=True))
    scored = [
        [(-score_of(user, item), position) for position, item in enumerate(items) if (row, position) not in known]
        for row, user in enumerate(users)
    ]
    return [[(position, -negated) for negated, position in sorted(entries)[:n]] for entries in scored]


def score_of(user: Floats32, item: Floats32) -> float:
    score = 0.0
    for u, y in zip(user.tolist(), item.tolist(), strict=True):
        score += u * y
    return score


def test_the_best_items_come_first_and_ties_go_to_the_earlier_item_id() -> None:
    items = matrix((1, 0), (0, 1), (1, 1), (0, 1))
    users = matrix((1, 2), (-1, 0))

    assert lists(users, items, NOBODY, n=3) == [[(2, 3.0), (1, 2.0), (3, 2.0)], [(1, 0.0), (3, 0.0), (0, -1.0)]]


def test_masked_items_never_appear_even_if_the_list_stays_short_or_empty() -> None:
    items, users = matrix((3,), (2,), (1,)), matrix((1,), (1,), (1,))
    masked = Masked(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2]))

    assert lists(users, items, masked, n=2) == [[(1, 2.0), (2, 1.0)], [], [(0, 3.0), (1, 2.0)]]


def test_without_items_or_users_the_lists_are_empty() -> None:
    assert lists(matrix((1, 2), (3, 4)), np.empty((0, 2), np.float32), NOBODY, n=5) == [[], []]
    assert lists(np.empty((0, 2), np.float32), matrix((1, 2)), NOBODY, n=5) == []


@pytest.mark.parametrize("items", [0, 1, 20_000])
def test_what_a_ranker_holds_is_bounded_however_small_the_catalogue_and_long_the_lists(items: int) -> None:
    ranker = Ranker(np.ones((items, 2), np.float32), n=1000)

    assert ranker.cells.nbytes + ranker.room.nbytes < 32 << 20


KINDS = {
    "spread": lambda rng, shape: rng.standard_normal(shape),
    "full of ties": lambda rng, shape: rng.integers(-1, 2, shape),
    "closer than float32 can tell": lambda rng, shape: 1 + 1e-7 * rng.standard_normal(shape),
    "nearly too small for float32": lambda rng, shape: 1e-20 * rng.standard_normal(shape),
}


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    sizes=st.tuples(st.integers(0, 40), st.integers(0, 150), st.integers(1, 12)),
    n=st.integers(1, 60),
    masked_share=st.sampled_from([0, 0.1, 0.9, 1]),
    block_cells=st.sampled_from([1, 500, 1 << 20]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_kernel_gives_exactly_what_brute_force_gives(
    kind: str, sizes: tuple[int, int, int], n: int, masked_share: float, block_cells: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    users = KINDS[kind](rng, (sizes[0], sizes[2])).astype(np.float32)
    items = KINDS[kind](rng, (sizes[1], sizes[2])).astype(np.float32)
    masked = Masked(*np.nonzero(rng.random((sizes[0], sizes[1])) < masked_share))

    assert lists(users, items, masked, n, block_cells) == brute_force(users, items, masked, n)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_catalogue_of_several_tiles_gives_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    users = KINDS[kind](rng, (20, 3)).astype(np.float32)
    items = KINDS[kind](rng, (900, 3)).astype(np.float32)
    masked = Masked(*np.nonzero(rng.random((20, 900)) < 0.2))
    expected = brute_force(users, items, masked, 4)

    monkeypatch.setattr(kernel, "_TILE_ITEMS", 64)

    assert lists(users, items, masked, n=4) == expected


def test_where_rounding_hides_the_winner_the_kernel_looks_further() -> None:
    items = np.full((200, 2), 0.1, np.float32)
    items[150, 1] = np.nextafter(np.float32(0.1), np.float32(1))  # ahead by less than float32 shows in a sum with 1e6
    users = matrix((1e6, 1e-3))
    assert len(set((users @ items.T)[0].tolist())) == 1

    assert [position for position, _ in lists(users, items, NOBODY, n=2)[0]] == [150, 0]


def test_factors_too_large_for_float32_are_refused() -> None:
    with pytest.raises(ContractError, match="factors are so large"):
        lists(matrix((1e30, 1e30)), matrix((1e30, 1.0)), NOBODY, n=1)
