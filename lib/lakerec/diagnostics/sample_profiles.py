"""How customers' events are distributed, in every dimension that a sample has to keep.

Distributions are counted by blocks of customers, who fall into blocks by a hash: so what a random draw of customers
would differ by, by chance alone, can be read from the same counts.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakerec.diagnostics.list_metrics import Floats

EVENTS_PER_USER, ITEMS_PER_USER, EVENTS_PER_SESSION = "events_per_user", "items_per_user", "events_per_session"
DIMENSIONS = (
    EVENTS_PER_USER,
    ITEMS_PER_USER,
    EVENTS_PER_SESSION,
    "item_popularity",
    "category",
    "action",
    "hour_of_day",
    "day",
    "source",
)
BLOCKS = 100
_TENTHS = 10
_DRAWS = 200
_TAIL = 0.95


class Profile(NamedTuple):
    """Counts of one dimension.

    Attributes:
        bins: their names, in order.
        counts: (BLOCKS, bins).
    """

    bins: list[str]
    counts: Floats


def describe_listed(events: DataFrame, items: DataFrame) -> DataFrame:
    """Items as the profiles see them: item_id, category, item_popularity (which tenth of all events they stand in).

    Tenth 0 are the bestsellers that make up the first tenth of all events.

    Args:
        events: people's silver.events, of the whole lake, also where a sample is to be described.
        items: silver.items.
    """
    counts = events.groupBy("item_id").agg(F.count(F.lit(1)).alias("events"))
    by_rank = Window.orderBy(F.desc("events"), "item_id")
    before = F.sum("events").over(by_rank.rowsBetween(Window.unboundedPreceding, -1))
    total = F.sum("events").over(Window.partitionBy())
    tenth = F.floor(F.coalesce(before, F.lit(0)) * _TENTHS / total)
    ranked = counts.withColumn("item_popularity", tenth.cast("string"))
    named = ranked.join(items.select("item_id", "category"), on="item_id", how="left")
    return named.select("item_id", F.coalesce("category", F.lit("")).alias("category"), "item_popularity")


def people(events: DataFrame) -> DataFrame:
    """silver.events of known users who are no bots."""
    return events.where(F.col("user_id").isNotNull() & ~F.col("is_bot"))


def fit_profiles(events: DataFrame, listed: DataFrame) -> dict[str, Profile]:
    """Count the events of people in every dimension. Collects BLOCKS rows for each bin.

    Args:
        events: people's silver.events.
        listed: see `describe_listed`.
    """
    block = F.pmod(F.xxhash64("user_id"), F.lit(BLOCKS)).cast("int").alias("block")
    known = events.join(F.broadcast(listed), on="item_id", how="left").select("*", block)
    of_user = known.groupBy("block", "user_id").agg(
        F.count(F.lit(1)).alias("events"), F.count_distinct("item_id").alias("items")
    )
    of_session = known.where(F.col("session_id").isNotNull()).groupBy("block", "source", "session_id")
    counted = (
        _counted(known, _of_event())
        .unionByName(_counted(of_user, {EVENTS_PER_USER: _band("events"), ITEMS_PER_USER: _band("items")}))
        .unionByName(_counted(of_session.agg(F.count(F.lit(1)).alias("events")), {EVENTS_PER_SESSION: _band("events")}))
    )
    return read_profiles(counted.collect())


def read_profiles(rows: Iterable[tuple[int, str, str, int]]) -> dict[str, Profile]:
    """Profiles by dimension.

    Args:
        rows: block, dimension, bin, count.
    """
    profiles, rows = {}, list(rows)
    for dimension in DIMENSIONS:
        own = [(block, name, count) for block, of, name, count in rows if of == dimension]
        bins = sorted({name for _, name, _ in own})
        counts = np.zeros((BLOCKS, len(bins)))
        for block, name, count in own:
            counts[block, bins.index(name)] += count
        profiles[dimension] = Profile(bins, counts)
    return profiles


def distance(whole: Profile, sample: Profile) -> float:
    """Total variation: half the sum over bins of |share in the sample - share in the whole|; 0..1.

    It is the share of one that would have to be moved to get the other. (Levin and Peres, "Markov Chains and Mixing
    Times", 2017, section 4.1.) An empty sample is 1 away.
    """
    bins = sorted({*whole.bins, *sample.bins})
    one, other = (_shares(_by_bin(profile, bins)) for profile in (whole, sample))
    return float(np.abs(one - other).sum() / 2) if other.any() else 1.0


def distance_by_chance(whole: Profile, share: float, seed: int) -> float:
    """How far a draw of customers is away in 19 of 20 cases, if nobody looks at whom he draws.

    Args:
        share: of customers; rounded to whole blocks.
    """
    rng = np.random.default_rng(seed)
    taken = max(1, round(share * BLOCKS))
    total = _shares(whole.counts.sum(axis=0))
    drawn = np.stack([whole.counts[rng.permutation(BLOCKS)[:taken]].sum(axis=0) for _ in range(_DRAWS)])
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1)
    return float(np.quantile(np.abs(shares - total).sum(axis=1) / 2, _TAIL))


def _of_event() -> Mapping[str, Column]:
    return {
        "item_popularity": F.col("item_popularity"),
        "category": F.col("category"),
        "action": F.col("action"),
        "hour_of_day": F.date_format("occurred_at", "HH"),
        "day": F.col("event_date").cast("string"),
        "source": F.col("source"),
    }


def _counted(frame: DataFrame, dimensions: Mapping[str, Column]) -> DataFrame:
    named = [
        F.struct(F.lit(name).alias("dimension"), F.coalesce(value, F.lit("")).alias("bin"))
        for name, value in dimensions.items()
    ]
    exploded = frame.select("block", F.explode(F.array(*named)).alias("each")).select("block", "each.*")
    return exploded.groupBy("block", "dimension", "bin").agg(F.count(F.lit(1)).alias("count"))


def _band(name: str) -> Column:
    """Powers of two: 1, 2-3, 4-7, ... by their lower end."""
    return F.pow(F.lit(2), F.floor(F.log2(name))).cast("long").cast("string")


def _by_bin(profile: Profile, bins: list[str]) -> Floats:
    counts = dict(zip(profile.bins, profile.counts.sum(axis=0), strict=True))
    return np.array([counts.get(name, 0.0) for name in bins])


def _shares(counts: Floats) -> Floats:
    return counts / max(counts.sum(), 1.0)
