"""silver.events -> gold.user_index, item_index, daily_interactions, interactions, item_popularity: count and weigh."""

from pyspark.sql import DataFrame, SparkSession

from lakerec.config import Config
from lakerec.contract import Table
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS, count_days
from lakerec.gold.interactions import INTERACTIONS, project_interactions
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY, rank_popularity
from lakerec.gold.register import fit_room, number_new_ids
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.runner import run
from lakerec.silver.events import EVENTS

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring gold up to date with silver; a rerun with nothing new commits nothing."""
    lake = Lakehouse(spark, config.lake)
    with lake.writing(DAILY_INTERACTIONS.layer):
        return {**aggregate_days(lake, config), **project(lake, config)}


def aggregate_days(lake: Lakehouse, config: Config) -> dict[str, int]:
    """Count the days that silver changed, after numbering the ids that are new."""
    actions = sorted(config.feedback.weights)
    increment = lake.increment(EVENTS, DAILY_INTERACTIONS, {"actions": actions})
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "days", "new_users", "new_items"), 0)
    events = lake.read(EVENTS, increment.days)
    new_users, new_items = _register(lake, USER_INDEX, events), _register(lake, ITEM_INDEX, events)
    daily = count_days(events, lake.read(USER_INDEX), lake.read(ITEM_INDEX), actions)
    rows = lake.replace_days(increment, {DAILY_INTERACTIONS: daily})
    return {
        "rows_in": events.count(),
        "rows_out": rows[DAILY_INTERACTIONS.name],
        "days": len(increment.days),
        "new_users": new_users,
        "new_items": new_items,
    }


def _register(lake: Lakehouse, register: Table, events: DataFrame) -> int:
    """Give new ids their integers; an id that an interrupted run gave one is known and keeps it."""
    entries = number_new_ids(events.where(~events.is_bot), lake.read(register), register).cache()
    count = fit_room(entries, register)
    if count:
        lake.append(register, entries.withColumn(register.names[1], entries[register.names[1]].cast("int")))
    entries.unpersist()
    return count


def project(lake: Lakehouse, config: Config) -> dict[str, int]:
    """State every pair's strength as of the configured time, or of the newest event, and rank the items by them."""
    shape = {**config.feedback.model_dump(mode="json"), "as_of": config.as_of}
    projected = lake.increment(DAILY_INTERACTIONS, INTERACTIONS, shape)
    rows = {INTERACTIONS.name: 0}
    if projected.is_needed and (as_of := config.as_of_time or lake.newest(EVENTS, "occurred_at")):
        strengths = project_interactions(lake.read(DAILY_INTERACTIONS), as_of, config.feedback)
        rows = lake.replace([projected], {INTERACTIONS: strengths})
    ranked = lake.increment(INTERACTIONS, ITEM_POPULARITY, {})
    if ranked.is_needed:
        lake.replace([ranked], {ITEM_POPULARITY: rank_popularity(lake.read(INTERACTIONS), lake.read(ITEM_INDEX))})
    return {"interactions": rows[INTERACTIONS.name]}


if __name__ == "__main__":
    run(main)
