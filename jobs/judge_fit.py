"""model.runs, gold.daily_interactions -> diagnostics.fit_curves: does the model learn too little, or by heart?

A fit with the settings of the newest evaluation model is looked at on its way, on a sample of users where there are
many (fitting.max_users); the test window is not looked at. With mllib each point is a fit of its own, so the pipeline
leaves it out.
"""

import time
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from lakerec.config import Config
from lakerec.diagnostics.evidence import EvaluatedModel, Happened, project_training
from lakerec.diagnostics.fit_curves import FIT_CURVES, Stages, judge_fit
from lakerec.diagnostics.list_metrics import Floats, Ints
from lakerec.diagnostics.losses import Pairs, held_out_error, objective
from lakerec.diagnostics.user_metrics import UserMetric, aligned, draw_judged, fit_user_ndcg, mean_over_users
from lakerec.draws import draw_users
from lakerec.evaluated import read_als, read_happened, read_model
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import project_interactions
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.kept import kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.model.als import FittedAls, fit_als_at
from lakerec.model.als_settings import AlsSettings
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from lakerec.model.split import in_window, last_moment, windows_after
from lakerec.runner import run, say

GROUP = "data scientists"


class Stage(NamedTuple):
    """A fit after some iterations, judged.

    Attributes:
        train_loss: divided by users.
        errors: on held-out cells; (users,).
        ndcg: of users with something relevant.
    """

    iteration: int
    train_loss: float
    errors: Floats
    ndcg: UserMetric
    seconds: float


class Evidence(NamedTuple):
    """What each stage is held against; pairs are (user_ix, item_ix, strength), (rows, 3).

    Attributes:
        learned: what the fit learns from.
        later: strengths of the calibrate window alone, without pairs that were learned from.
    """

    learned: Floats
    later: Floats
    happened: Happened
    item_index: DataFrame


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Judge the newest evaluation model's fit; does nothing where these settings have judged it."""
    lake = Lakehouse(spark, config.lake)
    increment = lake.increment(RUNS, FIT_CURVES, _shape(config))
    if not increment.is_needed:
        return {"rows_in": 0, "rows_out": 0}
    trained = newest_run(lake.rows(RUNS), EVALUATION)
    model, als = read_model(lake, trained), read_als(lake, trained, config.als)
    daily = lake.read(DAILY_INTERACTIONS)
    with kept_frames(lake.root) as keep:
        happened = read_happened(lake, model, daily, config.recommend.mask_actions, keep)
        interactions = keep(_drawn(project_training(daily, model), config))
        later = _later(daily, interactions, model)
        evidence = Evidence(_collect(interactions), _collect(later), happened, lake.read(ITEM_INDEX))
        stages = _stages(interactions, als, evidence, config)
    rows = [(trained.model_id, *row) for row in _rows(stages, config)]
    written = lake.replace_partition(FIT_CURVES, trained.model_id, rows, increment)
    return {"rows_in": len(evidence.learned), "rows_out": written}


def _shape(config: Config) -> dict[str, Any]:
    ranking = config.ranking.model_dump(mode="json", include={"replicates", "seed"})
    others = {"ranking": ranking, "mask_actions": list(config.recommend.mask_actions)}
    return config.sections("fitting", "judging") | others


def _drawn(interactions: DataFrame, config: Config) -> DataFrame:
    """Interactions of at most `fitting.max_users` users, drawn by a hash."""
    users = draw_users(interactions.select("user_ix").distinct(), config.fitting.max_users, config.ranking.seed)
    return interactions.join(users, on="user_ix", how="left_semi")


def _later(daily: DataFrame, interactions: DataFrame, model: EvaluatedModel) -> DataFrame:
    window = windows_after(model.as_of.date(), model.split).calibrate
    later = project_interactions(in_window(daily, window), last_moment(window.last), model.feedback)
    return later.join(interactions, on=["user_ix", "item_ix"], how="left_anti")


def _collect(interactions: DataFrame) -> Floats:
    """At most some hundred pairs for each drawn user, 24 bytes each."""
    table = interactions.select("user_ix", "item_ix", "strength").toArrow()
    return np.column_stack([column.to_numpy().astype(np.float64) for column in table.columns])


def _stages(interactions: DataFrame, als: AlsSettings, evidence: Evidence, config: Config) -> list[Stage]:
    iterations, stages = config.fitting.until(als.max_iter), []
    began = time.perf_counter()
    for iteration, fitted in zip(iterations, fit_als_at(interactions, als, iterations), strict=True):
        seconds = time.perf_counter() - began
        stages.append(_judge(iteration, fitted, als, evidence, config)._replace(seconds=seconds))
        say(f"  {als.solver}, {iteration} iterations: {seconds:.1f} s, training loss {stages[-1].train_loss:.4g}")
        began = time.perf_counter()
    return stages


def _judge(iteration: int, fitted: FittedAls, als: AlsSettings, evidence: Evidence, config: Config) -> Stage:
    user_ix, users = _factors(fitted.user_factors, "user_ix")
    item_ix, items = _factors(fitted.item_factors, "item_ix")
    learned, later = (_known(pairs, user_ix, item_ix) for pairs in (evidence.learned, evidence.later))
    judged = draw_judged(fitted.user_factors, evidence.happened, config.judging.max_users, config.ranking.seed)
    return Stage(
        iteration,
        objective(users, items, learned, als.reg_param, als.alpha) / len(user_ix),
        held_out_error(users, items, learned, later, als.alpha),
        fit_user_ndcg(judged, fitted.item_factors, evidence.item_index, evidence.happened, config.judging.k),
        0.0,
    )


def _factors(factors: DataFrame, name: str) -> tuple[Ints, Floats]:
    """Ids, ascending, and their factors in float64."""
    table = factors.select(name, "factors").toArrow()
    ids = table[name].to_numpy().astype(np.int64)
    flat = table["factors"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    order = np.argsort(ids)
    return ids[order], flat.reshape(len(ids), -1)[order].astype(np.float64)


def _known(pairs: Floats, user_ix: Ints, item_ix: Ints) -> Pairs:
    """Those of users and items with factors, as rows of these."""
    both = np.isin(pairs[:, 0], user_ix) & np.isin(pairs[:, 1], item_ix)
    users, items, strengths = pairs[both].T
    return Pairs(np.searchsorted(user_ix, users), np.searchsorted(item_ix, items), strengths)


def _rows(stages: list[Stage], config: Config) -> list[tuple[Any, ...]]:
    """Rows without the model."""
    errors = np.column_stack([each.errors for each in stages])
    validation = mean_over_users(np.arange(len(errors)), errors, config.ranking)
    ndcg = mean_over_users(*aligned([each.ndcg for each in stages]), config.ranking)
    losses = np.array([each.train_loss for each in stages])
    told = judge_fit(Stages([each.iteration for each in stages], losses, validation, ndcg), config.fitting.tolerance)
    say(f"  {told[0]}: {told[1]}")
    return [
        (
            each.iteration,
            each.train_loss,
            float(validation.value[nth]),
            *validation.interval(validation.replicates[:, nth]),
            float(ndcg.value[nth]),
            *ndcg.interval(ndcg.replicates[:, nth]),
            config.judging.k,
            len(errors),
            ndcg.user_count,
            each.seconds,
            *(told if nth == len(stages) - 1 else (None, None)),
        )
        for nth, each in enumerate(stages)
    ]


if __name__ == "__main__":
    run(main)
