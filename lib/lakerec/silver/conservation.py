"""Whether every delivered line and record stands somewhere, counted anew in the tables.

Per file: lines = header + blank + malformed + accepted, and as many records in the tables as the ledger says. Per day:
records of bronze = believed + duplicate + rejected.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.bronze.files import Status
from lakerec.bronze.rereading import PLACE
from lakerec.silver.ids import tidy_id

LINES = ("header_count", "blank_count", "malformed_line_count", "accepted_line_count")


def count_files(files: DataFrame, events: DataFrame, items: DataFrame, malformed: DataFrame) -> DataFrame:
    """What the ledger says of each file that was read, beside what the tables hold of it.

    Args:
        files: bronze.files.
        events: bronze.events.
        items: bronze.items.
        malformed: bronze.malformed_lines.

    Returns:
        source, name (its path), line_count, the four kinds of lines, accepted_record_count and malformed_record_count
        as the ledger says, accepted_found and malformed_found, is_kept.
    """
    accepted = _per_file(events.select("file_id").union(items.select("file_id")), "accepted_found")
    refused = _per_file(malformed.select("file_id"), "malformed_found")
    read = files.where(F.col("status") == Status.READ)
    found = read.join(accepted, "file_id", "left").join(refused, "file_id", "left").na.fill(0)
    is_kept = (
        (F.col("line_count") == sum((F.col(name) for name in LINES), F.lit(0)))
        & (F.col("accepted_record_count") == F.col("accepted_found"))
        & (F.col("malformed_record_count") == F.col("malformed_found"))
    )
    counts = ("accepted_record_count", "malformed_record_count", "accepted_found", "malformed_found")
    return found.select("source", F.col("path").alias("name"), "line_count", *LINES, *counts, is_kept.alias("is_kept"))


def count_days(records: DataFrame, events: DataFrame, rejected: DataFrame) -> DataFrame:
    """What became of the records of each day; a duplicate is not rejected, and another one of its id is believed.

    Args:
        records: bronze.events.
        events: silver.events.
        rejected: silver.rejected_events.

    Returns:
        source, name (the day, or `unreadable`), records, believed, duplicate, rejected, is_kept.
    """
    day = ("source", "event_date")
    refused = rejected.select(*PLACE, F.lit(True).alias("is_rejected"))
    judged = records.select(*day, *PLACE, tidy_id("event_id").alias("event_id")).join(refused, list(PLACE), "left")
    id_taken = F.when(F.col("is_rejected").isNull(), F.col("event_id"))
    of_bronze = judged.groupBy(*day).agg(
        F.count("*").alias("records"),
        F.count("is_rejected").alias("rejected"),
        F.count_distinct(id_taken).alias("ids"),
    )
    in_silver = (
        events.groupBy(*day).agg(F.count("*").alias("believed")),
        rejected.groupBy(*day).agg(F.count("*").alias("rejected_found")),
    )
    parts = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), in_silver, of_bronze)
    numbers = [name for name in parts.columns if name not in day]
    counted = parts.groupBy(*day).agg(*[F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in numbers])
    is_kept = (F.col("believed") == F.col("ids")) & (F.col("rejected") == F.col("rejected_found"))
    return counted.select(
        "source",
        F.coalesce(F.col("event_date").cast("string"), F.lit("unreadable")).alias("name"),
        "records",
        "believed",
        (F.col("records") - F.col("rejected") - F.col("ids")).alias("duplicate"),
        "rejected",
        is_kept.alias("is_kept"),
    )


def _per_file(rows: DataFrame, name: str) -> DataFrame:
    return rows.groupBy("file_id").agg(F.count("*").alias(name))
