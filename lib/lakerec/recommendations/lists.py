"""The lists of a batch: ranked, and held against the rules of the business.

A user is one row until the list is made, and a list is made in one go: what it would be without rules, what they leave
of it, and what they take off. As rows of places, it would be sent and sorted for each of these.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.contract import TWO_ROWS_SHARE_A_KEY
from lakerec.diagnostics.rungs import ITEM_ATTRIBUTES, POPULARITY
from lakerec.errors import ContractError
from lakerec.gathered import gathered_by
from lakerec.kept import Keep
from lakerec.model.scorer import Pairs, matrix_of, pairs_of, with_masked
from lakerec.recommendations.offer import Offer
from lakerec.recommendations.raw_lists import Depth, Listed, Lister
from lakerec.recommendations.rules import (
    Barred,
    Categories,
    Limit,
    Resting,
    RuleSettings,
    collect_categories,
    name_refusals,
    places_of,
    raw_ranks_of,
    resting_of,
    within_rules,
)
from lakerec.recommendations.user_items import RecommendSettings

_LISTED = "user_id string, user_ix int, source string, item_ix int, score double, rank int, raw_rank int, rule string"


class Audience(NamedTuple):
    """For whom lists are made.

    Attributes:
        everybody: user_ix, user_id; whoever is not placed gets bestsellers.
        placed: user_ix, source, factors; see `ladder.place_users`.
        masked: distinct (user_ix, item_ix) that a user is not to be shown.
    """

    everybody: DataFrame
    placed: DataFrame
    masked: DataFrame


class Bars(NamedTuple):
    """What rules keep off the lists.

    Attributes:
        barred: items that nobody is to be shown.
        resting: user_ix, item_ix, rule; see `rules.resting_pairs`.
        categories: item_ix, category.
    """

    barred: Barred
    resting: DataFrame
    categories: DataFrame


class Lists(NamedTuple):
    """Lists after the rules, with raw_rank; and what the rules took off them, None where none could.

    Both by user_id, user_ix, source, item_ix, score. The rows of a user lie together.
    """

    final: DataFrame
    refused: DataFrame | None


class Plan(NamedTuple):
    """How lists are made.

    Attributes:
        offer: what raw lists are made of.
        allowed: what is ranked for itself because too much is barred; none where raw lists look further instead.
        raw_depth, allowed_depth: how far.
        barred, categories, limit: see `rules`.
        has_rules: whether a rule can take anything off.
    """

    offer: Offer
    allowed: Offer | None
    raw_depth: Depth
    allowed_depth: Depth
    barred: Barred
    categories: Categories | None
    limit: Limit
    has_rules: bool


def make_lists(
    audience: Audience, offer: Offer, bars: Bars, settings: tuple[RecommendSettings, RuleSettings], keep: Keep
) -> Lists:
    """The lists of everybody.

    Few barred items are passed over in one ranking that looks further by their number. Where many are barred, or items
    rest for single users, what is allowed is ranked for itself, so that a list is full although much is barred. New
    items that are barred are no candidates at all.

    Args:
        keep: keeps a frame that is read more than once.

    Raises:
        ContractError: the audience names a user twice; when it is evaluated.
    """
    plan = plan_lists(offer, bars, *settings)
    users = with_masked(audience.everybody.join(audience.placed, on="user_ix", how="left"), audience.masked)
    if settings[1].rest_days:
        pairs = gathered_by(bars.resting, "user_ix").agg(F.collect_list(F.struct("item_ix", "rule")).alias("resting"))
        users = users.join(pairs, on="user_ix", how="left")
    shared = users.sparkSession.sparkContext.broadcast(plan)
    asking = users.repartition("user_ix").sortWithinPartitions("user_id")
    listed = keep(asking.mapInArrow(_arrow_lister(shared), _LISTED))
    if not plan.has_rules:
        return Lists(listed.drop("rule"), None)
    is_off = F.col("rule").isNotNull()
    return Lists(listed.where(~is_off).drop("rule"), listed.where(is_off).drop("rank"))


def plan_lists(offer: Offer, bars: Bars, recommend: RecommendSettings, rules: RuleSettings) -> Plan:
    """Decide how far to look. Collects the categories where they are limited."""
    barred_ix = bars.barred.item_ix
    is_passed_over = not rules.rest_days and len(barred_ix) <= rules.look_ahead
    depth = Depth(recommend.top_n + rules.depth, recommend.top_n, recommend.new_item_slots)
    allowed = offer.without(barred_ix)
    return Plan(
        offer=offer._replace(new=allowed.new),
        allowed=None if is_passed_over else allowed,
        raw_depth=depth._replace(places=depth.places + len(barred_ix) * is_passed_over),
        allowed_depth=depth,
        barred=bars.barred,
        categories=collect_categories(bars.categories) if rules.max_per_category else None,
        limit=Limit(recommend.top_n, rules.max_per_category),
        has_rules=bool(len(barred_ix) or rules.rest_days or rules.max_per_category),
    )


def _arrow_lister(shared: "Broadcast[Plan]") -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs on its users, who come in the order of user_id."""

    def list_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        lister, last = UserLister(shared.value), None
        for batch in batches:
            last = _require_each_once(batch["user_id"], last)
            is_placed = batch["factors"].is_valid()
            for users in (batch.filter(is_placed), batch.filter(pc.invert(is_placed))):
                if users.num_rows:
                    yield lister.list_for(users)

    return list_batches


class UserLister:
    """Makes the lists of a plan, for one block of users after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.raw = Lister(plan.offer, plan.raw_depth)
        self.allowed = Lister(plan.allowed, plan.allowed_depth) if plan.allowed else None

    def list_for(self, users: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of the lists, rule null, and of what was taken off them, rank null.

        Args:
            users: user_id, user_ix, source, factors, masked and, where items rest, resting; either all of them are
                placed or none is.
        """
        resting = resting_of(users["resting"]) if "resting" in users.schema.names else None
        raw, allowed = self._ranked(users, resting)
        final = within_rules(allowed, self.plan.categories, self.plan.limit)
        is_gone = places_of(raw, final).is_null().to_numpy(zero_copy_only=False)
        off = raw.where((raw.ranks <= self.plan.limit.length) & is_gone)
        rules = name_refusals(off, self.plan.barred, resting, self.plan.limit)
        stays, goes = pa.nulls(len(final.rows), pa.string()), pa.nulls(len(off.rows), pa.int32())
        rows = [
            _rows(users, final, rank=pa.array(final.ranks), raw_rank=raw_ranks_of(final, raw), rule=stays),
            _rows(users, off, rank=goes, raw_rank=pa.array(off.ranks), rule=rules),
        ]
        return pa.concat_batches(rows)

    def _ranked(self, users: pa.RecordBatch, resting: Resting | None) -> tuple[Listed, Listed]:
        """Raw lists, and what no rule bars of them or in their place."""
        masked = pairs_of(users["masked"])
        raw = _listed(self.raw, users, masked)
        if self.allowed:
            return raw, _listed(self.allowed, users, _joined(masked, resting.pairs) if resting else masked)
        return raw, raw.where(~np.isin(raw.item_ix, self.plan.barred.item_ix))


def _listed(lister: Lister, users: pa.RecordBatch, masked: Pairs) -> Listed:
    if users["factors"].null_count:
        return lister.bestsellers(users.num_rows, masked)
    return lister.by_model(matrix_of(users["factors"], "user"), masked)


def _joined(masked: Pairs, resting: Pairs) -> Pairs:
    rows = np.concatenate([masked.rows, resting.rows])
    order = np.argsort(rows, kind="stable")
    return Pairs(rows[order], np.concatenate([masked.item_ix, resting.item_ix])[order])


def _rows(users: pa.RecordBatch, listed: Listed, **of_places: pa.Array) -> pa.RecordBatch:
    """Rows of `_LISTED`."""
    rows = pa.array(listed.rows)
    of_user = pc.coalesce(users["source"], pa.scalar(POPULARITY)).take(rows)
    columns = {
        "user_id": users["user_id"].take(rows),
        "user_ix": users["user_ix"].take(rows),
        "source": pc.if_else(pa.array(listed.is_new), pa.scalar(ITEM_ATTRIBUTES), of_user),
        "item_ix": listed.item_ix,
        "score": listed.scores,
        **of_places,
    }
    return pa.RecordBatch.from_pydict(columns)


def _require_each_once(user_ids: pa.StringArray, last: pa.Scalar | None) -> pa.Scalar | None:
    """Fail as the check of a key would, which this spares; the last id.

    Args:
        user_ids: in order.
        last: id before them.
    """
    if not len(user_ids):
        return last
    before = pa.concat_arrays([pa.array([last.as_py() if last else None], user_ids.type), user_ids[:-1]])
    if pc.any(pc.equal(before, user_ids)).as_py():
        raise ContractError(f"recommendations.user_items: a user is named twice: {TWO_ROWS_SHARE_A_KEY}")
    return user_ids[-1]
