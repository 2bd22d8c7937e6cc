"""Every metric of a list by hand, against plain Python over random lists, and against Spark's own evaluator."""

from math import log2

import numpy as np
import pytest
from pyspark.ml.evaluation import RankingEvaluator

from lakerec.diagnostics.list_metrics import (
    CHARACTER,
    RELEVANCE,
    JudgedLists,
    ListedItems,
    average_popularity,
    coverage,
    diversity,
    gini,
    novelty,
)

# list 0: hits at ranks 1 and 3, three relevant items, one of them never listed
# list 1: a short list of two with a hit at rank 2, one relevant item
# list 2: has a relevant item, and is empty
LISTS = JudgedLists(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool), np.array([3, 1, 1]))
IDEAL_OF_THREE = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        ("recall", 3, [2 / 3, 1 / 1, 0]),
        ("recall", 1, [1 / 3, 0, 0]),
        ("precision", 3, [2 / 3, 1 / 3, 0]),
        ("precision", 5, [2 / 5, 1 / 5, 0]),
        ("ndcg", 3, [(1 / log2(2) + 1 / log2(4)) / IDEAL_OF_THREE, (1 / log2(3)) / (1 / log2(2)), 0]),
        ("ndcg", 1, [1 / 1, 0, 0]),
        ("map", 3, [(1 / 1 + 2 / 3) / 3, (1 / 2) / 1, 0]),
        ("map", 2, [(1 / 1) / 2, (1 / 2) / 1, 0]),
        ("mrr", 3, [1 / 1, 1 / 2, 0]),
        ("mrr", 1, [1 / 1, 0, 0]),
        ("hit_rate", 1, [1, 0, 0]),
        ("hit_rate", 3, [1, 1, 0]),
    ],
)
def test_a_list_is_worth_what_a_hand_works_out(metric, k, expected):
    assert RELEVANCE[metric](LISTS, k) == pytest.approx(np.array(expected, float))


def test_lists_of_no_length_at_all_find_nothing():
    nothing = JudgedLists(np.zeros((2, 0), bool), np.array([1, 2]))

    assert {tuple(metric(nothing, 5)) for metric in RELEVANCE.values()} == {(0.0, 0.0)}


# items 0 .. 3 and the place of no item; item 3 was had by nobody in training and has no factors
SHARES = np.array([1 / 2, 1 / 4, 1 / 8, np.nan, np.nan])
DIRECTIONS = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 0], [0, 0]])


def listed(*positions):
    return ListedItems(np.array(positions), SHARES, DIRECTIONS)


def test_surprise_and_popularity_are_means_over_what_is_listed_and_missing_for_an_empty_list():
    lists = listed([0, 1, 2], [1, -1, -1], [-1, -1, -1], [0, 3, -1])

    assert novelty(lists, 3) == pytest.approx([(1 + 2 + 3) / 3, 2, np.nan, 1], nan_ok=True)
    assert novelty(lists, 1) == pytest.approx([1, 2, np.nan, 1], nan_ok=True)
    assert average_popularity(lists, 2) == pytest.approx([(1 / 2 + 1 / 4) / 2, 1 / 4, np.nan, 1 / 2], nan_ok=True)


def test_diversity_is_one_less_the_mean_cosine_of_all_pairs():
    lists = listed([0, 1, 2], [0, 0, 1], [1, -1, -1], [0, 3, 1])

    assert diversity(lists, 3) == pytest.approx(
        [1 - (0 + 0.6 + 0.8) / 3, 1 - (1 + 0 + 0) / 3, np.nan, 1 - 0], nan_ok=True
    )
    assert diversity(lists, 2)[0] == pytest.approx(1 - 0)


def test_coverage_and_gini_speak_of_all_lists_together():
    assert coverage(np.array([3, 0, 1, 0])) == pytest.approx(2 / 4)
    assert gini(np.array([5, 5, 5, 5])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)  # (n - 1) / n is the most there is
    assert gini(np.array([1, 3])) == pytest.approx((-1 * 1 + 1 * 3) / (2 * 4))
    assert np.isnan(gini(np.zeros(4)))
    assert np.isnan(coverage(np.zeros(0)))


def plain(metric, ranks, relevant, k):
    """The definitions once more, one list at a time; ranks are those of hits."""
    hits = [rank for rank in ranks if rank <= k]
    if metric == "recall":
        return len(hits) / relevant
    if metric == "precision":
        return len(hits) / k
    if metric == "hit_rate":
        return float(bool(hits))
    if metric == "mrr":
        return 1 / hits[0] if hits else 0.0
    if metric == "map":
        return sum((nth + 1) / rank for nth, rank in enumerate(hits)) / min(k, relevant)
    return sum(1 / log2(rank + 1) for rank in hits) / sum(1 / log2(r + 1) for r in range(1, min(k, relevant) + 1))


def random_lists(count, items, longest, seed):
    """(listed items, relevant items): some lists are empty, some are short, scores have ties broken by position."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, count)
    scores = rng.integers(0, 4, (count, items))
    return [
        (np.argsort(-score, kind="stable")[:length].tolist(), rng.choice(items, rng.integers(1, 9), False).tolist())
        for score, length in zip(scores, lengths, strict=True)
    ]


def judged(lists, longest):
    is_hit = np.array([[r < len(one) and one[r] in wanted for r in range(longest)] for one, wanted in lists], bool)
    return JudgedLists(is_hit, np.array([len(wanted) for _, wanted in lists]))


def test_random_lists_with_ties_empty_and_short_ones_agree_with_plain_python():
    lists = random_lists(400, items=60, longest=25, seed=5)
    ranks = [[r for r, item in enumerate(one, start=1) if item in wanted] for one, wanted in lists]

    for metric, kernel in RELEVANCE.items():
        for k in (1, 3, 10, 25, 40):
            expected = [plain(metric, hit, len(wanted), k) for hit, (_, wanted) in zip(ranks, lists, strict=True)]
            assert kernel(judged(lists, 25), k) == pytest.approx(expected, abs=1e-12)


def test_sparks_own_evaluator_agrees_to_nine_places_where_it_has_the_metric(spark):
    lists = random_lists(200, items=60, longest=25, seed=6)
    rows = [([float(i) for i in one], [float(i) for i in wanted]) for one, wanted in lists]
    frame = spark.createDataFrame(rows, "prediction array<double>, label array<double>").coalesce(1).cache()
    names = {"precision": "precisionAtK", "recall": "recallAtK", "ndcg": "ndcgAtK", "map": "meanAveragePrecisionAtK"}

    for metric, name in names.items():
        theirs = RankingEvaluator(metricName=name, k=10).evaluate(frame)
        assert RELEVANCE[metric](judged(lists, 25), 10).mean() == pytest.approx(theirs, abs=1e-9)


def test_the_metrics_have_the_names_of_the_table():
    assert list(RELEVANCE) == ["recall", "precision", "ndcg", "map", "mrr", "hit_rate"]
    assert list(CHARACTER) == ["novelty", "average_popularity", "diversity"]
