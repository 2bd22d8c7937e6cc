"""The lists of a batch: ranked, and held against the rules of the business."""

from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.kept import Keep
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.rules import Limit, RuleSettings, name_refusals, within_rules
from lakerec.recommendations.user_items import Audience, RecommendSettings, rank_everybody


class Bars(NamedTuple):
    """What rules keep off the lists.

    Attributes:
        items: item_ix, rule; see `rules.barred_items`.
        barred_ix: the same items on the driver.
        resting: user_ix, item_ix, rule; see `rules.resting_pairs`.
        categories: item_ix, category.
    """

    items: DataFrame
    barred_ix: frozenset[int]
    resting: DataFrame
    categories: DataFrame


class Lists(NamedTuple):
    """Lists after the rules, with raw_rank; and what the rules took off them, None where none could."""

    final: DataFrame
    refused: DataFrame | None


def make_lists(
    audience: Audience, offer: Offer, bars: Bars, settings: tuple[RecommendSettings, RuleSettings], keep: Keep
) -> Lists:
    """The lists of everybody.

    Few barred items are passed over in one ranking that looks further by their number. Where many are barred, or items
    rest for single users, what is allowed is ranked for itself, so that a list is full although much is barred. New
    items that are barred are no candidates at all.

    Args:
        keep: keeps a frame that is read more than once.
    """
    recommend, rules = settings
    offer = offer._replace(new=offer.without(bars.barred_ix).new)
    raw = rank_everybody(audience, offer, recommend.top_n + rules.depth + _passed_over(bars, rules), recommend)
    if not (bars.barred_ix or rules.rest_days or rules.max_per_category):
        return Lists(keep(raw.withColumn("raw_rank", F.col("rank"))), None)
    raw, limit = keep(raw), Limit(recommend.top_n, rules.max_per_category)
    final = keep(within_rules(_allowed(raw, audience, offer, bars, settings), raw, bars.categories, limit))
    return Lists(final, name_refusals(raw, final, bars.items, bars.resting, limit))


def _passed_over(bars: Bars, rules: RuleSettings) -> int:
    """How much further one ranking looks because of barred items; 0 where those are ranked around."""
    return len(bars.barred_ix) if not rules.rest_days and len(bars.barred_ix) <= rules.look_ahead else 0


def _allowed(
    raw: DataFrame, audience: Audience, offer: Offer, bars: Bars, settings: tuple[RecommendSettings, RuleSettings]
) -> DataFrame:
    """Candidates that no rule bars, in order."""
    recommend, rules = settings
    if _passed_over(bars, rules) or not (bars.barred_ix or rules.rest_days):
        return raw.join(F.broadcast(bars.items), on="item_ix", how="left_anti")
    resting = bars.resting.select("user_ix", "item_ix")
    rested = audience._replace(masked=audience.masked.unionByName(resting).distinct())
    return rank_everybody(rested, offer.without(bars.barred_ix), recommend.top_n + rules.depth, recommend)
