import random
from datetime import UTC, date, datetime
from itertools import groupby

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pyspark.sql import SparkSession

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import INTERACTIONS, FeedbackSettings, project_interactions
from tests.records import at, on, rows_of

SETTINGS = FeedbackSettings(
    weights={"view": 1, "purchase": 6, "return": -6}, cancels={"return": "purchase"}, half_life_days=2, window_days=0
)
AS_OF = at(9, 15)


def a_day(day: date, action: str = "view", event_count: int = 1, user_ix: int = 1, item_ix: int = 1) -> dict:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    counted = {"event_date": day, "user_ix": user_ix, "item_ix": item_ix, "action": action, "event_count": event_count}
    return counted | {"first_at": moment, "last_at": moment.replace(hour=20)}


def project(spark: SparkSession, days: list[dict], as_of: datetime = AS_OF, **changed) -> dict:
    shaped = SETTINGS.model_copy(update=changed)
    projected = project_interactions(rows_of(spark, DAILY_INTERACTIONS, days), as_of, shaped)
    return {(row.user_ix, row.item_ix): row for row in projected.collect()}


def test_strength_is_weight_times_count_halved_with_each_half_life(spark):
    days = [a_day(on(9), "view", 3), a_day(on(7), "purchase", 1), a_day(on(5), "view", 2), a_day(on(9), user_ix=2)]

    pairs = project(spark, days)

    assert pairs[1, 1].strength == 1 * 3 * 1 + 6 * 1 * 1 / 2 + 1 * 2 * 1 / 4
    assert pairs[2, 1].strength == 1
    assert (pairs[1, 1].event_count, pairs[1, 1].first_at.day, pairs[1, 1].last_at.day) == (6, 5, 9)
    assert pairs[1, 1].strength_at.date() == on(9)
    assert list(pairs[1, 1].asDict()) == INTERACTIONS.names


def test_half_a_half_life_takes_a_root(spark):
    assert project(spark, [a_day(on(8))])[1, 1].strength == np.float32(0.5**0.5)


def test_the_whole_day_of_as_of_counts_and_later_days_do_not(spark):
    days = [a_day(on(9)), a_day(on(10), "purchase")]

    assert project(spark, days, as_of=at(9, 0))[1, 1].strength == 1
    assert project(spark, days, as_of=at(8, 23)) == {}


def test_actions_without_a_weight_and_days_before_the_window_are_left_out(spark):
    days = [a_day(on(9), "stare"), a_day(on(8)), a_day(on(7)), a_day(on(6))]

    pair = project(spark, days, window_days=3, half_life_days=0)[1, 1]

    assert (pair.event_count, pair.strength) == (2, 2)


def test_without_a_half_life_nothing_fades(spark):
    assert project(spark, [a_day(date(1999, 1, 1), "purchase")], half_life_days=0)[1, 1].strength == 6


def test_a_return_decays_with_the_latest_purchase_before_it(spark):
    days = [
        a_day(on(3), "purchase"),
        a_day(on(5), "purchase"),
        a_day(on(7), "return"),
        a_day(on(9), "purchase"),
    ]

    assert project(spark, days)[1, 1].strength == 6 / 8 + 6 / 4 - 6 / 4 + 6


def test_a_return_on_the_day_of_its_purchase_cancels_that_one(spark):
    days = [a_day(on(5), "purchase"), a_day(on(7), "purchase"), a_day(on(7), "return")]

    assert project(spark, days)[1, 1].strength == 6 / 4


def test_a_return_without_a_known_purchase_of_that_pair_decays_by_its_own_day(spark):
    days = [a_day(on(7), "return"), a_day(on(5), "purchase", user_ix=2), a_day(on(8), "purchase", item_ix=2)]

    assert project(spark, days)[1, 1].strength == -6 / 2


def test_a_return_leaves_the_window_with_its_purchase(spark):
    days = [a_day(on(6), "purchase"), a_day(on(9), "return"), a_day(on(8))]

    assert project(spark, days, window_days=3, half_life_days=0)[1, 1].strength == 1


def test_no_days_give_no_interactions(spark):
    assert project(spark, []) == {}


def test_partitioning_and_row_order_do_not_change_a_bit(spark):
    chance = random.Random(5)
    days = [
        a_day(date(2025, month, day), action, chance.randint(1, 9))
        for month in range(1, 13)
        for day in range(1, 29)
        for action in ("view", "purchase")
    ]
    shaped = SETTINGS.model_copy(update={"half_life_days": 37, "weights": {"view": 0.3, "purchase": 5.7, "return": -1}})

    strengths = set()
    for partitions in (1, 3, 7):
        chance.shuffle(days)
        daily = rows_of(spark, DAILY_INTERACTIONS, days).repartition(partitions)
        strengths.add(project_interactions(daily, at(1), shaped).collect()[0].strength)

    assert len(strengths) == 1
    assert strengths == {_strength(days, at(1), shaped)}


DAYS = st.tuples(st.integers(1, 12), st.sampled_from(["view", "purchase", "return"]), st.integers(1, 2))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=st.dictionaries(DAYS, st.integers(1, 4), max_size=12), window=st.sampled_from([0, 4]))
def test_the_projection_agrees_with_the_formula(spark, world, window):
    days = [a_day(on(day), action, count, user_ix=user) for (day, action, user), count in world.items()]

    pairs = project(spark, days, window_days=window)

    shaped = SETTINGS.model_copy(update={"window_days": window})
    by_user = {user: list(rows) for user, rows in groupby(sorted(days, key=_user), key=_user)}
    expected = {(user, 1): _strength(rows, AS_OF, shaped) for user, rows in by_user.items()}
    assert {pair: row.strength for pair, row in pairs.items()} == {p: s for p, s in expected.items() if s is not None}


def test_what_cancels_an_action_needs_weights():
    with pytest.raises(ValidationError, match=r"cancels names \['refund'\], which have no weight"):
        FeedbackSettings(weights={"purchase": 1}, cancels={"refund": "purchase"}, half_life_days=0, window_days=0)


def _user(row: dict) -> int:
    return row["user_ix"]


def _strength(days: list[dict], as_of: datetime, shaped: FeedbackSettings) -> float | None:
    """The definition for one pair, day by day; None where nothing counts."""
    parts = []
    for row in sorted(days, key=lambda row: (row["event_date"], row["action"])):
        purchases = [
            d["event_date"] for d in days if d["action"] == "purchase" and d["event_date"] <= row["event_date"]
        ]
        counts_on = max(purchases) if row["action"] == "return" and purchases else row["event_date"]
        age = (as_of.date() - counts_on).days
        if row["event_date"] <= as_of.date() and not (shaped.window_days and age >= shaped.window_days):
            part = shaped.weights[row["action"]] * row["event_count"] * 0.5 ** (age / shaped.half_life_days)
            parts.append(round(part * 2**36) / 2**36)
    return float(np.float32(sum(parts))) if parts else None
