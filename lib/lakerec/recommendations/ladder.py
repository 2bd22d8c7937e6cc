"""The users of a batch and what is known of each: on which rung of the ladder they stand.

Events that came after the training count, too: whoever is new, or did something since, is folded in. Sessions that
nobody signed in are users of their own, with negative integers, which live as long as the batch is made.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.diagnostics.rungs import ALS, FOLD_IN, SESSION
from lakerec.gold.daily_interactions import count_days
from lakerec.kept import Keep
from lakerec.model.fold_in import Space, fold_in

_SAME = 1e-5
"""Relative distance up to which solved and stored factors are those of the same history; float32 alone makes 1e-7."""


class Happened(NamedTuple):
    """What users and sessions without a sign-in did.

    Attributes:
        daily: as gold.daily_interactions.
        users: user_id, user_ix.
    """

    daily: DataFrame
    users: DataFrame


class Index(NamedTuple):
    """gold.user_index and gold.item_index."""

    users: DataFrame
    items: DataFrame


def see_what_happened(
    daily: DataFrame, recent: DataFrame, index: Index, actions: Collection[str], keep: Keep
) -> Happened:
    """Users and session users together.

    Args:
        daily: gold.daily_interactions.
        recent: silver.events of the days that sessions are recommended by; see `recent_events`.
        actions: those that have a weight.
        keep: keeps what sessions did, which is read more than once.
    """
    anonymous = as_session_users(recent)
    sessions = keep(number_sessions(anonymous))
    of_sessions = keep(count_days(anonymous, sessions, index.items, actions))
    return Happened(daily.unionByName(of_sessions), index.users.unionByName(sessions))


def recent_events(events: DataFrame, until: date, days: int) -> DataFrame:
    """Rows of silver.events of so many days up to and including `until`."""
    day = F.col("event_date")
    return events.where((day > F.lit(until - timedelta(days=days))) & (day <= F.lit(until)))


def as_session_users(events: DataFrame) -> DataFrame:
    """Events of sessions that nobody signed in, each session as a user named `session:<source>:<session_id>`.

    Args:
        events: silver.events of the days that are recent enough to recommend by.
    """
    is_anonymous = F.col("user_id").isNull() & F.col("session_id").isNotNull() & ~F.col("is_bot")
    name = F.concat_ws(":", F.lit("session"), "source", "session_id")
    return events.where(is_anonymous).withColumn("user_id", name)


def number_sessions(session_events: DataFrame) -> DataFrame:
    """Negative integers for session users, in order of their names.

    Returns:
        user_id, user_ix.
    """
    nth = F.row_number().over(Window.orderBy("user_id"))
    return session_events.select("user_id").distinct().select("user_id", (-nth).cast("int").alias("user_ix"))


def place_users(histories: DataFrame, stored: DataFrame, space: Space) -> DataFrame:
    """Whose factors serve whom.

    Args:
        histories: user_ix, history, from the newest events; see `fold_in.collect_histories`.
        stored: user_ix, factors of the serving model.

    Returns:
        user_ix, source (als, fold_in, session), factors. A user with the history that the model was trained on keeps
        the stored factors; no row for users without a positive strength.
    """
    known = stored.select("user_ix", F.col("factors").alias("stored"))
    both = fold_in(histories, space).join(known, on="user_ix", how="left")
    change = F.zip_with("factors", "stored", lambda now, then: now - then)
    is_unchanged = F.coalesce(_squared(change) <= _SAME**2 * _squared(F.col("stored")), F.lit(False))
    source = F.when(is_unchanged, ALS).when(F.col("user_ix") < 0, SESSION).otherwise(FOLD_IN)
    factors = F.when(is_unchanged, F.col("stored")).otherwise(F.col("factors"))
    return both.select("user_ix", source.alias("source"), factors.alias("factors"))


def _squared(numbers: SparkColumn) -> SparkColumn:
    return F.aggregate(numbers, F.lit(0.0), lambda total, each: total + each.cast("double") * each)
