"""Sessions of events that came without one: a user's events belong together while the pauses between them are short.

A made session is named by its user and the time of its first event. It may go on over one midnight, so a day depends on
the day before it and on nothing earlier; what goes on over a second midnight is no person, and is cut there.
"""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from lakerec.silver.ids import in_namespace, tidy_id

MINUTE = 60_000_000  # microseconds
REACH_DAYS = 1
ID_TIME = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"


def make_sessions(events: DataFrame, gap_minutes: int) -> DataFrame:
    """Events with `session_id_sent`, and with a made `session_id` where an event of a known user came without.

    An event whose predecessor, by (occurred_at, event_id) among its user's events without session, lies more than
    `gap_minutes` back begins a session. Events without user stay without session.

    Args:
        events: believed events, each once, with the users and sessions that were sent; of whole days, and of the day
            before each of those whose rows are wanted.
        gap_minutes: 0 makes no sessions, and is the cheap way where all events came with theirs.
    """
    as_sent = events.withColumn("session_id_sent", F.col("session_id"))
    if not gap_minutes:
        return as_sent
    is_made = F.col("session_id").isNull() & F.col("user_id").isNotNull()
    of_user = Window.partitionBy("source", "user_id", F.when(~is_made, F.col("event_id")))  # the others: each alone
    begun = as_sent.withColumn("_began_at", _began_at(of_user.orderBy("occurred_at", "event_id"), gap_minutes))
    days = of_user.orderBy(F.unix_date("event_date")).rangeBetween(-REACH_DAYS, Window.currentRow)
    began_at = F.greatest("_began_at", F.min("occurred_at").over(days))
    made = begun.withColumn("_made_id", F.concat("user_id", F.lit("@"), F.date_format(began_at, ID_TIME)))
    return made.withColumn("session_id", F.when(is_made, F.col("_made_id")).otherwise(F.col("session_id"))).drop(
        "_began_at", "_made_id"
    )


def days_to_rejoin(sessions: DataFrame, records: DataFrame, gap_minutes: int) -> DataFrame:
    """Days whose first made sessions may go on from the evening of a changed day: column `event_date`, one row per day.

    Args:
        sessions: silver.sessions of the days after those that changed.
        records: bronze.events of the days that changed.
        gap_minutes: as for `make_sessions`.
    """
    next_day = F.date_add("event_date", REACH_DAYS).alias("event_date")
    without_session = records.where(tidy_id("session_id").isNull())
    evenings = (
        without_session.select("source", in_namespace("user_id"), next_day, "event_at")
        .groupBy("source", "user_id", "event_date")
        .agg(F.max("event_at").alias("evening"))
    )
    pause = F.unix_micros("first_at") - F.unix_micros("evening")
    mornings = sessions.where("is_made").join(evenings, ["source", "user_id", "event_date"], how="inner")
    return mornings.where(pause <= gap_minutes * MINUTE).select("event_date").distinct()


def may_lack_sessions() -> SparkColumn:
    """Condition on bronze.events that holds for every record without session, and that file statistics can decide.

    What begins with a character beyond ASCII's visible ones may be blank; whether it is, is not told here.
    """
    session = F.col("session_id")
    is_somebodys = F.col("user_id").isNotNull() & F.col("event_date").isNotNull()
    return is_somebodys & (session.isNull() | (session < "!") | (session > "~"))


def _began_at(in_order: WindowSpec, gap_minutes: int) -> SparkColumn:
    """Time of the latest event, up to this one, that comes after a longer pause or after nothing."""
    at = F.unix_micros("occurred_at")
    follows = at - F.lag(at).over(in_order) <= gap_minutes * MINUTE
    begins = F.when(~F.coalesce(follows, F.lit(False)), F.col("occurred_at"))
    return F.last(begins, ignorenulls=True).over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
