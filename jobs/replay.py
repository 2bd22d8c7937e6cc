"""model.runs, gold.daily_interactions -> model.replays: make a model again and compare it with the stored one.

`replay MODEL_ID` reads the versions of the data that the model was trained on, and fits with its settings, seed and
blocks, whatever those of today are. A model that began with another's factors has that one made again first.
"""

from pyspark.sql import DataFrame, SparkSession

from lakerec import __version__
from lakerec.config import Config
from lakerec.errors import ReplayError, SettingsError
from lakerec.flags import Flag
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.replays import REPLAYS, compare_factors, differing_settings, hindrances, make_again
from lakerec.model.runs import RUNS, Run, find_run, run_named, sorted_json
from lakerec.model.user_factors import USER_FACTORS
from lakerec.runner import run, say

GROUP = "data scientists"
NAMED = Flag("replay.model_id", "MODEL_ID", "model to make again, as in model.runs")


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Make the model again, and those that it descends from; a row for each in model.replays.

    Raises:
        SettingsError: there is no such model.
        ReplayError: it was trained by other versions of the code or of Spark, or its factors come out differently.
        RebuildNeededError: the data that it was trained on cannot be read any more.
    """
    lake = Lakehouse(spark, config.lake)
    trained = find_run(lake.rows(RUNS), config.replay.model_id)
    if trained is None:
        raise SettingsError(f"replay.model_id: model.runs holds no model '{config.replay.model_id}'.")
    line = _line_of(lake, trained)
    if lines := [hindrance for each in line for hindrance in hindrances(each, __version__, spark.version)]:
        raise ReplayError("\n".join(lines))
    for difference in differing_settings(trained, config.als):
        say(f"  {difference}: replayed as then")
    if any(each.settings["als"]["max_iter"] > each.settings["als"]["checkpoint_interval"] for each in line):
        spark.sparkContext.setCheckpointDir(f"{lake.root}/_checkpoints")
    with lake.writing(REPLAYS.layer):
        return _replay(lake, line)


def _line_of(lake: Lakehouse, trained: Run) -> list[Run]:
    """The model's ancestors and itself, the eldest first."""
    line = [trained]
    while line[0].parent_id:
        line.insert(0, run_named(lake.rows(RUNS), line[0].parent_id))
    return line


def _replay(lake: Lakehouse, line: list[Run]) -> dict[str, int]:
    start: DataFrame | None = None
    rows, pairs, wrong = [], 0, []
    for trained in line:
        version = trained.source_versions.get(DAILY_INTERACTIONS.name, -1)
        again = make_again(trained, lake.read_at(DAILY_INTERACTIONS, version), start)
        start, pairs = again.item_factors, pairs + again.pair_count
        sides = ((USER_FACTORS, again.user_factors, "user_ix"), (ITEM_FACTORS, again.item_factors, "item_ix"))
        found = [compare_factors(lake.read_partition(t, trained.model_id), made, ix) for t, made, ix in sides]
        (of_users, users), (of_items, items) = found
        largest = max(of_users, of_items)
        rows.append((lake.settings.run_id, trained.model_id, lake.now, largest, users, items))
        told = f"model '{trained.model_id}', from version {version} of {DAILY_INTERACTIONS.name}: "
        told += f"{users:,} users and {items:,} items, largest difference of a factor {largest}"
        say(f"  {told}")
        wrong += [told] if largest != 0 else []
    stored = [(*row, sorted_json(each.source_versions)) for row, each in zip(rows, line, strict=True)]
    lake.append(REPLAYS, stored)
    if wrong:
        raise ReplayError("\n".join(wrong))
    return {"rows_in": pairs, "rows_out": len(rows), "factor_rows": sum(row[4] + row[5] for row in rows)}


if __name__ == "__main__":
    run(main, named=NAMED)
