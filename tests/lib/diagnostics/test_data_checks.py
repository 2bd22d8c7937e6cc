"""What there is to learn from, and what is asked of it."""

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import SparkSession

from lakerec.config import load
from lakerec.diagnostics.data_checks import (
    Cost,
    DataFacts,
    DataSettings,
    check_data,
    expect_cost,
    fit_data_facts,
    misses,
)
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS

DAYS = [date(2026, 3, day) for day in range(1, 6)]
FACTS = DataFacts(
    days=5, events=40, pairs=12, users=4, items=6, active_users=3, established_items=2, recent_users=4, cold_users=1
)
CHEAP = Cost(1000.0, 2.0)


def settings(**changes: float) -> DataSettings:
    return load("test", {f"data.{name}": value for name, value in changes.items()}).data


def test_users_and_items_are_counted_with_what_they_did_up_to_the_day(spark: SparkSession) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    acts = [(DAYS[0], 1, 10, 3), (DAYS[1], 1, 11, 1), (DAYS[2], 2, 10, 2), (DAYS[2], 1, 10, 1), (DAYS[4], 3, 10, 9)]
    rows = [(day, user, item, "view", count, None, noon, noon) for day, user, item, count in acts]
    daily = spark.createDataFrame(rows, DAILY_INTERACTIONS.schema)

    until_wednesday = fit_data_facts(daily, DAYS[2], cut=DAYS[1], window_days=0, minimum_events=5)
    last_two_days = fit_data_facts(daily, DAYS[2], cut=DAYS[1], window_days=2, minimum_events=5)

    assert until_wednesday == DataFacts(
        days=3, events=7, pairs=3, users=2, items=2, active_users=1, established_items=1, recent_users=2, cold_users=1
    )
    assert (last_two_days.days, last_two_days.events, last_two_days.active_users) == (2, 4, 0)


def test_what_is_asked_and_not_there_is_named_in_one_line_each() -> None:
    asked = settings(minimum_active_users=100, minimum_pairs=12, minimum_established_items=0, maximum_minutes=1)

    checks = check_data(FACTS, CHEAP, asked)

    assert misses(checks) == [
        "data.minimum_active_users: active users 3 (users with 5 or more events), asked for at least 100: too little.",
        "data.maximum_minutes: minutes 2 (minutes, expected), asked for at most 1: too much.",
    ]
    verdicts = {check.measure: check.verdict for check in checks}
    assert (verdicts["pairs"], verdicts["established_items"], verdicts["days"]) == ("enough", "not asked", "not asked")


def test_shares_are_of_all_cells_and_of_the_last_days_users() -> None:
    values = {check.measure: check.value for check in check_data(FACTS, CHEAP, settings())}

    assert (values["density"], values["cold_share"]) == (12 / 24, 1 / 4)


def test_where_nobody_came_lately_there_is_no_cold_share_and_no_miss() -> None:
    nobody = FACTS._replace(recent_users=0, cold_users=0)

    cold = next(each for each in check_data(nobody, CHEAP, settings()) if each.measure == "cold_share")

    assert (cold.value, cold.is_met) == (None, True)


def test_an_earlier_fit_tells_how_long_the_next_takes() -> None:
    config = load("test", {"als.solver": "mllib", "als.rank": 4, "als.max_iter": 3})
    als, priced = config.als, config.plan.stages["train_model"]
    cost = priced.model_copy(update={"fixed_seconds": 0.0, "seconds": {"mllib_visits": 2.0}})
    earlier = {"als": als.model_dump(), "pair_count": 6, "user_count": 2, "item_count": 3, "seconds": 30.0}

    twice_the_work, first = expect_cost(FACTS, als, cost, earlier), expect_cost(FACTS, als, cost, None)

    assert twice_the_work.minutes == pytest.approx(2 * 2 * 30 / 60)
    assert first.minutes == 2 * (2 * 3 * 12) * 2.0 / 60
    assert twice_the_work.memory_bytes == 2 * 8 * 12 + 4 * 4 * (4 + 6) * (1 + 2)
