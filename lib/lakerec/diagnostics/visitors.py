"""How well sessions are served that nobody signed in (session): judged by those in which somebody did so later.

What was done before the sign-in is all that is known: not that this person may be an old customer. What the person did
afterwards, within the window, is to be found.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.diagnostics.evidence import EvaluatedModel
from lakerec.diagnostics.newcomers import Newcomers
from lakerec.diagnostics.rankings import TEST, VALIDATION
from lakerec.gold.daily_interactions import count_days
from lakerec.kept import Keep
from lakerec.model.split import windows_after


class Visitors(NamedTuple):
    """People who came without signing in, each by one session.

    Attributes:
        strangers: who they turned out to be, and what they did before that.
        relevant: distinct (split, user_ix, item_ix) with a relevant action after the session's last event without a
            user, in its window.
    """

    strangers: Newcomers
    relevant: DataFrame


def find_visitors(events: DataFrame, indexes: Sequence[DataFrame], model: EvaluatedModel, keep: Keep) -> Visitors:
    """Each user's first session of the test window that began without a sign-in, else that of the calibrate window.

    One session each, so that users are independent and the intervals hold.

    Args:
        events: silver.events.
        indexes: gold.user_index and gold.item_index.
    """
    users, items = indexes
    windows = windows_after(model.as_of.date(), model.split)
    within = events.where(F.col("event_date").between(windows.calibrate.first, windows.test.last))
    split = F.when(F.col("event_date") <= windows.calibrate.last, VALIDATION).otherwise(TEST)
    known = within.where("user_id IS NOT NULL AND NOT is_bot").withColumn("split", split)
    unsigned = known.where("user_id_sent IS NULL AND session_id IS NOT NULL")
    session = ("split", "user_id", "source", "session_id")
    sessions = unsigned.groupBy(*session).agg(
        F.min("occurred_at").alias("first_at"), F.max("occurred_at").alias("last_at")
    )
    of_user = Window.partitionBy("user_id").orderBy(F.col("split") != TEST, "first_at", "source", "session_id")
    chosen = keep(sessions.withColumn("nth", F.row_number().over(of_user)).where("nth = 1").drop("nth", "first_at"))
    seen = unsigned.join(chosen.select(*session), on=list(session), how="left_semi")
    acted = known.where(F.col("action").isin(*model.split.relevant_actions))
    later = acted.join(chosen.select("split", "user_id", "last_at"), on=["split", "user_id"]).where(
        "occurred_at > last_at"
    )
    pairs = later.join(users, "user_id").join(items, "item_id")
    return Visitors(
        strangers=Newcomers(
            users=chosen.join(users, "user_id").select("user_ix", "split"),
            observed=count_days(seen, users, items, model.feedback.weights),
        ),
        relevant=pairs.select("split", "user_ix", "item_ix").distinct(),
    )
