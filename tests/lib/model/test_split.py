"""Windows in whole days, and what counts as found."""

from datetime import UTC, date, datetime

from pyspark.sql import DataFrame, SparkSession

from lakerec.model.split import (
    SplitSettings,
    Window,
    in_window,
    last_moment,
    pairs_with,
    relevant_pairs,
    until,
    windows,
    windows_after,
)

SETTINGS = SplitSettings(calibrate_days=2, test_days=3, relevant_actions=("purchase",))
APRIL = {day: date(2026, 4, day) for day in range(1, 15)}


def daily(spark: SparkSession, *rows: tuple[int, int, int, str]) -> DataFrame:
    """gold.daily_interactions of April 2026, as far as the split reads it: day, user_ix, item_ix, action."""
    return spark.createDataFrame(
        [(APRIL[day], user_ix, item_ix, action) for day, user_ix, item_ix, action in rows],
        "event_date date, user_ix int, item_ix int, action string",
    )


def pairs(frame: DataFrame) -> list[tuple[int, ...]]:
    return sorted(tuple(row) for row in frame.collect())


def test_the_test_window_ends_with_the_day_of_as_of_and_each_window_begins_where_the_last_ended() -> None:
    cut = windows(datetime(2026, 4, 10, 0, 0, 1, tzinfo=UTC), SETTINGS)

    assert cut.test == Window(APRIL[8], APRIL[10])
    assert cut.calibrate == Window(APRIL[6], APRIL[7])
    assert cut.train_until == APRIL[5]


def test_a_window_does_not_depend_on_the_hour() -> None:
    first, last = datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 4, 10, 23, 59, 59, tzinfo=UTC)

    assert windows(first, SETTINGS) == windows(last, SETTINGS)


def test_the_windows_follow_from_the_last_day_of_training_just_the_same() -> None:
    cut = windows(datetime(2026, 4, 10, tzinfo=UTC), SETTINGS)

    assert windows_after(cut.train_until, SETTINGS) == cut
    assert windows_after(last_moment(cut.train_until).date(), SETTINGS) == cut


def test_both_ends_of_a_window_belong_to_it(spark: SparkSession) -> None:
    rows = daily(spark, (5, 1, 1, "view"), (6, 1, 2, "view"), (7, 1, 3, "view"), (8, 1, 4, "view"))

    assert [row.item_ix for row in in_window(rows, Window(APRIL[6], APRIL[7])).orderBy("item_ix").collect()] == [2, 3]
    assert [row.item_ix for row in until(rows, APRIL[6]).orderBy("item_ix").collect()] == [1, 2]


def test_relevant_is_what_was_bought_in_the_window_once_and_was_not_masked(spark: SparkSession) -> None:
    history = daily(
        spark,
        (5, 1, 1, "view"),  # user 1 knows item 1 from training
        (8, 1, 1, "purchase"),  # and buys it: masked, so no merit
        (8, 1, 2, "purchase"),
        (9, 1, 2, "purchase"),  # twice is once
        (9, 1, 3, "cart"),  # not a relevant action
        (7, 1, 4, "purchase"),  # the day before the window
        (10, 2, 1, "purchase"),  # user 2 did not know item 1
        (11, 2, 5, "purchase"),  # the day after the window
    )
    masked = pairs_with(until(history, APRIL[5]), ["view", "cart", "purchase"])

    relevant = relevant_pairs(history, Window(APRIL[8], APRIL[10]), masked, SETTINGS)

    assert pairs(relevant) == [(1, 2), (2, 1)]


def test_without_rows_nothing_is_relevant(spark: SparkSession) -> None:
    none = daily(spark)

    assert pairs(relevant_pairs(none, Window(APRIL[8], APRIL[10]), pairs_with(none, ["view"]), SETTINGS)) == []
