"""model.* -> diagnostics.rankings, ranking_metrics, comparisons, probabilities, ...: judge the newest model.

Also diagnostics.coefficients and diagnostics.thresholds. The lists of the model and of its baselines are held against
what customers did after the cut.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config
from lakerec.contract import Table
from lakerec.diagnostics.calibrated import Calibrated, calibrate
from lakerec.diagnostics.calibration_metrics import CALIBRATION_METRICS
from lakerec.diagnostics.coefficients import (
    COEFFICIENTS,
    Coefficient,
    attribute_coefficients,
    chosen_coefficients,
    fitted_coefficients,
    learned_coefficients,
)
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.gathering import EvaluationSettings, Evidence, Log, gather_evidence, with_rungs
from lakerec.diagnostics.probabilities import PROBABILITIES, require_equal_windows
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS, comparisons_of, measure_rankings, metrics_of
from lakerec.diagnostics.rankings import RANKINGS, judged_lists, label_lists
from lakerec.diagnostics.rivals import Audience, is_rival, list_in_place
from lakerec.diagnostics.summaries import Measured
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.evaluated import read_model
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.increment import Increment
from lakerec.kept import kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.mapped_rows import MappedRows
from lakerec.model.action_weights import fit_action_weights
from lakerec.model.described_items import collect_known, fit_sides
from lakerec.model.fold_in import Weights
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_first, newest_run
from lakerec.model.split import SplitSettings
from lakerec.releasing import find_champion
from lakerec.runner import run
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.sessions import SESSIONS

GROUP = "data scientists"

READ = (DAILY_INTERACTIONS, USER_INDEX, ITEM_INDEX, ITEMS, SESSIONS, EVENTS)
SHAPING = ("ranking", "calibration", "threshold", "attributes", "baselines", "action_weights")


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Judge the newest evaluation model by what came after it; does nothing where these settings have judged it."""
    lake = Lakehouse(spark, config.lake)
    mask_actions = {"mask_actions": list(config.recommend.mask_actions)}
    increment = lake.increment(RUNS, COEFFICIENTS, config.sections(*SHAPING) | mask_actions)
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "metrics", "calibrated"), 0)
    with lake.writing(COEFFICIENTS.layer):
        return _diagnose(lake, config, newest_run(lake.rows(RUNS), EVALUATION), increment)


def _diagnose(lake: Lakehouse, config: Config, trained: Run, increment: Increment) -> dict[str, int]:
    """Write the tables one by one; the last one's commit says that all are there."""
    require_equal_windows(SplitSettings(**trained.settings["split"]))
    log, model = Log(*map(lake.read, READ)), read_model(lake, trained)
    sides, mapped = fit_sides(collect_known(log.items, log.item_index, model.item_factors), config.attributes)
    settings = EvaluationSettings(config.ranking, config.baselines, config.recommend.mask_actions)
    champion = find_champion(lake)
    others = _others(lake, trained, champion, config.ranking.compared_models)
    with kept_frames(lake.root) as keep:
        evidence = gather_evidence(log, model, settings, others, keep)
        evidence = with_rungs(evidence, log, model, sides, Weights.of(trained.settings["als"]), settings, keep)
        anew = {}
        if champion and is_rival(champion, trained):
            anew[champion.model_id] = _list_anew(lake, champion, trained.as_of, log, evidence, config.ranking.top_n)
        counts = _judge_lists(lake, trained.model_id, evidence, anew)
        found, histories = evidence.fit_candidates(), evidence.fit_histories()
    learned = fit_action_weights(log.daily_interactions, trained.as_of.date(), config.action_weights)
    weighed = learned_coefficients(learned, config.action_weights.unit)
    chosen = [*chosen_coefficients(trained.settings), *attribute_coefficients(mapped), *weighed]
    calibrated = calibrate(found, histories, config.calibration, config.threshold)
    counts["calibrated"] = sum(calibration.is_fitted for calibration in calibrated.calibrations.values())
    counts["rows_in"] = sum(len(candidates.score) for candidates in found.values())
    _write_calibrated(lake, trained.model_id, calibrated, chosen, increment)
    return counts


def _others(lake: Lakehouse, trained: Run, champion: Run | None, most: int) -> list[str]:
    """Models to compare with: what is live, then those of the same cut and windows that were judged, newest first."""
    others = (run for run in newest_first(lake.rows(RUNS)) if run["model_id"] != trained.model_id)
    of_cut = [run for run in others if run["purpose"] == EVALUATION and run["as_of"] == trained.as_of]
    same = [run["model_id"] for run in of_cut if json.loads(run["settings"])["split"] == trained.settings["split"]]
    live = [champion.model_id] if champion and (is_rival(champion, trained) or champion.model_id in same) else []
    judged = [model_id for model_id in same if lake.has_partition(RANKINGS, model_id)][:most]
    return list(dict.fromkeys([*live, *judged]))


def _list_anew(lake: Lakehouse, rival: Run, cut: datetime, log: Log, evidence: Evidence, n: int) -> DataFrame:
    """Rows as of diagnostics.rankings that what is live would make now."""
    audience = Audience(evidence.drawn.users, evidence.happened.masked, cut)
    item_factors = lake.read_partition(ITEM_FACTORS, rival.model_id)
    listed = list_in_place(rival, item_factors, log.item_index, log.daily_interactions, audience, n)
    labelled = label_lists(listed, evidence.happened.relevant)
    return judged_lists(labelled, evidence.drawn).select(F.lit(rival.model_id).alias("model_id"), "*")


def _judge_lists(lake: Lakehouse, model_id: str, evidence: Evidence, anew: Mapping[str, DataFrame]) -> dict[str, int]:
    """Store the lists of those who can be judged, and measure them beside those of other models.

    Args:
        anew: lists by the model_id of those that are not compared by stored ones.
    """
    listed = lake.replace_partition(RANKINGS, model_id, MappedRows(evidence.rankings, iter, RANKINGS, model_id))
    others = {maker.made_by for maker in evidence.plan.makers} - {"", *anew}
    stored = lake.read(RANKINGS).where(F.col("model_id").isin(model_id, *others))
    lists = reduce(DataFrame.unionByName, anew.values(), stored)
    made_by = F.when(F.col("model_id") == model_id, F.lit("")).otherwise(F.col("model_id"))
    found = measure_rankings(lists.withColumn("made_by", made_by), evidence.populations, evidence.plan).collect()
    measured = [Measured(*row) for row in found]
    metrics = lake.replace_partition(RANKING_METRICS, model_id, metrics_of(measured, model_id))
    lake.replace_partition(COMPARISONS, model_id, comparisons_of(measured, model_id))
    return {"rows_out": listed, "metrics": metrics}


def _write_calibrated(
    lake: Lakehouse, model_id: str, calibrated: Calibrated, chosen: list[Coefficient], increment: Increment
) -> None:
    _write(lake, PROBABILITIES, model_id, calibrated.probabilities)
    _write(lake, CALIBRATION_METRICS, model_id, calibrated.metrics)
    _write(lake, THRESHOLDS, model_id, calibrated.thresholds)
    _write(lake, COEFFICIENTS, model_id, [*chosen, *fitted_coefficients(calibrated.calibrations)], increment)


def _write(lake: Lakehouse, table: Table, model_id: str, rows: Iterable[tuple[Any, ...]], *followed: Increment) -> int:
    return lake.replace_partition(table, model_id, [(model_id, *row) for row in rows], *followed)


if __name__ == "__main__":
    run(main)
