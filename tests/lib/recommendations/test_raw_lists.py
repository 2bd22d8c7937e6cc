"""What users would be listed without rules."""

import numpy as np

from lakerec.model.scorer import ItemSide, Pairs
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.raw_lists import Depth, Lister

NOTHING = ItemSide(np.empty(0, np.int32), np.empty((0, 1), np.float32))
MODEL = ItemSide(np.arange(5, dtype=np.int32), np.array([[5.0], [4.0], [3.0], [2.0], [1.0]], np.float32))
NEW = ItemSide(np.array([-1, -2], np.int32), np.array([[0.5], [9.0]], np.float32))


def pairs(*known):
    rows, item_ix = zip(*sorted(known), strict=True) if known else ((), ())
    return Pairs(np.array(rows, np.int64), np.array(item_ix, np.int32))


def places(listed):
    return [(int(row), int(rank), int(ix), bool(new)) for row, rank, ix, _, new in zip(*listed, strict=True)]


def brute_force(users, items, names, masked, n):
    """Every score in Python's own arithmetic, sorted by (score descending, item_id)."""
    rows = {}
    for user, factors in enumerate(users):
        scores = {
            ix: sum(float(a) * float(b) for a, b in zip(factors, items[ix], strict=True))
            for ix in items
            if (user, ix) not in masked
        }
        best = sorted(scores, key=lambda ix: (-scores[ix], names[ix]))[:n]
        rows |= {(user, rank): (ix, scores[ix]) for rank, ix in enumerate(best, start=1)}
    return rows


def test_placed_users_get_what_brute_force_finds_and_others_bestsellers():
    random = np.random.default_rng(3)
    names = {ix: f"i{(ix * 7) % 40:02d}" for ix in range(40)}
    items = {ix: random.integers(-3, 4, 4).astype(np.float32) / 4 for ix in range(40)}  # a coarse grid: scores tie
    users = random.integers(-3, 4, (12, 4)).astype(np.float32) / 4
    popular = {ix: np.array([1 / (1 + ix // 4)], np.float32) for ix in range(20)}
    masked = {(int(u), int(i)) for u, i in zip(random.integers(0, 12, 60), random.integers(0, 40, 60), strict=True)}

    def side(factors):
        order = sorted(factors, key=names.__getitem__)
        return ItemSide(np.array(order, np.int32), np.stack([factors[ix] for ix in order]))

    lister = Lister(Offer(side(items), NOTHING, side(popular)), Depth(10, 10, 0))
    found = {"als": lister.by_model(users, pairs(*masked)), "popularity": lister.bestsellers(12, pairs(*masked))}

    as_rows = {
        source: {(row, rank): (ix, score) for row, rank, ix, score, _ in zip(*listed, strict=True)}
        for source, listed in found.items()
    }
    assert as_rows["als"] == brute_force(users, items, names, masked, 10)
    assert as_rows["popularity"] == brute_force(np.ones((12, 1)), popular, names, masked, 10)


def test_new_items_get_the_last_places_and_the_model_goes_on_behind_them():
    lister = Lister(Offer(MODEL, NEW, NOTHING), Depth(places=4, length=3, new_slots=1))
    users = np.array([[1.0], [2.0], [1.0]], np.float32)
    had = pairs((1, -2), (1, -1), *[(2, ix) for ix in range(1, 5)])

    listed = lister.by_model(users, had)

    assert places(listed) == [
        *[(0, 1, 0, False), (0, 2, 1, False), (0, 3, -2, True), (0, 4, 2, False)],
        *[(1, rank, rank - 1, False) for rank in (1, 2, 3, 4)],  # had both new items
        *[(2, 1, 0, False), (2, 2, -2, True)],  # had all others but one
    ]
