"""What the business refuses or limits, whatever the model says.

Rules are data: the section [rules] of the configuration. They work on ranked candidates and change no score; what a
rule took off a list stands in recommendations.ruled_out with the rule's name.
"""

from datetime import date, timedelta
from functools import reduce
from typing import NamedTuple

from pydantic import Field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.contract import Settings

BLOCKED_ITEM, BLOCKED_CATEGORY, NOT_AVAILABLE = "blocked item", "blocked category", "not available"


class RuleSettings(Settings):
    """Rules of the business."""

    blocked_items: tuple[str, ...] = Field(description="item ids that are never listed")
    blocked_categories: tuple[str, ...] = Field(description="categories whose items are never listed")
    max_per_category: int = Field(ge=0, description="items of one category in a list at most; 0: any; items")
    rest_days: dict[str, int] = Field(
        description="by action: days for which an item rests after its user did that to it, such as purchase = 90; days"
    )
    look_ahead: int = Field(
        ge=0, le=1000, description="candidates beyond the list that can move up where rules take something off; items"
    )

    @property
    def depth(self) -> int:
        """Candidates beyond the list that are needed."""
        return self.look_ahead if self.max_per_category else 0


class Limit(NamedTuple):
    """How long a list is, and how many of it may be of one category; 0: any."""

    length: int
    per_category: int


def barred_items(items: DataFrame, item_index: DataFrame, settings: RuleSettings) -> DataFrame:
    """Items that nobody is to be shown, each with the first rule that says so.

    Args:
        items: silver.items.
        item_index: item_id, item_ix.

    Returns:
        item_ix, rule. One row per barred item.
    """
    is_blocked = F.col("item_id").isin(*settings.blocked_items)
    rule = (
        F.when(is_blocked, BLOCKED_ITEM)
        .when(F.col("category").isin(*settings.blocked_categories), BLOCKED_CATEGORY)
        .when(~F.col("is_available"), NOT_AVAILABLE)
    )
    known = item_index.join(items, on="item_id", how="left").withColumn("rule", rule)
    return known.where("rule IS NOT NULL").select("item_ix", "rule")


def resting_pairs(daily: DataFrame, last_day: date, settings: RuleSettings) -> DataFrame:
    """Pairs that rest after what the user did, each with the rule of most days.

    Args:
        daily: gold.daily_interactions.
        last_day: day up to which events are known.

    Returns:
        user_ix, item_ix, rule. One row per pair.
    """
    resting = [
        daily.where(
            (F.col("action") == action) & (F.col("event_date") > F.lit(last_day - timedelta(days=days)))
        ).select("user_ix", "item_ix", F.lit(days).alias("days"), F.lit(f"{action} within {days} days").alias("rule"))
        for action, days in sorted(settings.rest_days.items())
    ]
    none = daily.where("false").select("user_ix", "item_ix", F.lit(0).alias("days"), F.lit("").alias("rule"))
    every = reduce(DataFrame.unionByName, resting, none)
    return every.groupBy("user_ix", "item_ix").agg(F.max(F.struct("days", "rule"))["rule"].alias("rule"))


def within_rules(allowed: DataFrame, raw: DataFrame, categories: DataFrame, limit: Limit) -> DataFrame:
    """The lists that rules leave.

    Args:
        allowed: source, user_ix, rank, item_ix, score of candidates that no rule bars.
        raw: the same of the lists as they would be without rules.
        categories: item_ix, category; an item without a category counts towards none.

    Returns:
        The allowed rows that stay, with rank among them, and raw_rank; null where the raw list does not reach so far.
    """
    order = Window.partitionBy("user_ix").orderBy("rank")
    of_category = F.row_number().over(Window.partitionBy("user_ix", "category").orderBy("rank"))
    is_full = (
        (F.col("category").isNotNull() & (of_category > limit.per_category)) if limit.per_category else F.lit(False)
    )
    candidates = allowed.join(F.broadcast(categories), on="item_ix", how="left").withColumn("is_full", is_full)
    final = candidates.where("NOT is_full").withColumn("rank", F.row_number().over(order)).drop("category", "is_full")
    ranked = raw.select("user_ix", "item_ix", F.col("rank").alias("raw_rank"))
    return final.where(F.col("rank") <= limit.length).join(ranked, on=["user_ix", "item_ix"], how="left")


def name_refusals(raw: DataFrame, final: DataFrame, barred: DataFrame, resting: DataFrame, limit: Limit) -> DataFrame:
    """Rows that a rule took off the lists.

    Args:
        raw, final: see `within_rules`.
        barred: see `barred_items`.
        resting: see `resting_pairs`.

    Returns:
        source, user_ix, item_ix, score, raw_rank, rule. One row per row of `raw` that is not in `final`.
    """
    pair = ["user_ix", "item_ix"]
    off = raw.where(F.col("rank") <= limit.length).join(final.select(*pair), on=pair, how="left_anti")
    because = off.join(F.broadcast(barred).withColumnRenamed("rule", "barred"), on="item_ix", how="left").join(
        resting.withColumnRenamed("rule", "resting"), on=pair, how="left"
    )
    rule = F.coalesce("barred", "resting", F.lit(f"at most {limit.per_category} per category"))
    return because.select("source", *pair, "score", F.col("rank").alias("raw_rank"), rule.alias("rule"))
