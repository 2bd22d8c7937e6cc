"""silver.events: the user actions we believe, each once."""

from typing import NamedTuple

from pydantic import Field
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Expectation, Settings, Table, Write
from lakerec.kept import Keep
from lakerec.quality import Belief, judge, split_judged
from lakerec.silver.gap_sessions import make_sessions
from lakerec.silver.ids import IDS, has_short_ids, in_namespace, tidy_id
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.sessions import SessionSettings, link_users

MONEY = T.DecimalType(18, 4)
EXACT = T.DecimalType(28, 6)

HAS_EVENT_ID = Expectation("has an event id", "event_id IS NOT NULL", is_stored=True)
HAS_TIME = Expectation("has a readable time", "occurred_at IS NOT NULL", is_stored=True)
HAS_ITEM = Expectation("has an item", "item_id IS NOT NULL", is_stored=True)
HAS_POSITIVE_QUANTITY = Expectation("has a positive quantity", "quantity > 0", null_passes=True, is_stored=True)
HAS_FAIR_PRICE = Expectation("has a price that is not negative", "price >= 0", null_passes=True, is_stored=True)

EVENTS = Table(
    name="silver.events",
    comment="One row per believed user action.",
    columns=(
        Column("source", T.StringType(), "Which producer's log it came from.", nullable=False),
        Column("event_date", T.DateType(), "Day of occurred_at; UTC.", nullable=False),
        Column("event_id", T.StringType(), "Producer's id of the action, or one made of named fields.", nullable=False),
        Column("user_id", T.StringType(), "Who acted: as sent, else who signed in later in the session."),
        Column("user_id_sent", T.StringType(), "User as sent; null where the event came without one."),
        Column("session_id", T.StringType(), "Visit: as sent, else made of the gaps between the user's events."),
        Column("session_id_sent", T.StringType(), "Session as sent; null where the event came without one."),
        Column("item_id", T.StringType(), "What was acted on."),
        Column("action", T.StringType(), "What was done, lower case: view, cart, purchase, ... as configured."),
        Column("quantity", T.IntegerType(), "Units, never negative (a return of 6 is 6); null where none was sent."),
        Column("price", MONEY, "Price of one unit in the shop's currency, to four decimals; null where none was sent."),
        Column("occurred_at", T.TimestampType(), "When the user acted; UTC."),
        Column("list_id", T.StringType(), "Which shown list the action belongs to."),
        Column("position", T.IntegerType(), "Place in the shown list, as the producer counts it."),
        Column("surface", T.StringType(), "Where in the shop the list was shown."),
        Column("propensity", T.DoubleType(), "Probability with which the item was shown there; 0..1."),
        Column("is_bot", T.BooleanType(), "Whether the session looked automatic on that day."),
        Column("file_id", T.StringType(), "Delivered file of the record that was kept."),
        Column("line_number", T.LongType(), "Its line there, from 1."),
        Column("record_number", T.IntegerType(), "Its record within the line, from 1."),
        Column("ingested_at", T.TimestampType(), "When that record was read; UTC."),
    ),
    key=("source", "event_date", "event_id"),
    write=Write.REPLACE_DAYS,
    indexed=("source", "occurred_at", "ingested_at"),
    partition_by="event_date",
    expectations=(HAS_EVENT_ID, HAS_TIME, HAS_ITEM, HAS_POSITIVE_QUANTITY, HAS_FAIR_PRICE),
    transform_version=2,
    distinct=True,
)

NUMBERS = ("quantity", "price", "position", "propensity")
SENT = ("occurred_at_sent", *[f"{name}_sent" for name in NUMBERS])
CONTENT = ("user_id", "session_id", "item_id", "action", *NUMBERS, "list_id", "surface")


class EventSettings(Settings):
    """Which actions there are, and what a believable event of them is."""

    actions: tuple[str, ...] = Field(min_length=1, description="every action that is believed, lower case")
    return_actions: tuple[str, ...] = Field(description="actions that give units back: a negative quantity is meant")
    max_future_skew_minutes: int = Field(ge=0, description="how far a producer's clock may be ahead of ours; minutes")
    max_id_bytes: int = Field(ge=1, description="longest id that is believed, as UTF-8; bytes")


class CleanedEvents(NamedTuple):
    """Both sides of belief; together with the duplicates they account for every record."""

    believed: DataFrame
    rejected: DataFrame


def clean_events(belief: Belief, sessions: DataFrame, session: SessionSettings, keep: Keep) -> CleanedEvents:
    """Join the events of whole days to sessions, and link these to users. As many rows leave as came.

    Args:
        belief: what `believe_once` makes of all records of the days to be replaced and, where sessions are made, of the
            day before each: rows of silver for those days come out as well, and are to be left out.
        sessions: silver.sessions of the days to be replaced and of the `session.max_days` days after each.
        session: how events are joined to sessions, and how far a sign-in reaches back.
        keep: as of `link_users`.

    Returns:
        The rows of silver.events and of silver.rejected_events for those days.
    """
    once = make_sessions(belief.believed, session.gap_minutes)
    linked = link_users(once, sessions, session.max_days, keep)
    as_sent = belief.rejected.withColumn("occurred_at", F.col("occurred_at_sent"))
    return CleanedEvents(linked.select(EVENTS.names), as_sent.select(REJECTED_EVENTS.names))


def believe_events(records: DataFrame, settings: EventSettings) -> Belief:
    """The records of bronze.events, typed and split by belief, duplicates still among them."""
    return split_judged(judge_events(records, settings))


def judge_events(records: DataFrame, settings: EventSettings) -> DataFrame:
    """The records of bronze.events, typed, with the `reasons` not to believe them: both sides in one frame.

    Strings as delivered stay beside rejected records alone: nobody asks for them where they could be read.
    """
    judged = judge(type_events(records, settings), believed_when(settings))
    return judged.withColumns({name: F.when(F.size("reasons") > 0, F.col(name)) for name in SENT})


def number_records(judged: DataFrame) -> DataFrame:
    """What `judge_events` gives, with row_number (long), another for each record and each time this is computed."""
    return judged.withColumn("row_number", F.monotonically_increasing_id())


def believe_once(numbered: DataFrame, keep: Keep) -> Belief:
    """Both sides of what `judge_events` gave: believed records, each once, and rejected ones.

    Of each (source, event_date, event_id) the smallest (occurred_at, sha256 of raw) is believed. Of the hash the first
    64 bits are looked at: they do not tie. Only a line's first record holds the raw bytes, so record number and content
    decide between the others; what then still ties differs in nothing but where it was read.

    Args:
        numbered: what `number_records` gave, kept.
        keep: as of `kept_frames`. Which records are repeated has to be known to be little before they are compared, or
            Spark moves all records to compare a few.
    """
    # 8 bytes instead of an id: that two events have the same by chance lets them be compared, and both are believed.
    believed = split_judged(numbered).believed.withColumn("identity", F.xxhash64(*EVENTS.key))
    repeated = keep(_repeated(believed))
    duplicates = keep(_all_but_first(believed.join(repeated, ["identity"], how="left_semi")))
    once = numbered.join(duplicates, ["row_number"], how="left_anti")
    return split_judged(once.drop("row_number", "raw_hash"))


def believed_when(settings: EventSettings) -> tuple[Expectation, ...]:
    """Everything a typed record has to fulfil, in the order in which reasons are listed."""
    actions = ", ".join("'" + action.replace("'", "''") + "'" for action in sorted(settings.actions))
    latest = f"ingested_at + INTERVAL '{settings.max_future_skew_minutes}' MINUTE"
    return (
        HAS_EVENT_ID,
        HAS_TIME,
        HAS_ITEM,
        has_short_ids(IDS, settings.max_id_bytes),
        Expectation("is a known action", f"action IN ({actions})"),
        _is_readable("quantity"),
        HAS_POSITIVE_QUANTITY,
        _is_readable("price"),
        HAS_FAIR_PRICE,
        _is_readable("position"),
        _is_readable("propensity"),
        Expectation("acted before we read of it", f"occurred_at <= {latest}", null_passes=True),
    )


def type_events(records: DataFrame, settings: EventSettings) -> DataFrame:
    """Delivered strings as typed columns, the numbers' strings kept as `<name>_sent`.

    An unreadable number is null beside its string; empty strings are null; ids are spelled by the rule of `ids`, those
    of users and items within their source's namespace.
    """
    return records.select(
        "source",
        "event_date",
        tidy_id("event_id").alias("event_id"),
        in_namespace("user_id"),
        tidy_id("session_id").alias("session_id"),
        in_namespace("item_id"),
        F.lower(F.trim("action")).alias("action"),
        F.col("event_at").alias("occurred_at"),
        F.col("occurred_at").alias("occurred_at_sent"),
        tidy_id("list_id").alias("list_id"),
        *[filled(name).alias(name) for name in ("surface", "item_name", "item_category")],
        *[filled(name).alias(f"{name}_sent") for name in NUMBERS],
        *["file_id", "line_number", "record_number", "ingested_at"],
        F.unhex(F.left(F.sha2("raw", 256), F.lit(16))).alias("raw_hash"),
    ).withColumns(_numbers(settings))


def filled(name: str) -> SparkColumn:
    """A string column; null where it is empty or blank."""
    return F.when(F.trim(F.col(name)) != "", F.col(name))


def _repeated(believed: DataFrame) -> DataFrame:
    copies = believed.groupBy("identity").agg(F.count(F.lit(1)).alias("copies"))
    return copies.where("copies > 1").select("identity")


def _all_but_first(believed: DataFrame) -> DataFrame:
    order = ("occurred_at", "raw_hash", "record_number", *CONTENT, "file_id", "line_number", "row_number")
    nth = F.row_number().over(Window.partitionBy(*reversed(EVENTS.key)).orderBy(*order))
    return believed.withColumn("nth", nth).where("nth > 1").select("row_number")


def _numbers(settings: EventSettings) -> dict[str, SparkColumn]:
    units = F.col("quantity_sent").try_cast(EXACT)
    propensity = F.col("propensity_sent").try_cast("double")
    return {
        "quantity": _whole(F.when(F.col("action").isin(*settings.return_actions), F.abs(units)).otherwise(units)),
        "price": F.col("price_sent").try_cast(MONEY),
        "position": _whole(F.col("position_sent").try_cast(EXACT)),
        "propensity": F.when(F.abs(propensity) < float("inf"), propensity),
    }


def _whole(number: SparkColumn) -> SparkColumn:
    return F.when(number == F.floor(number), number.try_cast("int"))


def _is_readable(name: str) -> Expectation:
    return Expectation(f"has a readable {name}", f"{name}_sent IS NULL OR {name} IS NOT NULL")
