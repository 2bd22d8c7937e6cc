"""silver.sessions: what a session did on one day, who signed in, and whether it looks automatic."""

from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.gathered import gathered_by
from lakerec.kept import Keep
from lakerec.silver.ids import tidy_id

SESSIONS = Table(
    name="silver.sessions",
    comment="One row per (source, session, day) of believed events that name a session.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from.", nullable=False),
        Column("event_date", T.DateType(), "Day of the events; UTC.", nullable=False),
        Column("session_id", T.StringType(), "Visit: the producer's id, or one made of gaps.", nullable=False),
        Column("user_id", T.StringType(), "User of the day's earliest event that was sent with one; null: none was."),
        Column("signed_in_at", T.TimestampType(), "When that event occurred; UTC."),
        Column("signed_in_event_id", T.StringType(), "Id of that event; the smaller one of two at the same time."),
        Column("last_signed_in_at", T.TimestampType(), "The day's latest event that was sent with a user; UTC."),
        Column("last_signed_in_event_id", T.StringType(), "Id of that event; the larger one of two at the same time."),
        Column("user_count", T.LongType(), "Different users that events were sent with; several: a shared device."),
        Column("first_at", T.TimestampType(), "Earliest event of the day; UTC."),
        Column("last_at", T.TimestampType(), "Latest event of the day; UTC."),
        Column("event_count", T.LongType(), "Events of the day."),
        Column("anonymous_count", T.LongType(), "Of those, events sent without a user."),
        Column("moment_count", T.LongType(), "Different times among them: lines of one invoice share one."),
        Column("is_bot", T.BooleanType(), "Many moments, and more a minute or more of the day than a person has."),
        Column("is_made", T.BooleanType(), "Whether it was made of gaps, as its events came without a session."),
    ),
    key=("source", "event_date", "session_id"),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
    transform_version=3,
    distinct=True,
)

_VISIT = ("visit", *reversed(SESSIONS.key))
"""What joins events to their session; `visit` parts events without session, which would pile up, and comes first, as
numbers compare faster than ids."""
_EVENT = ("event_id", "event_date", "source")


class SessionSettings(Settings):
    """How far a sign-in reaches, which gap ends a made session, and when a session looks automatic."""

    max_days: int = Field(ge=0, le=366, description="days before a sign-in whose anonymous events it names; days")
    gap_minutes: int = Field(
        ge=0, le=1440, description="longest pause within a session that is made of a user's events; 0: none; minutes"
    )
    bot_min_events: int = Field(
        ge=1, description="fewest events at different times, per session and day, of a bot; events"
    )
    bot_max_events_per_minute: float = Field(gt=0, description="most of those that a person makes a minute; events/min")
    bot_max_share: float = Field(gt=0, le=1, description="most of a source's events of a day that a person makes; 0..1")


def summarise_sessions(events: DataFrame, settings: SessionSettings) -> DataFrame:
    """The rows of silver.sessions for whole days.

    Args:
        events: what `make_sessions` gives: believed events, each once, with the users that were sent; all of a day.
        settings: the bot rules.
    """
    sign_in = F.when(F.col("user_id").isNotNull(), F.struct("occurred_at", "event_id", "user_id"))
    # A set, as count_distinct would shuffle every event; where no session is named, of the whole day: none is needed.
    moment = F.when(F.col("session_id").isNotNull(), F.unix_micros("occurred_at"))
    whole_day = Window.partitionBy("source", "event_date")
    summed = (
        gathered_by(events, *reversed(SESSIONS.key))
        .agg(
            F.min(sign_in).alias("signed_in"),
            F.max(sign_in).alias("last_signed_in"),
            F.size(F.collect_set("user_id")).cast("long").alias("user_count"),
            F.min("occurred_at").alias("first_at"),
            F.max("occurred_at").alias("last_at"),
            F.count(F.lit(1)).alias("event_count"),
            F.count_if(F.col("user_id").isNull()).alias("anonymous_count"),
            F.size(F.collect_set(moment)).cast("long").alias("moment_count"),
            F.bool_and(F.col("session_id_sent").isNull()).alias("is_made"),
        )
        .withColumn("day_share", F.col("event_count") / F.sum("event_count").over(whole_day))
        .where(F.col("session_id").isNotNull())
    )
    return summed.withColumns(
        {
            "user_id": F.col("signed_in.user_id"),
            "signed_in_at": F.col("signed_in.occurred_at"),
            "signed_in_event_id": F.col("signed_in.event_id"),
            "last_signed_in_at": F.col("last_signed_in.occurred_at"),
            "last_signed_in_event_id": F.col("last_signed_in.event_id"),
            "is_bot": _is_bot(settings),
        }
    ).select(SESSIONS.names)


def link_users(events: DataFrame, sessions: DataFrame, max_days: int, keep: Keep) -> DataFrame:
    """Events with the user of their session's next sign-in, and with `user_id_sent` and `is_bot`.

    An event without user takes the user of the earliest event with one that comes later, by (occurred_at, event_id),
    in its session: on the same day, else on the nearest of the `max_days` days after it. As many rows leave as came.

    Args:
        events: believed events, each once, with the users that were sent.
        sessions: silver.sessions of the events' days and of the `max_days` days after each.
        max_days: how many days later a sign-in may be.
        keep: as of `kept_frames`. That few sessions tell their events anything has to be known before they are joined,
            or Spark moves all events. Acts: looks whether one of them has several users.
    """
    links = keep(_links(sessions, max_days))
    visits = events.withColumn("visit", _visit(F.coalesce("session_id", "event_id")))
    linked = _with_next_of_several(visits, links, keep).join(links, [*_VISIT], how="left")
    user_id = F.coalesce("user_id", "next_of_several", _only_user_to_come(), "next_user_id")
    is_bot = F.coalesce("is_bot", F.lit(False))
    told = {"user_id_sent": F.col("user_id"), "user_id": user_id, "is_bot": is_bot}
    return linked.withColumns(told).select(*events.columns, "user_id_sent", "is_bot")


def days_to_relink(sessions: DataFrame, records: DataFrame, new: DataFrame, max_days: int) -> DataFrame:
    """Days whose links may change with new records of other days: column `event_date`, one row per day.

    A new record may sign in its own session, and by displacing a record of the same identity undo the sign-in of
    another. Decided by which sessions such records name, not by what changed in them: a run that was cut short finds
    the same days again.

    Args:
        sessions: silver.sessions of the days that may be touched.
        records: bronze.events of the days that changed.
        new: those of `records` that silver does not know yet; it may be all of them.
        max_days: how many days later a sign-in may be.
    """
    identity = ["source", "event_date", "tidy_event_id"]
    known, fresh = (frame.withColumn("tidy_event_id", tidy_id("event_id")) for frame in (records, new))
    touched = known.where("user_id IS NOT NULL").join(fresh.select(*identity), identity, how="left_semi")
    named = touched.select(
        "source", tidy_id("session_id").alias("session_id"), F.col("event_date").alias("later_date")
    ).distinct()
    gap = F.datediff("later_date", "event_date")
    waiting = sessions.where("anonymous_count > 0").join(named, ["source", "session_id"], how="inner")
    return waiting.where((gap > 0) & (gap <= max_days)).select("event_date").distinct()


def _links(sessions: DataFrame, max_days: int) -> DataFrame:
    """The sessions that tell their events something: that they are a bot's, or who signs in later."""
    following = Window.partitionBy("source", "session_id").orderBy(F.unix_date("event_date")).rangeBetween(1, max_days)
    next_user = F.first("user_id", ignorenulls=True).over(following) if max_days else F.lit(None).cast("string")
    is_waiting = F.col("anonymous_count") > 0
    told = sessions.select(
        *SESSIONS.key,
        _visit(F.col("session_id")).alias("visit"),
        "is_bot",
        F.when(is_waiting & (F.col("user_count") == 1), F.col("user_id")).alias("only_user_id"),
        (is_waiting & (F.col("user_count") > 1)).alias("is_shared"),
        "last_signed_in_at",
        "last_signed_in_event_id",
        F.when(is_waiting, next_user).alias("next_user_id"),
    )
    return told.where("is_bot OR is_shared OR only_user_id IS NOT NULL OR next_user_id IS NOT NULL")


def _only_user_to_come() -> SparkColumn:
    """The one user of an event's session, where the last sign-in comes later than the event."""
    is_to_come = F.struct("occurred_at", "event_id") < F.struct("last_signed_in_at", "last_signed_in_event_id")
    return F.when(is_to_come, F.col("only_user_id"))


def _with_next_of_several(visits: DataFrame, links: DataFrame, keep: Keep) -> DataFrame:
    """Events with `next_of_several`: where their session has several users, the next of them. Acts: looks for such."""
    shared = links.where("is_shared").select(*_VISIT)
    if shared.isEmpty():
        return visits.withColumn("next_of_several", F.lit(None).cast("string"))
    # Latest first: Spark goes through a frame that only grows once, but begins one that shrinks anew at every row.
    own = Window.partitionBy(*_VISIT).orderBy(F.desc("occurred_at"), F.desc("event_id"))
    next_user = F.last("user_id", ignorenulls=True).over(own.rowsBetween(Window.unboundedPreceding, 0))
    theirs = visits.select(*_VISIT, "event_id", "occurred_at", "user_id").join(shared, [*_VISIT], how="left_semi")
    named = theirs.withColumn("next_of_several", next_user).where("user_id IS NULL AND next_of_several IS NOT NULL")
    return visits.join(keep(named.select(*_EVENT, "next_of_several")), [*_EVENT], how="left")


def _visit(name: SparkColumn) -> SparkColumn:
    """8 bytes instead of an id: that two are the same by chance does no harm beside the other columns of _VISIT."""
    return F.xxhash64(name)


def _is_bot(settings: SessionSettings) -> SparkColumn:
    """Events at one time are one act: an invoice's lines, the items of a list that was shown."""
    minutes = (F.unix_micros("last_at") - F.unix_micros("first_at")) / 60e6
    a_minute = F.col("moment_count") / F.greatest(F.lit(1.0), minutes)
    is_fast = a_minute > settings.bot_max_events_per_minute
    return (F.col("moment_count") >= settings.bot_min_events) & (
        is_fast | (F.col("day_share") > settings.bot_max_share)
    )
