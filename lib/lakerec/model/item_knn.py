"""Item-kNN: a user gets what is most similar to what they had. Cosine, or BM25 weights; the baseline to beat.

Similar are items that the same users had. Each item keeps its nearest neighbours, and the score of an item is the sum,
over the user's items that it neighbours, of similarity times the user's strength (Deshpande and Karypis, "Item-based
top-N recommendation algorithms", 2004, section 4). Strengths are rounded to 1/1024, and BM25 weights likewise, so that
sums do not depend on their order.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import sparse

from lakerec.contract import Settings
from lakerec.gathered import gathered_by
from lakerec.model.item_pairs import Choose, Matrices, Multiply, Rows, best_of_rows, rows_of, sum_products
from lakerec.model.scorer import Floats, Ints, Ints32, ItemSide, Places, as_top_n, nth_of

_STEPS = 1024
_USERS_HELD = 1024
_PAIRS_HELD = 1 << 23
"""Pairs of items summed up before they leave a task; 24 bytes each."""


class BaselineSettings(Settings):
    """What a model has to beat."""

    recent_days: int = Field(ge=1, description="days up to the cut that recent_popularity looks at; days")
    neighbours: int = Field(ge=1, description="most similar items that item-kNN keeps of each item; items")
    max_profile: int = Field(ge=1, description="strongest items of a user that item-kNN looks at; items")
    bm25_k1: float = Field(gt=0, description="BM25: how soon a strength saturates")
    bm25_b: float = Field(ge=0, le=1, description="BM25: how far well known items are discounted; 0..1")


class Neighbours(NamedTuple):
    """Items in order of item_id, so that their position breaks ties, and how similar they are.

    Attributes:
        item_ix: int32, a position's item.
        similarity: float64 (items, items), sparse: row j holds the nearest neighbours of item j.
    """

    item_ix: Ints32
    similarity: sparse.csr_matrix


class _Items(NamedTuple):
    """What both weightings need of the items, in order of item_ix: item_ix, sum of strengths and of their squares."""

    item_ix: Ints32
    length: Floats
    squares: Floats


def liked_items(interactions: DataFrame, max_profile: int) -> DataFrame:
    """The strongest items of each user, each with its strength.

    Args:
        interactions: gold.interactions as of the cut; only positive strengths count.

    Returns:
        user_ix, liked array<struct<strength double, item_ix int>>.
    """
    strength = (F.round(F.col("strength").cast("double") * _STEPS) / _STEPS).alias("strength")
    pairs = interactions.select("user_ix", "item_ix", strength).where("strength > 0")
    liked = F.sort_array(F.collect_list(F.struct("strength", "item_ix")), asc=False)
    return gathered_by(pairs, "user_ix").agg(F.slice(liked, 1, max_profile).alias("liked"))


def fit_neighbours(
    profiles: DataFrame, item_index: DataFrame, settings: BaselineSettings
) -> tuple[Neighbours, Neighbours]:
    """Nearest neighbours by cosine and by BM25, in one pass over the users; 16 bytes a neighbour on the driver.

    Args:
        profiles: see `liked_items`.
        item_index: gold.item_index.
    """
    each = profiles.select(F.explode("liked").alias("liked")).select("liked.*")
    sums = each.groupBy("item_ix").agg(
        F.sum("strength").alias("length"), F.sum(F.expr("strength * strength")).alias("squares")
    )
    table = sums.join(item_index, on="item_ix", how="inner").toArrow().sort_by("item_ix")
    items = _Items(
        table["item_ix"].to_numpy().astype(np.int32), table["length"].to_numpy(), table["squares"].to_numpy()
    )
    nearest = sum_products(
        profiles.select("liked"),
        _multiplier(items, settings),
        len(items.item_ix),
        _chooser(items, settings.neighbours),
        "method int, item int, other int, similarity double",
    )
    found = nearest.toArrow()
    by_id = np.argsort(np.array(table["item_id"].to_pylist(), dtype=object)) if len(table) else np.empty(0, np.int64)
    place = np.argsort(by_id)
    cosine, bm25 = (_neighbours(found.filter(_is(found, method)), items.item_ix[by_id], place) for method in (0, 1))
    return cosine, bm25


def own_items(neighbours: Neighbours) -> Neighbours:
    """Each item is its own and only neighbour, so that users are listed what they had, strongest first."""
    return Neighbours(neighbours.item_ix, sparse.identity(len(neighbours.item_ix), format="csr"))


def rank_by_neighbours(users: pa.RecordBatch, neighbours: Neighbours, n: int) -> pa.RecordBatch:
    """The best n items of each user with a score above 0, ordered by (score descending, item_id ascending).

    Args:
        users: user_ix; liked_items and strengths, see `liked_items` (null for a user without); masked.

    Returns:
        As `scorer.top_n`; fewer rows where fewer items have a score.
    """
    blocks = [users.slice(start, _USERS_HELD) for start in range(0, users.num_rows, _USERS_HELD)]
    parts = [_listed(block["user_ix"], _scores(block, neighbours), neighbours.item_ix, n) for block in blocks]
    return pa.concat_batches(parts)


def bm25_weights(profiles: sparse.csr_matrix, length: Floats, settings: BaselineSettings) -> sparse.csr_matrix:
    """BM25 weight of each (user, item): the item is the document, the user the term.

    idf(u) · s·(k1 + 1) / (s + k1·(1 - b + b·|i| / mean |i|)), idf(u) = log(1 + items / items of u), s the strength and
    |i| the sum of the item's strengths. Source: Robertson and Zaragoza, "The probabilistic relevance framework", 2009,
    section 3.4; the idf, of which there are several, is one that never falls below 0.

    Args:
        profiles: strengths; (users, items).
        length: |i| by item.
    """
    weighted = profiles.copy()
    counts = np.diff(profiles.indptr)
    idf = np.log1p(len(length) / np.maximum(counts, 1))
    norm = settings.bm25_k1 * (1 - settings.bm25_b + settings.bm25_b * length / length.mean())
    strength = profiles.data
    weight = np.repeat(idf, counts) * strength * (settings.bm25_k1 + 1) / (strength + norm[profiles.indices])
    weighted.data = np.round(weight * _STEPS) / _STEPS
    return weighted


def _multiplier(items: _Items, settings: BaselineSettings) -> Multiply:
    """Products of a task's users: of their strengths, and of BM25's weights."""

    def multiply(batches: Iterator[pa.RecordBatch]) -> Iterator[Matrices]:
        empty = sparse.csr_matrix((len(items.item_ix),) * 2)
        cosine, bm25 = empty, empty
        for batch in batches:
            profiles = _profiles(batch["liked"], items.item_ix)
            weighted = bm25_weights(profiles, items.length, settings)
            cosine, bm25 = cosine + profiles.T @ profiles, bm25 + weighted.T @ weighted
            if cosine.nnz > _PAIRS_HELD:
                yield cosine, bm25
                cosine, bm25 = empty, empty
        yield cosine, bm25

    return multiply


def _chooser(items: _Items, most: int) -> Choose:
    """What picks the most similar items of each item, by both methods; an item is no neighbour of itself."""
    norms = np.sqrt(items.squares)

    def choose(rows: Rows) -> pa.RecordBatch:
        parts = []
        for method, sums in enumerate(rows.sums):
            item, other = rows.first + rows_of(sums), sums.indices
            similarity = sums.data if method else sums.data / (norms[item] * norms[other])
            values = (np.where(item == other, 0, similarity), other, sums.indptr)
            best = best_of_rows(sparse.csr_matrix(values, shape=sums.shape), most)
            columns = {
                "method": np.full(len(best), method, np.int32),
                "item": item[best].astype(np.int32),
                "other": other[best].astype(np.int32),
                "similarity": similarity[best],
            }
            parts.append(pa.RecordBatch.from_pydict(columns))
        return pa.concat_batches(parts)

    return choose


def _is(found: pa.Table, method: int) -> pa.Array:
    return pa.array(found["method"].to_numpy() == method)


def _neighbours(found: pa.Table, item_ix: Ints32, place: Ints) -> Neighbours:
    size = (len(item_ix), len(item_ix))
    rows, columns = place[found["item"].to_numpy()], place[found["other"].to_numpy()]
    return Neighbours(item_ix, sparse.csr_matrix((found["similarity"].to_numpy(), (rows, columns)), shape=size))


def _profiles(liked: pa.ListArray, item_ix: Ints32) -> sparse.csr_matrix:
    """Users' strengths as a matrix; items by place in ascending item_ix."""
    row, entries = liked.value_parent_indices().to_numpy(), liked.flatten()
    column = np.searchsorted(item_ix, entries.field("item_ix").to_numpy(zero_copy_only=False))
    strength = entries.field("strength").to_numpy(zero_copy_only=False)
    return sparse.csr_matrix((strength, (row, column)), shape=(len(liked), len(item_ix)))


def _scores(users: pa.RecordBatch, neighbours: Neighbours) -> Floats:
    """Scores of some users; masked items have none."""
    row, column, is_here = _places(users["liked_items"], neighbours)
    strength = users["strengths"].flatten().to_numpy(zero_copy_only=False)[is_here]
    liked = sparse.csr_matrix((strength, (row, column)), shape=(users.num_rows, len(neighbours.item_ix)))
    scores = (liked @ neighbours.similarity).toarray()
    row, column, _ = _places(users["masked"], neighbours)
    scores[row, column] = 0
    return np.asarray(scores)


def _places(lists: pa.ListArray, neighbours: Neighbours) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Row and position of each listed item, and which entries have one."""
    row = lists.value_parent_indices().to_numpy().astype(np.int64)
    item_ix = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int32)
    position = ItemSide(neighbours.item_ix, np.empty((0, 0), np.float32)).positions(item_ix)
    return row[position >= 0], position[position >= 0], position >= 0


def _listed(user_ix: pa.Array, scores: Floats, item_ix: Ints32, n: int) -> pa.RecordBatch:
    """Each user's best n scores above 0; equal ones by position."""
    values = sparse.csr_matrix(scores)
    best = best_of_rows(values, n)
    rows = rows_of(values)[best]
    ranks = (nth_of(rows) + 1).astype(np.int32)
    return as_top_n(Places(rows, ranks, item_ix[values.indices[best]], values.data[best]), user_ix)
