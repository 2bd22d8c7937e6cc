"""model.* -> diagnostics.rankings, ranking_metrics, coefficients, probabilities, thresholds: judge the newest model."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config
from lakerec.contract import Table
from lakerec.diagnostics.calibration_metrics import CALIBRATION_METRICS, judge_probabilities
from lakerec.diagnostics.calibrations import Calibration, Candidates, fit_calibration, share_bought
from lakerec.diagnostics.coefficients import (
    COEFFICIENTS,
    Coefficient,
    attribute_coefficients,
    chosen_coefficients,
    fitted_coefficients,
)
from lakerec.diagnostics.evidence import (
    EvaluatedModel,
    Happened,
    fit_candidates,
    fit_catalogue,
    project_training,
    see_what_happened,
    served_candidates,
)
from lakerec.diagnostics.lists import make_lists
from lakerec.diagnostics.newcomers import (
    find_newcomers,
    fit_newcomer_candidates,
    judge_newcomers,
    label,
    list_for_newcomers,
    list_new_items,
)
from lakerec.diagnostics.probabilities import PROBABILITIES, reliability, require_equal_windows
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS, measure_rankings
from lakerec.diagnostics.rankings import (
    ALS,
    POPULARITY,
    RANKINGS,
    TEST,
    VALIDATION,
    draw_users,
    history_bands,
    judge_users,
    judged_rankings,
    label_lists,
    share_of_users,
)
from lakerec.diagnostics.rungs import FOLD_IN
from lakerec.diagnostics.thresholds import THRESHOLDS, Outcomes, fit_thresholds
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.increment import Increment
from lakerec.lakehouse import Lakehouse
from lakerec.model.described_items import Sides, collect_known, fit_sides
from lakerec.model.fold_in import Space, Weights
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_run
from lakerec.model.scorer import with_masked
from lakerec.model.split import SplitSettings
from lakerec.model.user_factors import USER_FACTORS
from lakerec.runner import run
from lakerec.silver.items import ITEMS

GROUP = "data scientists"

CALIBRATED = (ALS, FOLD_IN, POPULARITY)
SERVING = (ALS, POPULARITY)
Found = dict[tuple[str, str], Candidates]


class Evidence(NamedTuple):
    """Lists and what came of them.

    Attributes:
        labelled: see `rankings.label_lists`.
        judged: see `rankings.judge_users`.
        items: see `rankings.share_of_users`.
        active: see `evidence.Happened`.
    """

    labelled: DataFrame
    judged: DataFrame
    items: DataFrame
    active: DataFrame


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Judge the newest evaluation model by what came after it; does nothing where these settings have judged it."""
    lake = Lakehouse(spark, config.lake)
    increment = lake.increment(RUNS, COEFFICIENTS, _shape(config))
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "metrics", "calibrated"), 0)
    with lake.writing(COEFFICIENTS.layer):
        return _diagnose(lake, config, newest_run(lake.read(RUNS), EVALUATION), increment)


def _shape(config: Config) -> dict[str, Any]:
    sections = ("ranking", "calibration", "threshold", "attributes")
    shape = {section: getattr(config, section).model_dump(mode="json") for section in sections}
    return {**shape, "mask_actions": list(config.recommend.mask_actions)}


def _diagnose(lake: Lakehouse, config: Config, trained: Run, increment: Increment) -> dict[str, int]:
    """Write the tables one by one; the last one's commit says that all are there."""
    model = _model(lake, trained)
    require_equal_windows(model.split)
    with ExitStack() as kept:
        known = collect_known(lake.read(ITEMS), lake.read(ITEM_INDEX), model.item_factors)
        sides, mapped = fit_sides(known, config.attributes)
        evidence = _with_rungs(_gather(lake, config, model, kept), lake, config, trained, sides)
        counts = _judge_lists(lake, config, trained.model_id, evidence)
        found = fit_candidates(served_candidates(evidence.labelled, evidence.active))
        found |= fit_newcomer_candidates(evidence.labelled.where(F.col("recommender") == FOLD_IN))
    chosen = [*chosen_coefficients(trained.settings), *attribute_coefficients(mapped)]
    return {**counts, **_calibrate(lake, config, trained, found, increment, chosen)}


def _gather(lake: Lakehouse, config: Config, model: EvaluatedModel, kept: ExitStack) -> Evidence:
    """Rank for the drawn users and hold the lists against what happened; what is read more than once is kept."""

    def keep(frame: DataFrame) -> DataFrame:
        kept.callback(frame.unpersist)
        return frame.persist()

    daily, index = lake.read(DAILY_INTERACTIONS), lake.read(ITEM_INDEX)
    happened = Happened(*map(keep, see_what_happened(daily, model, config.recommend.mask_actions)))
    interactions = keep(project_training(daily, model))
    drawn = draw_users(model.user_factors, happened.active, happened.relevant, config.ranking)
    users = keep(with_masked(drawn, happened.masked))
    catalogue = fit_catalogue(model, interactions, index)
    lists = make_lists(users, model.user_factors, catalogue, config.ranking)
    history = history_bands(interactions, config.ranking)
    return Evidence(
        labelled=keep(label_lists(lists, happened.relevant)),
        judged=keep(judge_users(users, happened.relevant, history)),
        items=keep(share_of_users(interactions, model.item_factors)),
        active=happened.active,
    )


def _with_rungs(evidence: Evidence, lake: Lakehouse, config: Config, trained: Run, sides: Sides) -> Evidence:
    """The rungs fold_in and item_attributes beside the others."""
    model, daily, mask_actions = _model(lake, trained), lake.read(DAILY_INTERACTIONS), config.recommend.mask_actions
    space = Space(sides.model, Weights.of(trained.settings["als"]))
    newcomers, relevant = find_newcomers(daily, model), see_what_happened(daily, model, mask_actions).relevant
    folded = label(list_for_newcomers(newcomers, model, space, mask_actions, config.ranking.top_n), relevant)
    labelled, judged = [evidence.labelled, folded], [evidence.judged, judge_newcomers(newcomers, relevant)]
    if len(sides.new.item_ix):
        lists, new_judged = list_new_items(evidence.judged, model, sides.new, relevant, config.ranking.top_n)
        labelled, judged = [*labelled, label_lists(lists, relevant)], [*judged, new_judged]
    return evidence._replace(
        labelled=reduce(DataFrame.unionByName, labelled), judged=reduce(DataFrame.unionByName, judged)
    )


def _model(lake: Lakehouse, trained: Run) -> EvaluatedModel:
    return EvaluatedModel(
        as_of=trained.as_of,
        split=SplitSettings(**trained.settings["split"]),
        feedback=FeedbackSettings(**trained.settings["feedback"]),
        user_factors=lake.read_partition(USER_FACTORS, trained.model_id),
        item_factors=lake.read_partition(ITEM_FACTORS, trained.model_id),
    )


def _judge_lists(lake: Lakehouse, config: Config, model_id: str, evidence: Evidence) -> dict[str, int]:
    named = F.lit(model_id).alias("model_id")
    rankings = judged_rankings(evidence.labelled, evidence.judged).select(named, "*")
    listed = lake.replace_partition(RANKINGS, model_id, rankings)
    stored = lake.read_partition(RANKINGS, model_id)
    metrics = measure_rankings(stored, evidence.judged, evidence.items, config.ranking.ks).select(named, "*")
    return {"rows_out": listed, "metrics": lake.replace_partition(RANKING_METRICS, model_id, metrics)}


def _calibrate(
    lake: Lakehouse, config: Config, trained: Run, found: Found, increment: Increment, chosen: list[Coefficient]
) -> dict[str, int]:
    fitted = {name: fit_calibration(found[name, VALIDATION], config.calibration) for name in CALIBRATED}
    bins = {name: reliability(fitted[name], found[name, TEST], config.calibration.bin_count) for name in CALIBRATED}
    base_rate = {name: share_bought(found[name, VALIDATION]) for name in CALIBRATED}
    judged = [
        (name, "all", *metric)
        for name in CALIBRATED
        for metric in judge_probabilities(fitted[name], base_rate[name], found[name, TEST], bins[name])
    ]
    thresholds = fit_thresholds(_outcomes(fitted, found, VALIDATION), _outcomes(fitted, found, TEST), config.threshold)
    coefficients = [*chosen, *fitted_coefficients(fitted)]
    numbered = [(name, "all", nth, *each) for name in CALIBRATED for nth, each in enumerate(bins[name], start=1)]
    _write(lake, PROBABILITIES, trained.model_id, numbered)
    _write(lake, CALIBRATION_METRICS, trained.model_id, judged)
    _write(lake, THRESHOLDS, trained.model_id, thresholds)
    _write(lake, COEFFICIENTS, trained.model_id, coefficients, increment)
    return {
        "rows_in": sum(len(candidates.score) for candidates in found.values()),
        "calibrated": sum(calibration.is_fitted for calibration in fitted.values()),
    }


def _outcomes(fitted: Mapping[str, Calibration], found: Found, split: str) -> Outcomes:
    """Candidates of all recommenders that have a calibration, as the evaluation's ladder serves them."""
    served = [name for name in SERVING if fitted[name].is_fitted]
    probability = [fitted[name].of(found[name, split].score) for name in served]
    is_bought = [found[name, split].is_bought for name in served]
    return Outcomes(np.concatenate([np.empty(0), *probability]), np.concatenate([np.empty(0), *is_bought]))


def _write(lake: Lakehouse, table: Table, model_id: str, rows: Iterable[tuple[Any, ...]], *followed: Increment) -> int:
    frame = lake.spark.createDataFrame([(model_id, *row) for row in rows], table.schema)
    return lake.replace_partition(table, model_id, frame, *followed)


if __name__ == "__main__":
    run(main)
