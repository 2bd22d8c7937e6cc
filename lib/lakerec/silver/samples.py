"""Drawing whole customers from a lake, with everything that bronze holds of them, as a small lake of its own.

A visitor is a customer with all sessions that were signed in, or else a session that nobody signed in. Visitors are
taken whole: then sessions, links, strengths and lists of a customer are in the sample what they are in the lake.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Literal

from pydantic import Field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.bronze.files import FILES, Status
from lakerec.contract import Settings
from lakerec.draws import uniform
from lakerec.silver.ids import in_namespace, tidy_id

RECORD = ("file_id", "line_number", "record_number")


class SampleSettings(Settings):
    """What a sample is drawn of, where it goes, and how far it may be from the whole."""

    root: str = Field(description="folder or URI of the sample, a lake of its own")
    share: float = Field(gt=0, lt=1, description="share of visitors that are drawn; 0..1")
    seed: int = Field(description="seed of the draw")
    method: Literal["users", "rows"] = Field(description="users: whole visitors; rows: single records, to compare with")
    max_distance: float = Field(
        gt=0, lt=1, description="largest total variation between sample and whole in any dimension; 0..1"
    )


def with_visitor(events: DataFrame) -> DataFrame:
    """silver.events with `visitor`: the user, else the session, else the event alone."""
    session = F.concat_ws(":", F.lit("session"), "source", "session_id")
    alone = F.concat_ws(":", F.lit("event"), "source", "event_id")
    return events.withColumn("visitor", F.coalesce("user_id", F.when(F.col("session_id").isNotNull(), session), alone))


def draw_visitors(events: DataFrame, share: float, seed: int) -> DataFrame:
    """Draw visitors, stratified by activity and time.

    Visitors stand in the order of: signed in or not, bot or not, activity (powers of two of their events), the mean day
    of their events, and a hash of visitor and seed. Every (1 / share)-th is taken, so each stratum gives its share up
    to one visitor, however small it is. Source: Cochran, "Sampling Techniques", 1977, section 8.1 (systematic samples).

    The order is one window over all visitors, a few dozen bytes each, in one task.

    Args:
        events: silver.events, all days.

    Returns:
        visitor, is_drawn. One row per visitor.
    """
    visitors = (
        with_visitor(events)
        .groupBy("visitor")
        .agg(
            F.bool_or(F.col("user_id").isNotNull()).alias("is_user"),
            F.bool_or("is_bot").alias("is_bot"),
            F.floor(F.log2(F.count(F.lit(1)))).alias("activity"),
            F.floor(F.avg(F.unix_date("event_date"))).alias("day"),
        )
    )
    hashed = F.xxhash64("visitor", F.lit(seed))
    nth = F.row_number().over(Window.orderBy("is_user", "is_bot", "activity", "day", hashed, "visitor"))
    start = uniform(F.lit("start"), F.lit(seed))
    reached = F.floor(nth * F.lit(share) + start)
    return visitors.select("visitor", (reached > F.floor((nth - 1) * F.lit(share) + start)).alias("is_drawn"))


def records_of_visitors(
    records: DataFrame, events: DataFrame, visitors: DataFrame, share: float, seed: int
) -> DataFrame:
    """The records of drawn visitors: believed, repeated and rejected ones.

    A record goes with the believed event of its identity; one that has none goes with its user, else with its session.
    What then belongs to nobody known is drawn by a hash. As many columns leave as came.

    Args:
        records: bronze.events.
        events: silver.events made of them.
        visitors: see `draw_visitors`.
    """
    tidy = records.withColumns(
        {
            "_event_id": tidy_id("event_id"),
            "_session_id": tidy_id("session_id"),
            "_of_user": in_namespace("user_id"),
            "_alone": F.concat_ws(":", *RECORD),
        }
    )
    known = with_visitor(events)
    by_event = known.select(
        "source", "event_date", F.col("event_id").alias("_event_id"), F.col("visitor").alias("_of_event")
    )
    in_sessions = known.where(F.col("session_id_sent").isNotNull())
    by_session = in_sessions.groupBy("source", F.col("session_id_sent").alias("_session_id")).agg(
        F.min("visitor").alias("_of_session")
    )
    visitor = F.coalesce("_of_event", "_of_user", "_of_session", "_session_id", "_alone").alias("visitor")
    named = tidy.join(by_event, on=["source", "event_date", "_event_id"], how="left").join(
        by_session, on=["source", "_session_id"], how="left"
    )
    marked = named.select(*records.columns, visitor).join(visitors, on="visitor", how="left")
    return marked.where(F.coalesce("is_drawn", uniform(F.col("visitor"), F.lit(seed)) < share)).select(records.columns)


def single_records(records: DataFrame, share: float, seed: int) -> DataFrame:
    """A share of the records, each drawn for itself by a hash of file, line, record and seed."""
    return records.where(uniform(*[F.col(name) for name in RECORD], F.lit(seed)) < share)


def recount_files(files: DataFrame, accepted: Sequence[DataFrame], malformed: DataFrame) -> DataFrame:
    """bronze.files with the counts of what is left of the files that were read, as if no more had been delivered.

    Path, size and content hash stay those of the delivery, so that nobody reads it again. Blank lines are left out.

    Args:
        files: bronze.files.
        accepted: what is left of bronze.events and bronze.items.
        malformed: what is left of bronze.malformed_lines.
    """
    marked = [(frame, True) for frame in accepted] + [(malformed, False)]
    records = reduce(
        DataFrame.unionByName,
        [frame.select("file_id", "line_number", F.lit(mark).alias("is_accepted")) for frame, mark in marked],
    )
    of_line = records.groupBy("file_id", "line_number").agg(
        F.count_if("is_accepted").alias("accepted"), F.count_if(~F.col("is_accepted")).alias("malformed")
    )
    left = of_line.groupBy("file_id").agg(
        F.count_if(F.col("accepted") > 0).alias("_accepted_line_count"),
        F.count_if(F.col("accepted") == 0).alias("_malformed_line_count"),
        F.sum("accepted").alias("_accepted_record_count"),
        F.sum("malformed").alias("_malformed_record_count"),
    )
    names = [name.removeprefix("_") for name in left.columns[1:]]
    is_read = F.col("status") == Status.READ.value
    counted = files.join(left, on="file_id", how="left").withColumns(
        {name: F.when(is_read, F.coalesce(f"_{name}", F.lit(0))).otherwise(F.col(name)) for name in names}
        | {"blank_count": F.when(is_read, F.lit(0)).otherwise(F.col("blank_count"))}
    )
    lines = F.col("header_count") + F.col("accepted_line_count") + F.col("malformed_line_count")
    return counted.withColumn("line_count", F.when(is_read, lines).otherwise(F.col("line_count"))).select(FILES.names)
