"""model.* -> diagnostics.rankings, ranking_metrics, coefficients, probabilities, thresholds: judge the newest model."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config
from lakerec.contract import Table
from lakerec.diagnostics.coefficients import COEFFICIENTS, chosen_coefficients, fitted_coefficients
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
from lakerec.diagnostics.probabilities import (
    PROBABILITIES,
    Calibration,
    Candidates,
    fit_platt,
    reliability,
    require_equal_windows,
)
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
from lakerec.diagnostics.thresholds import THRESHOLDS, Outcomes, fit_thresholds
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.increment import Increment
from lakerec.lakehouse import Lakehouse
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_run
from lakerec.model.scorer import with_masked
from lakerec.model.split import SplitSettings
from lakerec.model.user_factors import USER_FACTORS
from lakerec.runner import run

GROUP = "data scientists"

CALIBRATED = (ALS, POPULARITY)
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
    sections = ("ranking", "calibration", "threshold")
    shape = {section: getattr(config, section).model_dump(mode="json") for section in sections}
    return {**shape, "mask_actions": list(config.recommend.mask_actions)}


def _diagnose(lake: Lakehouse, config: Config, trained: Run, increment: Increment) -> dict[str, int]:
    """Write the tables one by one; the last one's commit says that all are there."""
    model = _model(lake, trained)
    require_equal_windows(model.split)
    with ExitStack() as kept:
        evidence = _gather(lake, config, model, kept)
        counts = _judge_lists(lake, config, trained.model_id, evidence)
        found = fit_candidates(served_candidates(evidence.labelled, evidence.active))
    return {**counts, **_calibrate(lake, config, trained, found, increment)}


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


def _calibrate(lake: Lakehouse, config: Config, trained: Run, found: Found, increment: Increment) -> dict[str, int]:
    fitted = {name: fit_platt(found[name, VALIDATION], config.calibration) for name in CALIBRATED}
    bins = [
        (name, "all", nth, *each)
        for name in CALIBRATED
        for nth, each in enumerate(reliability(fitted[name], found[name, TEST], config.calibration.bin_count), start=1)
    ]
    thresholds = fit_thresholds(_outcomes(fitted, found, VALIDATION), _outcomes(fitted, found, TEST), config.threshold)
    coefficients = [*chosen_coefficients(trained.settings), *fitted_coefficients(fitted)]
    _write(lake, PROBABILITIES, trained.model_id, bins)
    _write(lake, THRESHOLDS, trained.model_id, thresholds)
    _write(lake, COEFFICIENTS, trained.model_id, coefficients, increment)
    return {
        "rows_in": sum(len(candidates.score) for candidates in found.values()),
        "calibrated": sum(calibration.slope is not None for calibration in fitted.values()),
    }


def _outcomes(fitted: Mapping[str, Calibration], found: Found, split: str) -> Outcomes:
    """Candidates of all recommenders that have a calibration, as the ladder serves them."""
    served = [name for name in CALIBRATED if fitted[name].slope is not None]
    probability = [fitted[name].of(found[name, split].score) for name in served]
    is_bought = [found[name, split].is_bought for name in served]
    return Outcomes(np.concatenate([np.empty(0), *probability]), np.concatenate([np.empty(0), *is_bought]))


def _write(lake: Lakehouse, table: Table, model_id: str, rows: Iterable[tuple[Any, ...]], *followed: Increment) -> int:
    frame = lake.spark.createDataFrame([(model_id, *row) for row in rows], table.schema)
    return lake.replace_partition(table, model_id, frame, *followed)


if __name__ == "__main__":
    run(main)
