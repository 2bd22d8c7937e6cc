"""gold.daily_interactions: how often each user did what to which item on one day."""

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

DAILY_INTERACTIONS = Table(
    name="gold.daily_interactions",
    comment="One row per (user, item, action, day), of known users who are no bots and actions that have a weight.",
    columns=(
        Column("event_date", T.DateType(), "Day of the actions; UTC.", nullable=False),
        Column("user_ix", T.IntegerType(), "User, as in gold.user_index.", nullable=False),
        Column("item_ix", T.IntegerType(), "Item, as in gold.item_index.", nullable=False),
        Column("action", T.StringType(), "What was done.", nullable=False),
        Column("event_count", T.LongType(), "How often."),
        Column("quantity", T.LongType(), "Units in all; null where no event stated any."),
        Column("first_at", T.TimestampType(), "Earliest of them; UTC."),
        Column("last_at", T.TimestampType(), "Latest of them; UTC."),
    ),
    key=("event_date", "user_ix", "item_ix", "action"),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
    distinct=True,
)


def count_days(events: DataFrame, users: DataFrame, items: DataFrame, actions: Collection[str]) -> DataFrame:
    """The rows of gold.daily_interactions for whole days.

    Args:
        events: silver.events of those days.
        users: gold.user_index, which knows every user of the events.
        items: gold.item_index, which knows every item of them.
        actions: those that have a weight.
    """
    of_people = events.where(F.col("action").isin(*sorted(actions)) & ~F.col("is_bot") & F.col("user_id").isNotNull())
    return (
        of_people.join(users, "user_id", how="inner")
        .join(items, "item_id", how="inner")
        .groupBy(*DAILY_INTERACTIONS.key)
        .agg(
            F.count(F.lit(1)).alias("event_count"),
            F.sum("quantity").alias("quantity"),
            F.min("occurred_at").alias("first_at"),
            F.max("occurred_at").alias("last_at"),
        )
        .select(DAILY_INTERACTIONS.names)
    )
