"""gold.interactions: how strongly each user is drawn to each item, as of a day."""

from datetime import UTC, datetime
from functools import reduce
from typing import Self

from pydantic import Field, model_validator
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write

INTERACTIONS = Table(
    name="gold.interactions",
    comment="One row per (user, item) with what all their actions up to a day amount to.",
    columns=(
        Column("user_ix", T.IntegerType(), "User, as in gold.user_index.", nullable=False),
        Column("item_ix", T.IntegerType(), "Item, as in gold.item_index.", nullable=False),
        Column("event_count", T.LongType(), "Weighted actions within the window."),
        Column("strength", T.FloatType(), "Sum of weight x count x decay; may be negative after returns."),
        Column("strength_at", T.TimestampType(), "Start of the day, UTC, to which the decay is stated."),
        Column("first_at", T.TimestampType(), "Earliest of those actions; UTC."),
        Column("last_at", T.TimestampType(), "Latest of those actions; UTC."),
    ),
    key=("user_ix", "item_ix"),
    write=Write.REPLACE,
    transform_version=2,
    distinct=True,
)

_GRID = 2.0**36
"""Parts of a strength are multiples of 1/_GRID, 1.5e-11: up to 2^17 a double holds every sum of such, so that it is the
same in whatever order they come."""


class FeedbackSettings(Settings):
    """What an action says about the taste of who did it, and for how long."""

    weights: dict[str, float] = Field(min_length=1, description="strength of one action by name; others are left out")
    cancels: dict[str, str] = Field(description="which action a returning action takes back: it decays with that one")
    half_life_days: int = Field(ge=0, description="days after which an action counts half; 0: it never fades; days")
    window_days: int = Field(ge=0, description="days up to as_of that count; 0: all of the past; days")

    @model_validator(mode="after")
    def _cancels_what_counts(self) -> Self:
        if unknown := sorted({*self.cancels, *self.cancels.values()} - self.weights.keys()):
            raise ValueError(f"cancels names {unknown}, which have no weight; {sorted(self.weights)} have one")
        return self


def project_interactions(daily: DataFrame, as_of: datetime, settings: FeedbackSettings) -> DataFrame:
    """The rows of gold.interactions as of a time: a pure projection of daily counts.

        strength = sum over days d <= as_of of weight(action) x event_count x 0.5 ^ (days from d to as_of / half_life)

    An action that takes another back is placed on the latest day, not after its own, on which that pair had the other;
    on its own day where there is none. The parts of a sum are rounded to 2^-36, added in double, and the sum is cast to
    float: the same bits however the rows are partitioned.

    Args:
        daily: gold.daily_interactions, or part of its users or days. Is read twice.
        as_of: the whole UTC day of this time still counts, later days do not.
        settings: weights and decay.
    """
    day = F.lit(as_of.astimezone(UTC).date())
    weighted = daily.where((F.col("event_date") <= day) & F.col("action").isin(*sorted(settings.weights)))
    aged = _placed(weighted, settings).withColumn("age_days", F.datediff(day, "counts_on"))
    within = aged.where(F.col("age_days") < settings.window_days) if settings.window_days else aged
    part = F.rint(_weight(settings) * F.col("event_count") * _decay(settings) * _GRID) / _GRID
    return (
        within.groupBy(*INTERACTIONS.key)
        .agg(
            F.sum("event_count").alias("event_count"),
            F.sum(part).cast("float").alias("strength"),
            F.min("first_at").alias("first_at"),
            F.max("last_at").alias("last_at"),
        )
        .withColumn("strength_at", day.cast("timestamp"))
        .select(INTERACTIONS.names)
    )


def counted_at_latest(daily: DataFrame, as_of: datetime) -> DataFrame:
    """Daily counts with what came after `as_of` as if it had come on that day, for whoever may not look beyond it.

    So strengths stay on the scale of a model that was trained as of that time, and those of a user without newer
    actions stay what they were.

    Args:
        daily: gold.daily_interactions; no longer unique by day where days were moved.
    """
    return daily.withColumn("event_date", F.least("event_date", F.lit(as_of.astimezone(UTC).date())))


def _placed(weighted: DataFrame, settings: FeedbackSettings) -> DataFrame:
    """The same with the day on which each counts; only what is taken back or takes back is looked at pair by pair."""
    own_day = F.col("event_date").alias("counts_on")
    if not settings.cancels:
        return weighted.select("*", own_day)
    is_bound = F.col("action").isin(*sorted({*settings.cancels, *settings.cancels.values()}))
    free, bound = weighted.where(~is_bound), weighted.where(is_bound)
    return free.select("*", own_day).unionByName(bound.withColumn("counts_on", _day_that_counts(settings)))


def _day_that_counts(settings: FeedbackSettings) -> SparkColumn:
    up_to_that_day = (
        Window.partitionBy(*INTERACTIONS.key)
        .orderBy(F.unix_date("event_date"))
        .rangeBetween(Window.unboundedPreceding, Window.currentRow)
    )
    action, day = F.col("action"), F.col("event_date")
    taken_back = [
        F.when(action == back, F.max(F.when(action == taken, day)).over(up_to_that_day))
        for back, taken in sorted(settings.cancels.items())
    ]
    return F.coalesce(*taken_back, day)


def _weight(settings: FeedbackSettings) -> SparkColumn:
    first, *others = sorted(settings.weights.items())
    chain = F.when(F.col("action") == first[0], F.lit(first[1]))
    return reduce(lambda known, pair: known.when(F.col("action") == pair[0], F.lit(pair[1])), others, chain)


def _decay(settings: FeedbackSettings) -> SparkColumn:
    if not settings.half_life_days:
        return F.lit(1.0)
    return F.pow(F.lit(0.5), F.col("age_days") / F.lit(float(settings.half_life_days)))
