from pyspark.sql import Row, SparkSession

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS, count_days
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.silver.events import EVENTS
from tests.records import at, on, rows_of


def an_act(user_id: str | None, item_id: str, moment, **others) -> dict:
    act = {"user_id": user_id, "item_id": item_id, "occurred_at": moment, "event_date": moment.date()}
    return {**act, "action": "view", "is_bot": False, **others}


def counted(spark: SparkSession, acts: list[dict]) -> list[Row]:
    users = rows_of(spark, USER_INDEX, [{"user_id": "ann", "user_ix": 4}, {"user_id": "bob", "user_ix": 5}])
    items = rows_of(spark, ITEM_INDEX, [{"item_id": "lamp", "item_ix": 9}])
    return (
        count_days(rows_of(spark, EVENTS, acts), users, items, {"view", "purchase"})
        .orderBy("event_date", "action")
        .collect()
    )


def test_each_pair_action_and_day_is_counted(spark):
    first, second, other_day = counted(
        spark,
        [
            an_act("ann", "lamp", at(1, 9), action="purchase", quantity=2),
            an_act("ann", "lamp", at(1, 11), action="purchase", quantity=3),
            an_act("ann", "lamp", at(1, 10)),
            an_act("ann", "lamp", at(2, 8)),
        ],
    )

    assert (first.user_ix, first.item_ix, first.action, first.event_count, first.quantity) == (4, 9, "purchase", 2, 5)
    assert (first.event_date, first.first_at.hour, first.last_at.hour) == (on(1), 9, 11)
    assert (second.action, second.event_count, second.quantity) == ("view", 1, None)
    assert (other_day.event_date, other_day.event_count) == (on(2), 1)


def test_bots_strangers_and_actions_without_weight_are_left_out(spark):
    acts = [
        an_act("bob", "lamp", at(1), is_bot=True),
        an_act(None, "lamp", at(1)),
        an_act("ann", "lamp", at(1), action="impression"),
    ]

    assert counted(spark, acts) == []


def test_no_events_give_no_counts_in_the_declared_columns(spark):
    nothing = count_days(
        rows_of(spark, EVENTS, []), rows_of(spark, USER_INDEX, []), rows_of(spark, ITEM_INDEX, []), {"view"}
    )

    assert nothing.columns == DAILY_INTERACTIONS.names
    assert nothing.count() == 0
