"""model.*, diagnostics.* -> recommendations.user_items: what every user is recommended, as a new batch."""

from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of
from lakerec.diagnostics.lists import Catalogue, share_of_strength
from lakerec.diagnostics.probabilities import Calibration
from lakerec.diagnostics.rankings import ALS, POPULARITY
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.errors import TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.model.baselines import popularity_items
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import RUNS, SERVING, Run, newest_run
from lakerec.model.scorer import collect_items
from lakerec.model.split import pairs_with, until
from lakerec.model.user_factors import USER_FACTORS
from lakerec.recommendations.user_items import (
    USER_ITEMS,
    available_items,
    batch_id,
    judge_recommendations,
    name_recommendations,
    rank_everybody,
)
from lakerec.runner import run
from lakerec.silver.items import ITEMS

GROUP = "platform team"


class Judgement(NamedTuple):
    """What the evaluation of the same settings says: calibrations by source, and the chosen threshold."""

    calibrations: dict[str, Calibration]
    threshold: float | None


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Recommend by the newest serving model; a batch that is already there is left alone."""
    lake = Lakehouse(spark, config.lake)
    model = newest_run(lake.read(RUNS), SERVING)
    judgement = _judgement(lake, model.evaluated_by)
    versions = lake.source_versions(ITEMS, ITEM_POPULARITY, USER_INDEX)
    batch = batch_id(model.model_id, judgement._asdict(), config.recommend, versions)
    if lake.has_partition(USER_ITEMS, batch):
        return dict.fromkeys(("rows_in", "rows_out"), 0)
    named = name_recommendations(_lists(lake, config, model), lake.read(USER_INDEX), lake.read(ITEM_INDEX))
    judged = judge_recommendations(named, judgement.calibrations, judgement.threshold)
    stamps = {"batch_id": batch, "model_id": model.model_id, "created_at": lake.now}
    stamped = judged.withColumns({name: F.lit(value) for name, value in stamps.items()})
    rows = lake.replace_partition(USER_ITEMS, batch, stamped.select(USER_ITEMS.names))
    return {"rows_in": lake.read(USER_INDEX).count(), "rows_out": rows}


def _judgement(lake: Lakehouse, evaluated_by: str) -> Judgement:
    coefficients = [row.asDict() for row in lake.read_partition(COEFFICIENTS, evaluated_by).collect()]
    if not coefficients:
        raise TrainingDataError(
            f"diagnostics.coefficients: holds nothing of evaluation model '{evaluated_by}'. Run diagnose_model first."
        )
    chosen = lake.read_partition(THRESHOLDS, evaluated_by).where("is_chosen").collect()
    return Judgement(
        calibrations={source: calibration_of(coefficients, source) for source in (ALS, POPULARITY)},
        threshold=chosen[0]["threshold"] if chosen else None,
    )


def _lists(lake: Lakehouse, config: Config, model: Run) -> DataFrame:
    index, factors = lake.read(ITEM_INDEX), lake.read_partition(USER_FACTORS, model.model_id)
    known_until = model.as_of.date()
    masked = pairs_with(until(lake.read(DAILY_INTERACTIONS), known_until), config.recommend.mask_actions)
    listable = [
        lake.read_partition(ITEM_FACTORS, model.model_id),
        share_of_strength(lake.read(ITEM_POPULARITY)),
    ]
    if config.recommend.only_available:
        listable = [available_items(items, lake.read(ITEMS), index) for items in listable]
    catalogue = Catalogue(collect_items(listable[0], index), popularity_items(listable[1], index))
    return rank_everybody(factors, lake.read(USER_INDEX), masked, catalogue, config.recommend.top_n)


if __name__ == "__main__":
    run(main)
