"""What the business refuses or limits, whatever the model says.

Rules are data: the section [rules] of the configuration. They work on ranked candidates and change no score; what a
rule took off a list stands in recommendations.ruled_out with the rule's name.
"""

from datetime import date, timedelta
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.contract import Settings
from lakerec.model.pair_blocks import positions_among
from lakerec.model.scorer import Ints, Ints32, Pairs, nth_of
from lakerec.recommendations.raw_lists import Listed

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


class Barred(NamedTuple):
    """Items that nobody is to be shown.

    Attributes:
        item_ix: each once.
        rules: of each, the first rule that says so.
    """

    item_ix: Ints32
    rules: pa.StringArray

    def rules_of(self, item_ix: Ints32) -> pa.StringArray:
        """The rule that bars each item; null where none does."""
        return self.rules.take(_places(item_ix, self.item_ix))


class Categories(NamedTuple):
    """Categories as numbers, of the items that have one: item_ix, and the number of each."""

    item_ix: Ints32
    numbers: Ints

    def of(self, item_ix: Ints32) -> Ints:
        """-1 where there is none."""
        return np.append(self.numbers, -1)[positions_among(self.item_ix, item_ix)]


class Resting(NamedTuple):
    """What some users are not to be shown for a while, and the rule of each pair."""

    pairs: Pairs
    rules: pa.StringArray


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


def collect_barred(barred: DataFrame) -> Barred:
    """Bring barred items to the driver.

    Args:
        barred: see `barred_items`.
    """
    table = barred.select("item_ix", "rule").toArrow()
    return Barred(table["item_ix"].to_numpy(), table["rule"].combine_chunks())


def collect_categories(categories: DataFrame) -> Categories:
    """Bring the categories of items to the driver, as numbers.

    Args:
        categories: item_ix, category; an item without a category counts towards none.
    """
    table = categories.where("category IS NOT NULL").select("item_ix", "category").toArrow()
    numbers = pc.dictionary_encode(table["category"].combine_chunks()).indices
    return Categories(table["item_ix"].to_numpy(), numbers.to_numpy().astype(np.int64))


def resting_of(lists: pa.ListArray) -> Resting:
    """Lists of struct<item_ix, rule>, one for each user."""
    rows, pairs = lists.value_parent_indices().to_numpy().astype(np.int64), lists.flatten()
    return Resting(Pairs(rows, pairs.field("item_ix").to_numpy()), pairs.field("rule"))


def within_rules(allowed: Listed, categories: Categories | None, limit: Limit) -> Listed:
    """The places that rules leave, numbered anew.

    Args:
        allowed: places of what no rule bars.
        categories: none where a list may hold any number of one.
    """
    if categories is not None:
        number = categories.of(allowed.item_ix)
        nth = nth_of(allowed.rows * (len(categories.numbers) + 1) + number)
        allowed = allowed.where((number < 0) | (nth < limit.per_category))
    final = allowed.numbered()
    return final.where(final.ranks <= limit.length)


def raw_ranks_of(final: Listed, raw: Listed) -> pa.Array:
    """Where each place stands in the raw lists; null where these do not reach so far."""
    return pa.array(raw.ranks).take(places_of(final, raw))


def name_refusals(off: Listed, barred: Barred, resting: Resting | None, limit: Limit) -> pa.Array:
    """The rule that took each of these places off its list.

    Args:
        off: places of raw lists that are not in the final ones.
        resting: none where nothing rests.
    """
    known = [barred.rules_of(off.item_ix)]
    if resting is not None:
        known.append(resting.rules.take(places_of(off, resting.pairs)))
    return pc.coalesce(*known, pa.scalar(f"at most {limit.per_category} per category"))


def places_of(wanted: Listed, known: Listed | Pairs) -> pa.Int32Array:
    """Where each pair of user and item stands among others; null where it does not."""
    return _places(_keys(wanted), _keys(known))


def _keys(pairs: Listed | Pairs) -> Ints:
    return pairs.rows << 32 | pairs.item_ix.astype(np.uint32)


def _places(wanted: npt.NDArray[Any], known: npt.NDArray[Any]) -> pa.Int32Array:
    """Null where a number is not known."""
    return pc.index_in(pa.array(wanted), value_set=pa.array(known))
