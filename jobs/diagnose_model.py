"""model.* -> diagnostics.rankings, ranking_metrics, comparisons, probabilities, ...: judge the newest model.

Also diagnostics.coefficients and diagnostics.thresholds. The lists of the model and of its baselines are held against
what customers did after the cut.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
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
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.evidence import (
    EvaluatedModel,
    Happened,
    fit_baselines,
    fit_candidates,
    fit_catalogue,
    fit_item_facts,
    plan_measurement,
    project_training,
    see_what_happened,
    served_candidates,
)
from lakerec.diagnostics.leaks import Knowledge, require_no_leaks, spanning_pairs
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.lists import Baselines, RankedUsers, make_lists
from lakerec.diagnostics.newcomers import (
    find_newcomers,
    fit_newcomer_candidates,
    judge_newcomers,
    label,
    list_for_newcomers,
    list_new_items,
)
from lakerec.diagnostics.probabilities import PROBABILITIES, reliability, require_equal_windows
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS, comparisons_of, measure_rankings, metrics_of
from lakerec.diagnostics.rankings import (
    ALS,
    POPULARITY,
    RANKINGS,
    TEST,
    VALIDATION,
    Population,
    draw_users,
    history_bands,
    judged_lists,
    judged_rankings,
    label_lists,
    with_history,
)
from lakerec.diagnostics.rivals import Audience, is_rival, list_in_place
from lakerec.diagnostics.rungs import FOLD_IN, ITEM_ATTRIBUTES
from lakerec.diagnostics.thresholds import THRESHOLDS, Outcomes, fit_thresholds
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.increment import Increment
from lakerec.lakehouse import Lakehouse
from lakerec.model.described_items import Sides, collect_known, fit_sides
from lakerec.model.fold_in import Space, Weights
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.item_knn import liked_items
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_run
from lakerec.model.scorer import with_masked
from lakerec.model.split import SplitSettings
from lakerec.model.user_factors import USER_FACTORS
from lakerec.releasing import find_champion
from lakerec.runner import run
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.sessions import SESSIONS

GROUP = "data scientists"

CALIBRATED = (ALS, FOLD_IN, POPULARITY)
SERVING = (ALS, POPULARITY)
Found = dict[tuple[str, str], Candidates]


class Evidence(NamedTuple):
    """Lists and what came of them.

    Attributes:
        labelled: see `rankings.label_lists`.
        rungs: lists of fold_in and item_attributes, in the same form.
        populations: who is judged: those drawn, then those of each rung.
        happened: see `evidence.Happened`.
        plan: how the lists are measured.
    """

    labelled: DataFrame
    rungs: DataFrame
    populations: tuple[Population, ...]
    happened: Happened
    plan: Plan


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Judge the newest evaluation model by what came after it; does nothing where these settings have judged it."""
    lake = Lakehouse(spark, config.lake)
    increment = lake.increment(RUNS, COEFFICIENTS, _shape(config))
    if not increment.is_needed:
        return dict.fromkeys(("rows_in", "rows_out", "metrics", "calibrated"), 0)
    with lake.writing(COEFFICIENTS.layer):
        return _diagnose(lake, config, newest_run(lake.read(RUNS), EVALUATION), increment)


def _shape(config: Config) -> dict[str, Any]:
    sections = ("ranking", "calibration", "threshold", "attributes", "baselines")
    shape = {section: getattr(config, section).model_dump(mode="json") for section in sections}
    return {**shape, "mask_actions": list(config.recommend.mask_actions)}


def _diagnose(lake: Lakehouse, config: Config, trained: Run, increment: Increment) -> dict[str, int]:
    """Write the tables one by one; the last one's commit says that all are there."""
    require_equal_windows(SplitSettings(**trained.settings["split"]))
    with ExitStack() as kept:
        model = _model(lake, trained)
        known = collect_known(lake.read(ITEMS), lake.read(ITEM_INDEX), model.item_factors)
        sides, mapped = fit_sides(known, config.attributes)
        evidence = _with_rungs(_gather(lake, config, trained, kept), lake, config, trained, sides)
        counts = _judge_lists(lake, trained.model_id, evidence, _rival_lists(lake, config, trained, evidence))
        found = fit_candidates(served_candidates(evidence.labelled, evidence.happened.active))
        found |= fit_newcomer_candidates(evidence.rungs.where(F.col("recommender") == FOLD_IN))
    chosen = [*chosen_coefficients(trained.settings), *attribute_coefficients(mapped)]
    return {**counts, **_calibrate(lake, config, trained, found, increment, chosen)}


def _gather(lake: Lakehouse, config: Config, trained: Run, kept: ExitStack) -> Evidence:
    """Rank for the drawn users and hold the lists against what happened; what is read more than once is kept."""

    def keep(frame: DataFrame) -> DataFrame:
        kept.callback(frame.unpersist)
        return frame.persist()

    model, ranking = _model(lake, trained), config.ranking
    daily, index = lake.read(DAILY_INTERACTIONS), lake.read(ITEM_INDEX)
    indexes = (lake.read(USER_INDEX), index)
    spanning = spanning_pairs(lake.read(SESSIONS), lake.read(EVENTS), indexes, model.as_of, model.split)
    happened = see_what_happened(daily, keep(spanning), model, config.recommend.mask_actions)
    happened = Happened(*map(keep, happened))
    interactions = keep(project_training(daily, model))
    drawn = draw_users(model.user_factors, happened.active, happened.relevant, ranking)
    users = keep(with_history(with_masked(drawn, happened.masked), history_bands(interactions, ranking)))
    liked = keep(liked_items(interactions, config.baselines.max_profile))
    catalogue, baselines = fit_catalogue(model, interactions, index), _baselines(config, daily, liked, index, model)
    lists = make_lists(RankedUsers(users, model.user_factors, liked), catalogue, baselines, ranking)
    labelled = keep(label_lists(lists, happened.relevant))
    require_no_leaks(
        Knowledge(
            as_of=model.as_of,
            split=model.split,
            learned=interactions,
            user_factors=model.user_factors.select("user_ix"),
            item_factors=model.item_factors.select("item_ix"),
            masked=happened.masked,
            relevant=happened.relevant,
            lists=labelled.where(F.col("split") == TEST).select("recommender", "user_ix", "item_ix", "score"),
            daily=daily,
            item_index=index,
            spanning=spanning,
        )
    )
    facts = fit_item_facts(model, interactions, index, lake.read(ITEMS), catalogue, ranking)
    return Evidence(
        labelled=labelled,
        rungs=labelled.limit(0),
        populations=(Population(users.select("user_ix", "is_known", "history"), happened.relevant),),
        happened=happened,
        plan=plan_measurement(facts, baselines, _others(lake, trained, ranking.compared_models), ranking),
    )


def _baselines(
    config: Config, daily: DataFrame, liked: DataFrame, index: DataFrame, model: EvaluatedModel
) -> Baselines:
    fitted = fit_baselines(daily, liked, index, model, config.baselines)
    liked_by = {action for action, weight in model.feedback.weights.items() if weight > 0}
    return fitted._replace(is_repeat_listed=not liked_by <= set(config.recommend.mask_actions))


def _others(lake: Lakehouse, trained: Run, most: int) -> list[str]:
    """Models to compare with: what is live, then those of the same cut and windows that were judged, newest first."""
    is_other = (F.col("purpose") == EVALUATION) & (F.col("model_id") != trained.model_id)
    is_same_cut = F.unix_micros("as_of") == F.unix_micros(F.lit(trained.as_of))
    runs = lake.read(RUNS).where(is_other & is_same_cut).orderBy(F.desc("trained_at"), "model_id")
    same = [row.model_id for row in runs.collect() if json.loads(row.settings)["split"] == trained.settings["split"]]
    champion = find_champion(lake)
    live = [champion.model_id] if champion and (is_rival(champion, trained) or champion.model_id in same) else []
    if not same or not most:
        return live
    judged = lake.read(RANKINGS).where(F.col("model_id").isin(*same)).select("model_id").distinct().collect()
    others = [model_id for model_id in same if model_id in {row.model_id for row in judged}][:most]
    return list(dict.fromkeys([*live, *others]))


def _rival_lists(lake: Lakehouse, config: Config, trained: Run, evidence: Evidence) -> DataFrame | None:
    """Rows as of diagnostics.rankings that what is live would make now; null where it is compared by stored ones."""
    champion = find_champion(lake)
    if champion is None or not is_rival(champion, trained):
        return None
    audience = Audience(evidence.populations[0].users, evidence.happened.masked, trained.as_of)
    stored = lake.read_partition(ITEM_FACTORS, champion.model_id), lake.read(ITEM_INDEX), lake.read(DAILY_INTERACTIONS)
    lists = label_lists(list_in_place(champion, *stored, audience, config.ranking.top_n), evidence.happened.relevant)
    return judged_lists(lists, evidence.populations[0]).select(F.lit(champion.model_id).alias("model_id"), "*")


def _with_rungs(evidence: Evidence, lake: Lakehouse, config: Config, trained: Run, sides: Sides) -> Evidence:
    """The rungs fold_in and item_attributes beside the others, each judged on users of its own."""
    model, daily, mask_actions = _model(lake, trained), lake.read(DAILY_INTERACTIONS), config.recommend.mask_actions
    space = Space(sides.model, Weights.of(trained.settings["als"]))
    newcomers, relevant = find_newcomers(daily, model), evidence.happened.relevant
    folded = label(list_for_newcomers(newcomers, model, space, mask_actions, config.ranking.top_n), relevant)
    rungs, populations, makers = [folded], [judge_newcomers(newcomers, relevant)], [Maker(FOLD_IN, population=1)]
    if len(sides.new.item_ix):
        users = evidence.populations[0].users
        lists, buyers = list_new_items(users, model, sides.new, relevant, config.ranking.top_n)
        rungs, populations = [*rungs, label_lists(lists, relevant)], [*populations, buyers]
        makers.append(Maker(ITEM_ATTRIBUTES, population=2))
    return evidence._replace(
        rungs=reduce(DataFrame.unionByName, rungs),
        populations=(*evidence.populations, *populations),
        plan=replace(evidence.plan, makers=(*evidence.plan.makers, *makers)),
    )


def _model(lake: Lakehouse, trained: Run) -> EvaluatedModel:
    return EvaluatedModel(
        as_of=trained.as_of,
        split=SplitSettings(**trained.settings["split"]),
        feedback=FeedbackSettings(**trained.settings["feedback"]),
        user_factors=lake.read_partition(USER_FACTORS, trained.model_id),
        item_factors=lake.read_partition(ITEM_FACTORS, trained.model_id),
    )


def _judge_lists(lake: Lakehouse, model_id: str, evidence: Evidence, rival: DataFrame | None) -> dict[str, int]:
    """Store the lists of those who can be judged, and measure them beside those of other models."""
    main, *others_judged = evidence.populations
    rankings = reduce(
        DataFrame.unionByName,
        [judged_rankings(evidence.labelled, main)]
        + [
            judged_lists(evidence.rungs.where(F.col("recommender") == name), of_rung)
            for name, of_rung in zip((FOLD_IN, ITEM_ATTRIBUTES), others_judged, strict=False)
        ],
    )
    listed = lake.replace_partition(RANKINGS, model_id, rankings.select(F.lit(model_id).alias("model_id"), "*"))
    others = {maker.made_by for maker in evidence.plan.makers} - {""}
    stored = lake.read(RANKINGS).where(F.col("model_id").isin(model_id, *others))
    if rival is not None:
        stored = stored.join(rival.select("model_id").distinct(), on="model_id", how="left_anti").unionByName(rival)
    made_by = F.when(F.col("model_id") == model_id, F.lit("")).otherwise(F.col("model_id"))
    measured = measure_rankings(stored.withColumn("made_by", made_by), evidence.populations, evidence.plan).persist()
    try:
        metrics = lake.replace_partition(RANKING_METRICS, model_id, metrics_of(measured, model_id))
        lake.replace_partition(COMPARISONS, model_id, comparisons_of(measured, model_id))
    finally:
        measured.unpersist()
    return {"rows_out": listed, "metrics": metrics}


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
