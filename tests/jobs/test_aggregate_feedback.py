import random
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import aggregate_feedback, clean_events
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.config import Config, load
from lakerec.errors import RebuildNeededError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.silver.events import EVENTS
from tests.records import READ_AT, a_record, at, on, raw_events, rows_of

TABLES = (USER_INDEX, ITEM_INDEX, DAILY_INTERACTIONS, INTERACTIONS, ITEM_POPULARITY)
NOTHING = dict.fromkeys(("rows_in", "rows_out", "days", "new_users", "new_items", "interactions"), 0)


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def configured(root: str, **flags: object) -> Config:
    weights = {"feedback.weights.view": 1, "feedback.weights.purchase": 6, "feedback.weights.return": -6}
    feedback = {**weights, "feedback.half_life_days": 1, "feedback.window_days": 0}
    return load("test", {"lake.root": root, "lake.run_id": "first", **feedback, **flags})


def an_event(event_id: str, moment: datetime, user_id: str | None = "ann", item_id: str = "lamp", **others) -> dict:
    event = {"source": "shop", "event_id": event_id, "event_date": moment.date(), "occurred_at": moment}
    believed = {"user_id": user_id, "item_id": item_id, "action": "view", "is_bot": False}
    where = {"file_id": "f1", "line_number": 1, "record_number": 1, "ingested_at": READ_AT}
    return {**event, **believed, **where, **others}


def deliver(spark: SparkSession, root: str, events: list[dict]) -> Lakehouse:
    lake = Lakehouse(spark, configured(root).lake)
    lake.append(EVENTS, rows_of(spark, EVENTS, events))
    return lake


def strengths(lake: Lakehouse) -> dict[tuple[str, str], float]:
    named = lake.read(INTERACTIONS).join(lake.read(USER_INDEX), "user_ix").join(lake.read(ITEM_INDEX), "item_ix")
    return {(row.user_id, row.item_id): row.strength for row in named.collect()}


def test_events_become_numbers_counts_strengths_and_ranks_and_a_rerun_commits_nothing(spark, root):
    events = [
        an_event("e1", at(1), "ann", "lamp", action="purchase"),
        an_event("e2", at(2), "ann", "lamp"),
        an_event("e3", at(2), "bob", "chair"),
        an_event("e4", at(2), "bob", "chair"),
        an_event("e5", at(2), "program", "chair", is_bot=True),
        an_event("e6", at(2), None, "table"),
    ]
    lake = deliver(spark, root, events)

    counts = aggregate_feedback.main(spark, configured(root))
    versions = lake.source_versions(*TABLES)
    again = aggregate_feedback.main(spark, configured(root, **{"lake.run_id": "second"}))

    assert counts == {"rows_in": 6, "rows_out": 3, "days": 2, "new_users": 2, "new_items": 3, "interactions": 2}
    assert strengths(lake) == {("ann", "lamp"): 6 / 2 + 1, ("bob", "chair"): 2}
    ranks = lake.read(ITEM_POPULARITY).join(lake.read(ITEM_INDEX), "item_ix").collect()
    assert {row.item_id: row.rank for row in ranks} == {"lamp": 1, "chair": 2}
    assert again == NOTHING
    assert lake.source_versions(*TABLES) == versions


def test_one_more_day_is_counted_alone_numbers_are_kept_and_strengths_are_stated_anew(spark, root):
    lake = deliver(spark, root, [an_event("e1", at(1), "bob", action="purchase")])
    aggregate_feedback.main(spark, configured(root))

    deliver(spark, root, [an_event("e2", at(3), "ann")])
    counts = aggregate_feedback.main(spark, configured(root))

    assert (counts["rows_in"], counts["days"], counts["new_users"], counts["new_items"]) == (1, 1, 1, 0)
    assert {row.user_id: row.user_ix for row in lake.read(USER_INDEX).collect()} == {"bob": 0, "ann": 1}
    assert strengths(lake) == {("bob", "lamp"): 6 / 4, ("ann", "lamp"): 1}


def test_strengths_follow_as_of_and_weights_without_counting_again(spark, root):
    lake = deliver(spark, root, [an_event("e1", at(1), action="purchase"), an_event("e2", at(3))])
    aggregate_feedback.main(spark, configured(root))
    counted = lake.version(DAILY_INTERACTIONS)

    aggregate_feedback.main(spark, configured(root, as_of="2026-03-02T08:00:00+00:00"))
    earlier = strengths(lake)
    aggregate_feedback.main(spark, configured(root, **{"feedback.weights.view": 2}))

    assert earlier == {("ann", "lamp"): 6 / 2}
    assert strengths(lake) == {("ann", "lamp"): 6 / 4 + 2}
    assert lake.version(DAILY_INTERACTIONS) == counted


@pytest.mark.slow
def test_another_weighted_action_asks_for_a_rebuild_that_keeps_the_numbers(spark, root):
    lake = deliver(spark, root, [an_event("e1", at(2), "bob"), an_event("e2", at(2), "ann", action="share")])
    aggregate_feedback.main(spark, configured(root))
    deliver(spark, root, [an_event("e0", at(1), "cem")])
    numbers = {row.user_id: row.user_ix for row in lake.read(USER_INDEX).collect()}
    sharing = {"feedback.weights.share": 2}

    with pytest.raises(RebuildNeededError, match=r"gold.daily_interactions: .*--rebuild gold"):
        aggregate_feedback.main(spark, configured(root, **sharing))
    aggregate_feedback.main(spark, configured(root, **sharing, **{"lake.run_id": "2", "lake.rebuild": ["gold"]}))

    assert numbers == {"ann": 0, "bob": 1}
    assert {row.user_id: row.user_ix for row in lake.read(USER_INDEX).collect()} == {**numbers, "cem": 2}
    assert strengths(lake) == {("ann", "lamp"): 2, ("bob", "lamp"): 1, ("cem", "lamp"): 1 / 2}


def test_a_run_that_broke_off_after_the_numbers_gives_nobody_a_second_one(spark, root, monkeypatch):
    lake = deliver(spark, root, [an_event("e1", at(1), "ann"), an_event("e2", at(1), "bob")])

    with monkeypatch.context() as power_cut:
        power_cut.setattr(Lakehouse, "replace_days", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            aggregate_feedback.main(spark, configured(root))
    in_between = sorted(lake.read(USER_INDEX).collect())
    aggregate_feedback.main(spark, configured(root))

    assert in_between == [("ann", 0), ("bob", 1)]
    assert sorted(lake.read(USER_INDEX).collect()) == in_between
    assert strengths(lake) == {("ann", "lamp"): 1, ("bob", "lamp"): 1}


def test_an_empty_lake_has_no_feedback(spark, root):
    assert aggregate_feedback.main(spark, configured(root)) == NOTHING


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_any_split_into_batches_gives_the_same_counts_and_strengths(spark, tmp_path, seed):
    chance = random.Random(seed)
    events = [_any_event(n, chance) for n in range(40)]
    at_once, in_batches = str(tmp_path / "at_once"), str(tmp_path / "in_batches")

    one = deliver(spark, at_once, events)
    aggregate_feedback.main(spark, configured(at_once))
    shuffled = chance.sample(events, len(events))
    for batch in (shuffled[:15], shuffled[15:]):
        other = deliver(spark, in_batches, batch)
        aggregate_feedback.main(spark, configured(in_batches))

    assert _by_id(other) == _by_id(one)
    assert strengths(other) == strengths(one)
    assert len(strengths(one)) == 2 * 2


# Two visits of an unknown person, a buyer, a program of which little is seen yet, and the same ids in three sources.
FIRST = [
    a_record("v1", at(1, 9), session_id="s1"),
    a_record("v2", at(1, 10), session_id="s2", item_id="chair"),
    a_record("p1", at(1, 11), session_id="s3", user_id="bob", action="purchase"),
    *[a_record(f"c{n}", at(1, 12, n), session_id="c", user_id="crawler") for n in range(3)],
    a_record("a1", at(1, 13), source="app", user_id="ann"),
    a_record("t1", at(1, 13), source="till", id_namespace="till", user_id="ann"),
]
# The visitor signs in, in both visits; the buyer sends back what was bought; more of the program comes in late.
LATER = [
    a_record("v3", at(2, 9), session_id="s1", user_id="ann"),
    a_record("v4", at(2, 10), session_id="s2", user_id="ann", item_id="chair"),
    a_record("r1", at(2, 11), session_id="s4", user_id="bob", action="return", quantity="-1"),
    *[a_record(f"c{n}", at(1, 12, n), session_id="c", user_id="crawler") for n in range(3, 6)],
]
COUNTED = {
    (on(1), "ann", "lamp", "view"): 2,  # v1, since v3 told whose visit it was, and a1
    (on(1), "ann", "chair", "view"): 1,
    (on(1), "bob", "lamp", "purchase"): 1,
    (on(1), "till:ann", "till:lamp", "view"): 1,
    (on(2), "ann", "lamp", "view"): 1,
    (on(2), "ann", "chair", "view"): 1,
    (on(2), "bob", "lamp", "return"): 1,
}


def test_sign_ins_returns_and_bots_found_later_move_counts_once_and_a_rebuild_keeps_the_numbers(spark, tmp_path):
    at_once, in_batches = str(tmp_path / "at_once"), str(tmp_path / "in_batches")
    counts_then = []

    one = come_from_bronze(spark, at_once, FIRST + LATER)
    for batch in (FIRST, LATER + FIRST[:2]):
        other = come_from_bronze(spark, in_batches, batch)
        counts_then.append(counted(other))
    numbers = {row.user_id: row.user_ix for row in other.read(USER_INDEX).collect()}
    other.overwrite(RAW_EVENTS, raw_events(spark, (FIRST + LATER)[::-1]))
    come_from_bronze(spark, in_batches, [], **{"lake.run_id": "anew", "lake.rebuild": ["silver", "gold"]})

    assert counts_then[0] == {
        (on(1), "bob", "lamp", "purchase"): 1,
        (on(1), "crawler", "lamp", "view"): 3,
        (on(1), "ann", "lamp", "view"): 1,
        (on(1), "till:ann", "till:lamp", "view"): 1,
    }
    assert [counted(one), *counts_then[1:], counted(other)] == [COUNTED] * 3
    assert strengths(one) == strengths(other)
    assert {row.user_id: row.user_ix for row in other.read(USER_INDEX).collect()} == numbers
    assert numbers.keys() == {"ann", "bob", "crawler", "till:ann"}


def come_from_bronze(spark: SparkSession, root: str, records: list[dict], **flags: object) -> Lakehouse:
    """Deliver records, if any, and bring silver and gold up to date."""
    bots = {"session.bot_min_events": 5, "session.bot_max_events_per_minute": 1.1, "session.bot_max_share": 1}
    config = configured(root, **bots, **flags)
    lake = Lakehouse(spark, config.lake)
    if records:
        lake.append(RAW_EVENTS, raw_events(spark, records))
    clean_events.main(spark, config)
    aggregate_feedback.main(spark, config)
    return lake


def counted(lake: Lakehouse) -> dict[tuple, int]:
    return {(row.event_date, row.user_id, row.item_id, row.action): row.event_count for row in named_counts(lake)}


def named_counts(lake: Lakehouse) -> list:
    """gold.daily_interactions with ids beside the integers, which depend on who came first."""
    daily = lake.read(DAILY_INTERACTIONS)
    return daily.join(lake.read(USER_INDEX), "user_ix").join(lake.read(ITEM_INDEX), "item_ix").collect()


def _any_event(n: int, chance: random.Random) -> dict:
    user, item = chance.choice(["ann", "bob", None]), chance.choice(["lamp", "chair"])
    action = chance.choice(["view", "purchase", "return", "impression"])
    return an_event(f"e{n}", at(chance.randint(1, 4), chance.randint(1, 20)), user, item, action=action)


def _by_id(lake: Lakehouse) -> list[tuple]:
    """gold.daily_interactions with ids in place of integers, which depend on who came first."""
    named = lake.read(DAILY_INTERACTIONS).join(lake.read(USER_INDEX), "user_ix").join(lake.read(ITEM_INDEX), "item_ix")
    return sorted((tuple(row) for row in named.drop("user_ix", "item_ix").collect()), key=str)


def _power_cut(lake, increment, frames, days=None):
    raise KeyboardInterrupt
