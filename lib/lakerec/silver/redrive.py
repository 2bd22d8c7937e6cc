"""Judging rejected records again, without touching what is believed: when that is right, and which days it changes."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.silver.events import EventSettings, believe_events
from lakerec.silver.rejected_events import REJECTED_EVENTS


def is_wider(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether all that was believed under one shape of silver still is under another, and means the same.

    Args:
        before: settings by section (`events`, `session`) and `transform_version`, as kept with the table's progress.
        now: the same, as this run would keep them.
    """
    others = {**before, "events": None}
    try:
        old, new = EventSettings.model_validate(before["events"]), EventSettings.model_validate(now["events"])
    except (KeyError, ValidationError):  # kept by a version that had other settings
        return False
    return (
        others == {**now, "events": None}
        and set(old.actions) <= set(new.actions)
        and set(old.return_actions) <= set(new.return_actions)
        and old.max_future_skew_minutes <= new.max_future_skew_minutes
        and old.max_id_bytes <= new.max_id_bytes
    )


def days_judged_otherwise(records: DataFrame, rejected: DataFrame, settings: EventSettings) -> DataFrame:
    """Days with a rejected record that is believed now, or rejected for other reasons: column `event_date`.

    Args:
        records: bronze.events of the days of the rejected records.
        rejected: silver.rejected_events.
        settings: what is believed now.
    """
    place = [*REJECTED_EVENTS.key]
    stored = rejected.select(*place, "event_date", F.col("reasons").alias("reasons_before"))
    judged = believe_events(records.join(stored, place, how="left_semi"), settings).rejected.select(*place, "reasons")
    both = stored.join(judged, place, how="left")
    return both.where(~F.col("reasons").eqNullSafe(F.col("reasons_before"))).select("event_date").distinct()
