"""The leak detector: what an evaluated model, its baselines or its calibration know of what they are judged on.

Each kind of leak is looked for in what was really used: the pairs learned from, the factors as stored, the lists as
made, the labels as given. That the register of ids knows later users is no leak: they have no factors and are cold.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakerec.diagnostics.lists import share_of_strength
from lakerec.diagnostics.rankings import POPULARITY, TEST, VALIDATION
from lakerec.errors import LeakError
from lakerec.gold.item_popularity import rank_popularity
from lakerec.model.split import SplitSettings, Window, in_window, pairs_with, windows_after

ROWS_NAMED = 5
_TOLERANCE = 1e-6
"""Popularity is listed as float32."""


class Knowledge(NamedTuple):
    """What was used, and what happened.

    Attributes:
        as_of: the cut; UTC.
        split: where the windows lie.
        learned: gold.interactions as of the cut, as the model and the baselines used it.
        user_factors, item_factors: user_ix / item_ix of the model's factors.
        masked: distinct (user_ix, item_ix) that users knew before the cut.
        relevant: distinct (split, user_ix, item_ix): the held-out pairs.
        lists: recommender, user_ix, item_ix, score.
        daily: gold.daily_interactions.
        item_index: gold.item_index.
        spanning: distinct (split, user_ix, item_ix) of sessions that began before the split's window.
    """

    as_of: datetime
    split: SplitSettings
    learned: DataFrame
    user_factors: DataFrame
    item_factors: DataFrame
    masked: DataFrame
    relevant: DataFrame
    lists: DataFrame
    daily: DataFrame
    item_index: DataFrame
    spanning: DataFrame


def find_leaks(known: Knowledge) -> DataFrame:
    """Rows that should not be: kind, and the split, user_ix and item_ix as far as the kind has them.

    Returns:
        kind string, split string, user_ix int, item_ix int. Empty where nothing leaks.
    """
    learned_users, learned_items = (known.learned.select(name).distinct() for name in ("user_ix", "item_ix"))
    in_train = known.relevant.join(known.masked, on=["user_ix", "item_ix"], how="left_semi")
    listed = known.lists.select("user_ix", "item_ix").distinct()
    found = (
        _named("training event at or after the cut", known.learned.where(_after(known.as_of))),
        _named("user with factors but no training event", _without(known.user_factors, learned_users, "user_ix")),
        _named("item with factors but no training event", _without(known.item_factors, learned_items, "item_ix")),
        _named("held-out pair in train", in_train),
        _named("training pair listed", listed.join(known.masked, on=["user_ix", "item_ix"], how="left_semi")),
        _named("item listed that training does not know", _without(listed, learned_items, "item_ix")),
        _named("popularity of another time than the cut", _strange_popularity(known)),
        _named("held-out pair without an event in its window", _unfounded(known)),
        _named(
            "item with factors that the index does not know", _without(known.item_factors, known.item_index, "item_ix")
        ),
        _named(
            "held-out pair of a session that began before the window",
            known.relevant.join(known.spanning, on=["split", "user_ix", "item_ix"], how="left_semi"),
        ),
    )
    return reduce(DataFrame.unionByName, found)


def require_no_leaks(known: Knowledge) -> None:
    """Fail where anything leaks. Acts: one query.

    Raises:
        LeakError: which kinds of leak there are, and the first rows of each.
    """
    place = F.struct("split", "user_ix", "item_ix")
    first = F.slice(F.array_sort(F.collect_list(place)), 1, ROWS_NAMED).alias("rows")
    leaks = find_leaks(known).groupBy("kind").agg(F.count("*").alias("count"), first).orderBy("kind").collect()
    if leaks:
        raise LeakError("\n".join(_described(leak) for leak in leaks))


def spanning_pairs(
    sessions: DataFrame, events: DataFrame, indexes: Sequence[DataFrame], train_until: datetime, split: SplitSettings
) -> DataFrame:
    """What users did in a window in sessions that had begun before it: the visit is known, its end is no test.

    Args:
        sessions: silver.sessions.
        events: silver.events.
        indexes: gold.user_index and gold.item_index.
        train_until: the cut; UTC.

    Returns:
        Distinct (split, user_ix, item_ix) with a relevant action.
    """
    cut = windows_after(train_until.date(), split)
    parts = [
        _spanning(sessions, events, window, split).withColumn("split", F.lit(name))
        for name, window in ((VALIDATION, cut.calibrate), (TEST, cut.test))
    ]
    pairs = parts[0].unionByName(parts[1])
    for index in indexes:
        pairs = pairs.join(index, on=index.columns[0], how="inner")
    return pairs.select("split", "user_ix", "item_ix").distinct()


def _spanning(sessions: DataFrame, events: DataFrame, window: Window, split: SplitSettings) -> DataFrame:
    """user_id and item_id of the window's relevant events in sessions that began before it.

    Sessions are followed back as long as the window is, and at least three days.
    """
    length = max((window.last - window.first).days + 1, 3)
    near = sessions.where(F.col("event_date").between(F.date_sub(F.lit(window.first), length), F.lit(window.last)))
    days = near.groupBy("source", "session_id").agg(
        F.min("event_date").alias("first_date"), F.max("event_date").alias("last_date")
    )
    first = F.lit(window.first)
    spanning = days.where((F.col("first_date") < first) & (F.col("last_date") >= first))
    acted = events.where(
        F.col("event_date").between(window.first, window.last) & F.col("action").isin(*split.relevant_actions)
    )
    return acted.join(spanning.select("source", "session_id"), on=["source", "session_id"], how="left_semi").select(
        "user_id", "item_id"
    )


def _after(as_of: datetime) -> Column:
    return F.unix_micros("last_at") > F.unix_micros(F.lit(as_of))


def _without(frame: DataFrame, known: DataFrame, name: str) -> DataFrame:
    return frame.join(known.select(name), on=name, how="left_anti")


def _strange_popularity(known: Knowledge) -> DataFrame:
    """Bestsellers whose listed score is not their share of the training strength."""
    own = known.lists.where(F.col("recommender") == POPULARITY).groupBy("item_ix").agg(F.max("score").alias("score"))
    shares = share_of_strength(rank_popularity(known.learned, known.item_index))
    both = own.join(shares, on="item_ix", how="left")
    distance = F.abs(F.col("score") - F.coalesce("strength", F.lit(0.0)))
    return both.where(distance > _TOLERANCE * F.abs("score"))


def _unfounded(known: Knowledge) -> DataFrame:
    """Held-out pairs for which the window of their split holds no relevant action: labels from another time."""
    cut = windows_after(known.as_of.date(), known.split)
    founded = [
        pairs_with(in_window(known.daily, window), known.split.relevant_actions).withColumn("split", F.lit(name))
        for name, window in ((VALIDATION, cut.calibrate), (TEST, cut.test))
    ]
    return known.relevant.join(founded[0].unionByName(founded[1]), on=["split", "user_ix", "item_ix"], how="left_anti")


def _named(kind: str, rows: DataFrame) -> DataFrame:
    columns = {"split": "string", "user_ix": "int", "item_ix": "int"}
    return rows.select(
        F.lit(kind).alias("kind"),
        *[
            F.col(name) if name in rows.columns else F.lit(None).cast(type_).alias(name)
            for name, type_ in columns.items()
        ],
    )


def _described(leak: Row) -> str:
    rows = ", ".join(_place(row.asDict().items()) for row in leak["rows"])
    return (
        f"leak: {leak['kind']}: {leak['count']:,} rows, such as {rows}. The model is not judged by what it has seen: "
        "train it anew with --rebuild model, and look for what wrote these rows."
    )


def _place(fields: Iterable[tuple[str, object]]) -> str:
    return "(" + ", ".join(f"{name} {value}" for name, value in fields if value is not None) + ")"
