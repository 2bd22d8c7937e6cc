"""Item-kNN: similarities against dense matrices, lists by hand."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from lakerec.model.item_knn import (
    BaselineSettings,
    Neighbours,
    bm25_weights,
    fit_neighbours,
    liked_items,
    own_items,
    rank_by_neighbours,
)

SETTINGS = BaselineSettings(recent_days=3, neighbours=2, max_profile=3, bm25_k1=1.2, bm25_b=0.75)
# users 0 .. 3 by items 10 .. 13, whose ids are in another order: 13, 10, 12, 11
STRENGTHS = np.array([[1, 2, 0, 0], [3, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 4]], float)
IDS = {10: "b", 11: "d", 12: "c", 13: "a"}


def three_nearest(spark, settings=SETTINGS):
    pairs = [(int(user), 10 + int(item), float(STRENGTHS[user, item])) for user, item in np.argwhere(STRENGTHS)]
    interactions = spark.createDataFrame([*pairs, (0, 13, -5.0)], "user_ix int, item_ix int, strength double")
    index = spark.createDataFrame([(name, ix) for ix, name in IDS.items()], "item_id string, item_ix int")
    liked = liked_items(interactions.repartition(3), settings.max_profile)
    return liked, fit_neighbours(liked, index, settings)


def found(neighbours):
    dense = neighbours.similarity.toarray()
    return {
        (int(neighbours.item_ix[row]), int(neighbours.item_ix[column])): dense[row, column]
        for row, column in zip(*dense.nonzero(), strict=True)
    }


def test_an_item_keeps_its_nearest_by_cosine_of_the_users_strengths(spark):
    liked, (cosine, bm25) = three_nearest(spark)

    profiles = {row.user_ix: [(e.strength, e.item_ix) for e in row.liked] for row in liked.collect()}
    assert profiles[1] == [(3.0, 10), (1.0, 12)]
    assert profiles[3] == [(4.0, 13), (1.0, 12), (1.0, 11)]  # the three strongest; the last goes by item_ix
    kept = STRENGTHS.copy()
    kept[3, 0] = 0
    norms = np.linalg.norm(kept, axis=0)
    expected = (kept.T @ kept) / np.outer(norms, norms)
    assert cosine.item_ix.tolist() == [13, 10, 12, 11]  # in order of item_id
    nearest = found(cosine)
    assert nearest[10, 12] == pytest.approx(expected[0, 2])
    assert nearest[13, 12] == pytest.approx(expected[3, 2])
    assert (10, 13) not in nearest  # nobody has both of them left
    assert max(sum(item == one for item, _ in nearest) for one in IDS) == 2
    weights = bm25_weights(sparse.csr_matrix(kept), kept.sum(axis=0), SETTINGS).toarray()
    assert found(bm25)[10, 12] == pytest.approx((weights.T @ weights)[0, 2])


def test_bm25_is_what_its_formula_says():
    profiles = sparse.csr_matrix(np.array([[2.0, 1.0], [0.0, 3.0]]))

    weights = bm25_weights(profiles, np.array([2.0, 4.0]), SETTINGS).toarray()

    norm = 1.2 * (1 - 0.75 + 0.75 * 4 / 3)
    assert weights[1, 1] == pytest.approx(np.log(1 + 2 / 1) * 3 * 2.2 / (3 + norm), abs=1 / 1024)
    assert weights[0, 1] == pytest.approx(np.log(1 + 2 / 2) * 1 * 2.2 / (1 + norm), abs=1 / 1024)
    assert weights[1, 0] == 0


def some_users(liked, masked):
    """Users 5, 6, ... with (item, strength) lists and masked items."""
    return pa.RecordBatch.from_pydict(
        {
            "user_ix": pa.array(range(5, 5 + len(liked)), pa.int32()),
            "liked_items": pa.array([one and [item for item, _ in one] for one in liked], pa.list_(pa.int32())),
            "strengths": pa.array([one and [strength for _, strength in one] for one in liked], pa.list_(pa.float64())),
            "masked": pa.array(masked, pa.list_(pa.int32())),
        }
    )


def lists(batch):
    return [(r["user_ix"], r["rank"], r["item_ix"], r["score"]) for r in batch.to_pylist()]


NEAR = Neighbours(
    np.array([13, 10, 12], np.int32), sparse.csr_matrix(np.array([[0, 0.5, 0.5], [0.5, 0, 0.25], [0.5, 0.25, 0]]))
)


def test_a_score_sums_similarity_times_strength_and_ties_go_by_item_id():
    users = some_users([[(13, 2.0)], [(10, 1.0), (12, 1.0)], None, [(99, 1.0)]], [[], [13], [], []])

    assert lists(rank_by_neighbours(users, NEAR, n=2)) == [
        (5, 1, 10, 2 * 0.5),
        (5, 2, 12, 2 * 0.5),
        (6, 1, 10, 0.25),  # 13 is masked
        (6, 2, 12, 0.25),
    ]
    assert lists(rank_by_neighbours(users, NEAR, n=1)) == [(5, 1, 10, 1.0), (6, 1, 10, 0.25)]


def test_users_in_a_later_part_of_a_batch_get_their_own_lists():
    many = some_users([[(13, 1.0)]] * 1500 + [[(12, 1.0)]] * 1500, [[10]] * 3000)

    ranked = lists(rank_by_neighbours(many, NEAR, n=1))

    assert ranked[0] == (5, 1, 12, 0.5)
    assert ranked[-1] == (5 + 2999, 1, 13, 0.5)
    assert len(ranked) == 3000


def test_own_items_again_go_by_strength():
    users = some_users([[(12, 1.0), (10, 3.0)]], [[]])

    assert lists(rank_by_neighbours(users, own_items(NEAR), n=5)) == [(5, 1, 10, 3.0), (5, 2, 12, 1.0)]
