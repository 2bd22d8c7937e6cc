"""How far two profiles are from each other, and what chance would do."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakerec.diagnostics.sample_profiles import (
    BLOCKS,
    Profile,
    describe_listed,
    distance,
    distance_by_chance,
    fit_profiles,
    people,
    read_profiles,
)
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from tests.records import at, on, rows_of


def profile(**counts: float) -> Profile:
    by_block = np.zeros((BLOCKS, len(counts)))
    by_block[0] = list(counts.values())
    return Profile(list(counts), by_block)


def test_the_distance_is_what_would_have_to_be_moved() -> None:
    whole = profile(view=60, cart=30, purchase=10)

    assert distance(whole, profile(view=6, cart=3, purchase=1)) == 0
    assert distance(whole, profile(view=5, cart=5)) == pytest.approx((0.1 + 0.2 + 0.1) / 2)
    assert distance(whole, profile(wish=5)) == 1
    assert distance(whole, profile()) == 1


def test_chance_takes_small_draws_further_away_than_large_ones() -> None:
    rng = np.random.default_rng(7)
    whole = Profile(["a", "b", "c"], rng.poisson([20, 10, 5], (BLOCKS, 3)).astype(float))

    small, large = (distance_by_chance(whole, share, seed=7) for share in (0.02, 0.5))

    assert 0 < large < small < 0.2
    assert small == distance_by_chance(whole, 0.02, seed=7)


def test_rows_become_counts_by_block_and_bin() -> None:
    found = read_profiles([(0, "action", "view", 3), (99, "action", "view", 4), (99, "action", "cart", 1)])

    assert found["action"].bins == ["cart", "view"]
    assert found["action"].counts[[0, 99]].tolist() == [[0, 3], [1, 4]]
    assert not found["day"].counts.any()


def test_events_are_counted_by_user_session_item_and_time(spark: SparkSession) -> None:
    acts = [("ann", "s1", "lamp", 9), ("ann", "s1", "lamp", 9), ("ann", "s2", "rug", 10), ("ben", "s3", "lamp", 9)]
    events = rows_of(
        spark,
        EVENTS,
        [
            {"source": "shop", "event_date": on(1), "user_id": user, "session_id": session, "item_id": item}
            | {"action": "view", "occurred_at": at(1, hour), "is_bot": False}
            for user, session, item, hour in [*acts, (None, "s4", "lamp", 9)]
        ],
    )
    listed = describe_listed(people(events), rows_of(spark, ITEMS, [{"item_id": "lamp", "category": "light"}]))

    found = fit_profiles(people(events), listed)

    counted = {name: dict(zip(each.bins, each.counts.sum(axis=0), strict=True)) for name, each in found.items()}
    assert counted["events_per_user"] == {"1": 1, "2": 1}  # ben once, ann three times: 2-3
    assert counted["items_per_user"] == {"1": 1, "2": 1}
    assert counted["events_per_session"] == {"1": 2, "2": 1}
    assert counted["hour_of_day"] == {"09": 3, "10": 1}
    assert counted["category"] == {"light": 3, "": 1}
    assert counted["item_popularity"] == {"0": 3, "7": 1}  # the rug begins after three quarters of all events
