"""diagnostics.data_checks: whether there is enough to learn from, and what learning will cost, before it begins."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.costs import Point, StageCost, expected_seconds, fit_speed, priced
from lakerec.model.als_settings import AlsSettings
from lakerec.model.fit_cost import FITS, fit_memory_bytes, units_of_fits

DATA_CHECKS = Table(
    name="diagnostics.data_checks",
    comment="One row per (serving model, measure) of what it was about to learn from, and what that would cost.",
    columns=(
        Column("model_id", T.StringType(), "Serving model, trained or refused."),
        Column("measure", T.StringType(), "days, events, pairs, users, items, density, active_users, ..."),
        Column("value", T.DoubleType(), "What was found; null: nothing to divide by."),
        Column("unit", T.StringType(), "What it is counted in."),
        Column("minimum", T.DoubleType(), "Least that is asked; null: nothing is."),
        Column("maximum", T.DoubleType(), "Most that is allowed; null: any."),
        Column("is_met", T.BooleanType(), "Whether it lies within; also where nothing is asked."),
        Column("verdict", T.StringType(), "enough, too little, too much, or not asked."),
    ),
    key=("model_id", "measure"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)


class DataSettings(Settings):
    """What is asked of the data before training. 0 asks nothing."""

    strict: bool = Field(description="refuse to train below these minimums, with exit code 4; else they are warnings")
    minimum_events: int = Field(ge=1, description="events of an active user, and of an established item; events")
    minimum_pairs: int = Field(ge=0, description="fewest (user, item) pairs; pairs")
    minimum_active_users: int = Field(ge=0, description="fewest users with so many events; users")
    minimum_established_items: int = Field(ge=0, description="fewest items with so many events; items")
    maximum_cold_share: float = Field(
        ge=0, le=1, description="most of the users of the last days that no model could have known; 0..1"
    )
    maximum_memory_bytes: int = Field(ge=0, description="most that pairs and factors may take, on all machines; bytes")
    maximum_minutes: float = Field(ge=0, description="longest that both fits may take; minutes")


class DataFacts(NamedTuple):
    """What there is to learn from.

    Attributes:
        active_users, established_items: those with `minimum_events` events.
        recent_users: users with an event after the cut.
        cold_users: of those, without one before it: the evaluation model serves them as unknown.
    """

    days: int
    events: int
    pairs: int
    users: int
    items: int
    active_users: int
    established_items: int
    recent_users: int
    cold_users: int


class Cost(NamedTuple):
    """What training is expected to take."""

    memory_bytes: float
    minutes: float


class DataCheck(NamedTuple):
    """A row, but for the model."""

    measure: str
    value: float | None
    unit: str
    minimum: float | None
    maximum: float | None
    is_met: bool
    verdict: str

    @property
    def sentence(self) -> str:
        """What is missed, in one line, with the setting that asks for it."""
        value = "unknown" if self.value is None else f"{self.value:,.4g}" if self.value < 1 else f"{self.value:,.0f}"
        asked = f"at least {self.minimum:,.4g}" if self.minimum is not None else f"at most {self.maximum:,.4g}"
        setting = f"data.{'minimum' if self.minimum is not None else 'maximum'}_{self.measure}"
        return f"{setting}: {self.measure.replace('_', ' ')} {value} ({self.unit}), asked for {asked}: {self.verdict}."


def fit_data_facts(daily: DataFrame, as_of: date, cut: date, window_days: int, minimum_events: int) -> DataFacts:
    """Count what a model of everything up to a day would learn from. Acts: one query, one row.

    Args:
        daily: gold.daily_interactions.
        as_of: last day that counts.
        cut: last day that the evaluation model knows.
        window_days: days up to `as_of` that count; 0: all.
    """
    day = F.col("event_date")
    counted = daily.where(day <= F.lit(as_of))
    if window_days:
        counted = counted.where(day > F.lit(as_of - timedelta(days=window_days)))
    dates = F.min("event_date").alias("first"), F.max("event_date").alias("last")
    pairs = counted.groupBy("user_ix", "item_ix").agg(F.sum("event_count").alias("events"), *dates)
    of_user = pairs.groupBy("user_ix").agg(
        F.sum("events").alias("events"), F.count("*").alias("pairs"), F.min("first").alias("first"),
        F.max("last").alias("last"),
    )  # fmt: skip
    is_enough, is_recent = F.col("events") >= minimum_events, F.col("last") > F.lit(cut)
    users = of_user.agg(
        F.coalesce(F.sum("events"), F.lit(0)).alias("events"),
        F.coalesce(F.sum("pairs"), F.lit(0)).alias("pairs"),
        F.count("*").alias("users"),
        F.count_if(is_enough).alias("active_users"),
        F.count_if(is_recent).alias("recent_users"),
        F.count_if(is_recent & (F.col("first") > F.lit(cut))).alias("cold_users"),
    )
    of_item = pairs.groupBy("item_ix").agg(F.sum("events").alias("events"))
    items = of_item.agg(F.count("*").alias("items"), F.count_if(is_enough).alias("established_items"))
    days = counted.agg(F.count_distinct("event_date").alias("days"))
    return DataFacts(**users.crossJoin(items).crossJoin(days).collect()[0].asDict())


def expect_cost(facts: DataFacts, als: AlsSettings, cost: StageCost, earlier: Mapping[str, Any] | None) -> Cost:
    """What both fits will take, roughly: by the cost model of `plan`, from the newest fit of the same solver if any.

    Args:
        cost: of the stage train_model, as in [plan].
        earlier: that fit's als (settings), pair_count, user_count, item_count and seconds.
    """
    sizes = facts.pairs, facts.users, facts.items
    points = []
    if earlier:
        settings = als.model_copy(update=earlier["als"])
        before = units_of_fits(earlier["pair_count"], earlier["user_count"], earlier["item_count"], settings)
        points = [Point(cost.fixed_seconds, priced(cost.seconds, before), FITS * earlier["seconds"])]
    seconds = expected_seconds(cost, fit_speed(points), units_of_fits(*sizes, als))
    return Cost(fit_memory_bytes(*sizes, als), seconds / 60)


def check_data(facts: DataFacts, cost: Cost, settings: DataSettings) -> list[DataCheck]:
    """A check of each measure, whether anything is asked of it or not."""
    cells = facts.users * facts.items
    density = facts.pairs / cells if cells else None
    cold = facts.cold_users / facts.recent_users if facts.recent_users else None
    enough = f"with {settings.minimum_events} or more events"
    return [
        _check("days", facts.days, "days"),
        _check("events", facts.events, "events"),
        _check("pairs", facts.pairs, "pairs of user and item", minimum=settings.minimum_pairs),
        _check("users", facts.users, "users"),
        _check("items", facts.items, "items"),
        _check("density", density, "share of all pairs, 0..1"),
        _check("active_users", facts.active_users, f"users {enough}", minimum=settings.minimum_active_users),
        _check(
            "established_items", facts.established_items, f"items {enough}", minimum=settings.minimum_established_items
        ),
        _check("cold_share", cold, "share of the last days' users, 0..1", maximum=settings.maximum_cold_share),
        _check("memory_bytes", cost.memory_bytes, "bytes, expected", maximum=settings.maximum_memory_bytes),
        _check("minutes", cost.minutes, "minutes, expected", maximum=settings.maximum_minutes),
    ]


def misses(checks: list[DataCheck]) -> list[str]:
    """A line for each check that is not met."""
    return [check.sentence for check in checks if not check.is_met]


def _check(measure: str, value: float | None, unit: str, *, minimum: float = 0, maximum: float = 0) -> DataCheck:
    number = None if value is None else float(value)
    asked = (float(minimum) or None, float(maximum) or None)
    if asked == (None, None) or number is None:
        return DataCheck(measure, number, unit, *asked, True, "not asked")
    if minimum and number < minimum:
        return DataCheck(measure, number, unit, *asked, False, "too little")
    if maximum and number > maximum:
        return DataCheck(measure, number, unit, *asked, False, "too much")
    return DataCheck(measure, number, unit, *asked, True, "enough")
