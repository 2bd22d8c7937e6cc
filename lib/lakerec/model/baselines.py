"""What a model has to beat, as factors for the same top-N kernel: bestsellers, and lists drawn at random."""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.model.scorer import (
    Floats32,
    ItemSide,
    Ranker,
    as_top_n,
    collect_items,
    list_places,
    matrix_of,
    pairs_of,
)

_RANDOM_RANK = 16
"""Length of random factors: enough that hardly two users get similar lists."""


def popularity_items(item_popularity: DataFrame, item_index: DataFrame) -> ItemSide:
    """Items by popularity, a model of rank 1: the score of an item is its popularity, for everybody.

    Args:
        item_popularity: gold.item_popularity, or the same as known before a cut; item_ix, strength. Only items with a
            positive strength are ever listed.
        item_index: gold.item_index.
    """
    one = F.array(F.col("strength").cast("float")).alias("factors")
    return collect_items(item_popularity.where("strength > 0").select("item_ix", one), item_index)


def random_items(items: ItemSide, seed: int) -> ItemSide:
    """The same items with random directions for factors; of equal length, so that each is as likely to be listed."""
    directions = np.random.default_rng(seed).standard_normal((len(items.item_ix), _RANDOM_RANK))
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return ItemSide(items.item_ix, unit.astype(np.float32))


def random_users(users: DataFrame, seed: int) -> DataFrame:
    """`users` (user_ix, ...) with random factors between -1 and 1 that depend on user and seed alone."""
    steps = 2**20
    drawn = F.transform(
        F.sequence(F.lit(1), F.lit(_RANDOM_RANK)),
        lambda factor: (F.pmod(F.xxhash64("user_ix", factor, F.lit(seed)), F.lit(steps)) * 2 / steps - 1).cast("float"),
    )
    return users.withColumn("factors", drawn)


def rank_alike(users: pa.RecordBatch, items: ItemSide, n: int) -> pa.RecordBatch:
    """Lists of `popularity_items`, from which users differ only in what is masked.

    Args:
        users: user_ix, masked.

    Returns:
        As `scorer.top_n`.
    """
    return _ranked(users, np.ones((users.num_rows, 1), np.float32), items, n)


def rank_by_chance(users: pa.RecordBatch, items: ItemSide, n: int) -> pa.RecordBatch:
    """Lists of `random_items` for users with the factors of `random_users`, here under the name chance."""
    factors = users["chance"].flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return _ranked(users, factors.reshape(users.num_rows, -1), items, n)


def rank_by_factors(users: pa.RecordBatch, items: ItemSide, n: int) -> pa.RecordBatch:
    """Lists of a model for users with factors; those whose factors are null get none."""
    known = users.filter(users["factors"].is_valid())
    return _ranked(known, matrix_of(known["factors"], "user"), items, n)


def _ranked(users: pa.RecordBatch, factors: Floats32, items: ItemSide, n: int) -> pa.RecordBatch:
    places = list_places(factors, pairs_of(users["masked"]), items, Ranker(items.factors, n))
    return as_top_n(places, users["user_ix"])
