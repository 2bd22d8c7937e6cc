"""Who stands on which rung."""

from datetime import UTC, date, datetime

import numpy as np

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.model.fold_in import Histories, Space, Weights
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.ladder import Index, place_users, recent_events, see_what_happened
from lakerec.silver.events import EVENTS

SPACE = Space(ItemSide(np.array([0, 1], np.int32), np.array([[1.0, 0.5], [-0.5, 1.0]], np.float32)), Weights(1.0, 0.1))
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def event(number, day, **values):
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    stated = {"source": "shop", "event_date": day, "event_id": f"e{number}", "occurred_at": at, "is_bot": False}
    return tuple({"action": "view", "item_id": "i0", **stated, **values}.get(name) for name in EVENTS.names)


def test_who_did_nothing_since_keeps_the_stored_factors_and_others_are_folded_in(spark):
    schema = "user_ix int, history array<struct<item_ix int, strength float>>"
    rows = [(1, [(0, 2.0)]), (2, [(0, 2.0), (1, 1.0)]), (3, [(1, 1.0)]), (-1, [(0, 1.0)]), (4, [(0, -1.0)])]
    same = SPACE.solve(Histories(np.array([[0]]), np.array([[2.0]])))[0].astype(np.float32).tolist()
    stored = spark.createDataFrame([(1, same), (2, same), (4, same)], "user_ix int, factors array<float>")

    placed = {row.user_ix: row for row in place_users(spark.createDataFrame(rows, schema), stored, SPACE).collect()}

    sources = {user: row.source for user, row in placed.items()}
    assert sources == {1: "als", 2: "fold_in", 3: "fold_in", -1: "session"}  # 4 likes nothing any more
    assert placed[1].factors == same
    expected = SPACE.solve(Histories(np.array([[0, 1]]), np.array([[2.0, 1.0]])))[0]
    np.testing.assert_allclose(placed[2].factors, expected, rtol=1e-6)


def test_sessions_that_nobody_signed_in_are_users_of_their_own(spark):
    events = [
        event(1, TUESDAY, session_id="s2"),
        event(2, TUESDAY, session_id="s1", item_id="i1"),
        event(3, TUESDAY, session_id="s1", item_id="i1"),
        event(4, TUESDAY, session_id="s3", user_id="ann"),
        event(5, TUESDAY, session_id="s4", is_bot=True),
        event(6, TUESDAY),
        event(7, MONDAY, session_id="s5"),
    ]
    index = Index(
        spark.createDataFrame([("ann", 0)], USER_INDEX.schema),
        spark.createDataFrame([("i0", 0), ("i1", 1)], ITEM_INDEX.schema),
    )
    nothing = spark.createDataFrame([], DAILY_INTERACTIONS.schema)

    recent = recent_events(spark.createDataFrame(events, EVENTS.schema), TUESDAY, 1)
    happened = see_what_happened(nothing, recent, index, ["view"], keep=lambda frame: frame)

    assert dict(happened.users.collect()) == {"ann": 0, "session:shop:s1": -1, "session:shop:s2": -2}
    counted = sorted((row.user_ix, row.item_ix, row.event_count) for row in happened.daily.collect())
    assert counted == [(-2, 0, 1), (-1, 1, 2)]
