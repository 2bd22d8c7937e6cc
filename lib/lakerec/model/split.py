"""The cut in time: what a model may learn from, what its maps are fitted on, and what it is judged on.

    ───────────── train ─────────────┃── calibrate ──┃──── test ────▶ as_of
     the evaluation fit learns here     maps and        everything
                                        thresholds      reported

Whole days of UTC: the test window ends with the day of `as_of`, each window begins where the one before ends.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.contract import Settings


class SplitSettings(Settings):
    """Where the cut lies, and what counts as having found it."""

    calibrate_days: int = Field(ge=1, description="length of the window that maps and thresholds are fitted on; days")
    test_days: int = Field(ge=1, description="length of the window that everything reported is measured on; days")
    relevant_actions: tuple[str, ...] = Field(min_length=1, description="actions that make an item relevant to a user")


class Window(NamedTuple):
    """Whole days, both ends included."""

    first: date
    last: date


class Windows(NamedTuple):
    """The three windows; train has no beginning."""

    train_until: date
    calibrate: Window
    test: Window


def windows(as_of: datetime, settings: SplitSettings) -> Windows:
    """The windows of everything up to `as_of`; its day is the last of the test window, even where it is not over."""
    return windows_after(as_of.date() - timedelta(days=settings.test_days + settings.calibrate_days), settings)


def windows_after(train_until: date, settings: SplitSettings) -> Windows:
    """The windows of an evaluation model, from the last day that it learned from."""
    calibrate_until = train_until + timedelta(days=settings.calibrate_days)
    test_until = calibrate_until + timedelta(days=settings.test_days)
    day = timedelta(days=1)
    return Windows(train_until, Window(train_until + day, calibrate_until), Window(calibrate_until + day, test_until))


def last_moment(day: date) -> datetime:
    """The `as_of` of a model that knows a whole day and nothing later; UTC."""
    return datetime.combine(day, time.max, UTC)


def in_window(daily: DataFrame, window: Window) -> DataFrame:
    """Rows of gold.daily_interactions whose day lies in the window."""
    return daily.where(F.col("event_date").between(window.first, window.last))


def until(daily: DataFrame, last: date) -> DataFrame:
    """Rows of gold.daily_interactions up to and including a day."""
    return daily.where(F.col("event_date") <= F.lit(last))


def pairs_with(daily: DataFrame, actions: Collection[str]) -> DataFrame:
    """Distinct (user_ix, item_ix) with one of the actions, such as the pairs to mask, which the user already knows."""
    return daily.where(F.col("action").isin(*actions)).select("user_ix", "item_ix").distinct()


def relevant_pairs(daily: DataFrame, window: Window, masked: DataFrame, settings: SplitSettings) -> DataFrame:
    """What a recommender should have found in a window.

    Args:
        daily: gold.daily_interactions.
        masked: (user_ix, item_ix) that are never recommended, so that finding them again is no merit.

    Returns:
        Distinct (user_ix, item_ix) with a relevant action in the window, without the masked ones.
    """
    acted = pairs_with(in_window(daily, window), settings.relevant_actions)
    return acted.join(masked, on=["user_ix", "item_ix"], how="left_anti")
