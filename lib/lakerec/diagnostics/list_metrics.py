"""The metrics of single ranked lists: a value for each list, many lists at once, as numpy kernels.

A list shorter than k is judged as it is, so what is missing counts as a miss. Relevance is 0 or 1. Where several
definitions are in use the docstring says which one this is.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class JudgedLists(NamedTuple):
    """Lists held against what was relevant.

    Attributes:
        is_hit: whether the item at a rank is relevant; (lists, longest), False beyond a list's end.
        relevant_count: relevant items of the list's user, listed or not; (lists,), at least 1.
    """

    is_hit: Bools
    relevant_count: Ints


class ListedItems(NamedTuple):
    """What is listed, whether relevant or not.

    Attributes:
        positions: place of the item at a rank in the two arrays below; (lists, longest), -1 beyond a list's end.
        user_share: share of training users who had an item; (items + 1,), the last, for -1, is nan.
        directions: factors of an item over their length; (items + 1, rank), zeros where it has none, and for -1.
    """

    positions: Ints
    user_share: Floats
    directions: Floats


def recall(lists: JudgedLists, k: int) -> Floats:
    """Relevant items among the first k / relevant items of the user.

    It cannot reach 1 for a user with more than k relevant items. (Manning et al., "Introduction to Information
    Retrieval", section 8.3.)
    """
    return _hit_count(lists, k) / lists.relevant_count


def precision(lists: JudgedLists, k: int) -> Floats:
    """Relevant items among the first k / k, also where the list is shorter than k.

    (Manning et al., section 8.4.)
    """
    return _hit_count(lists, k) / k


def ndcg(lists: JudgedLists, k: int) -> Floats:
    """DCG / ideal DCG with DCG = sum over relevant ranks r ≤ k of 1 / log2(r + 1).

    The ideal list begins with min(k, relevant items) relevant ones. Relevance is 0 or 1, so gain 2^rel - 1 and gain rel
    agree. (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, section 2.2; the discount
    that starts at rank 2 is Burges et al., 2005.)
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    top = lists.is_hit[:, :k]
    ideal = np.cumsum(discounts)[np.minimum(lists.relevant_count, k) - 1]
    return np.asarray(top @ discounts[: top.shape[1]] / ideal)


def average_precision(lists: JudgedLists, k: int) -> Floats:
    """Sum over relevant ranks r ≤ k of precision at r, / min(k, relevant items).

    `RankingEvaluator` divides in the same way for meanAveragePrecisionAtK; its meanAveragePrecision has no k and
    divides by the number of relevant items, so a short list cannot reach 1. It also counts users without relevant
    items as 0, whom we do not judge. (Manning et al., section 8.4, cut at k.)
    """
    top = lists.is_hit[:, :k]
    precisions = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return (precisions * top).sum(axis=1) / np.minimum(lists.relevant_count, k)


def reciprocal_rank(lists: JudgedLists, k: int) -> Floats:
    """1 / rank of the first relevant item among the first k, 0 without one.

    (Voorhees, "The TREC-8 question answering track report", 1999.)
    """
    top = lists.is_hit[:, :k]
    if not top.shape[1]:
        return np.zeros(len(top))
    return top.any(axis=1) / (top.argmax(axis=1) + 1.0)


def hit_rate(lists: JudgedLists, k: int) -> Floats:
    """1 where the first k hold anything relevant, else 0.

    (Deshpande and Karypis, "Item-based top-N recommendation algorithms", 2004, section 6.2.)
    """
    return np.asarray(lists.is_hit[:, :k].any(axis=1), np.float64)


def novelty(listed: ListedItems, k: int) -> Floats:
    """Mean self-information of the first k, -log2(share of training users who had the item); bits.

    Nan for an empty list; an item that no training user had is left out.

    Source: Zhou et al., "Solving the apparent diversity-accuracy dilemma", PNAS 2010, "surprisal".
    """
    share = listed.user_share[listed.positions[:, :k]]
    return _mean_of_known(-np.log2(np.where(share > 0, share, np.nan)))


def average_popularity(listed: ListedItems, k: int) -> Floats:
    """Mean share of training users who had the first k items; nan for an empty list.

    Source: Abdollahpouri et al., "Managing popularity bias", 2019, ARP, here as a share.
    """
    return _mean_of_known(listed.user_share[listed.positions[:, :k]])


def diversity(listed: ListedItems, k: int) -> Floats:
    """1 - mean cosine between the factors of two different items of the first k; nan for fewer than two items.

    Items without factors are left out. The mean over the m(m-1) pairs is (‖sum of directions‖² - m) / (m(m-1)), so
    no pair is formed. Source: Ziegler et al., "Improving recommendation lists through topic diversification", 2005,
    intra-list similarity, as a mean and turned round.
    """
    positions, items = listed.positions[:, :k], len(listed.directions)
    count = np.einsum("ij,ij->i", listed.directions, listed.directions).round()[positions].sum(axis=1)
    starts = np.arange(len(positions) + 1) * positions.shape[1]
    chosen = csr_array((np.ones(positions.size), positions.ravel() % items, starts), shape=(len(positions), items))
    total = chosen @ listed.directions
    pairs = np.where(count >= 2, count * (count - 1), np.nan)
    return np.asarray(1 - (np.einsum("ij,ij->i", total, total) - count) / pairs)


def coverage(exposure: Floats) -> Floats:
    """Catalogue coverage: items that are in any list / items of the catalogue.

    It grows with the number of lists, so compare recommenders over the same users only. Source: Herlocker et al.,
    "Evaluating collaborative filtering recommender systems", 2004, section 4.2.

    Args:
        exposure: how often each item of the catalogue is listed; (..., items).
    """
    if not exposure.shape[-1]:
        return np.full(exposure.shape[:-1], np.nan)
    return (exposure > 0).mean(axis=-1)


def gini(exposure: Floats) -> Floats:
    """Gini index of how often items are listed: 0 where all are listed alike, near 1 where few fill all lists.

    sum over items, ascending by count, of (2i - n - 1) · count / (n · sum of counts). Nan where nothing is listed.
    Source: Fleder and Hosanagar, "Blockbuster culture's next rise or fall", 2009, section 3.

    Args:
        exposure: how often each item of the catalogue is listed; (..., items).
    """
    count = exposure.shape[-1]
    lean = 2 * np.arange(1, count + 1) - count - 1
    total = exposure.sum(axis=-1)
    return np.sort(exposure, axis=-1) @ lean / np.where(total > 0, count * total, np.nan)


RELEVANCE: Mapping[str, Callable[[JudgedLists, int], Floats]] = {
    "recall": recall,
    "precision": precision,
    "ndcg": ndcg,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
}
CHARACTER: Mapping[str, Callable[[ListedItems, int], Floats]] = {
    "novelty": novelty,
    "average_popularity": average_popularity,
    "diversity": diversity,
}
OF_ALL_LISTS: Mapping[str, Callable[[Floats], Floats]] = {"coverage": coverage, "gini": gini}


def _hit_count(lists: JudgedLists, k: int) -> Floats:
    return lists.is_hit[:, :k].sum(axis=1).astype(np.float64)


def _mean_of_known(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(known, values, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)
