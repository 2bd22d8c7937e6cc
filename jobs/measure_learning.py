"""model.runs, gold.daily_interactions -> diagnostics.learning_curves: what twice as many customers would bring.

Models with the settings of the newest evaluation model are fitted on parts of the customers (learning.shares); the
test window is not looked at. It costs about as much as so many fits, so the pipeline does not do it.
"""

import time
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from lakerec.config import Config
from lakerec.diagnostics.evidence import EvaluatedModel, Happened, project_training
from lakerec.diagnostics.learning_curves import (
    LEARNING_CURVES,
    TWICE,
    continue_curve,
    judge_gain,
)
from lakerec.diagnostics.user_metrics import (
    Means,
    UserMetric,
    aligned,
    draw_judged,
    fit_user_ndcg,
    mean_over_users,
    merged,
)
from lakerec.draws import place_of
from lakerec.evaluated import read_als, read_happened, read_model
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.kept import kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.model.als import fit_als
from lakerec.model.als_settings import AlsSettings
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from lakerec.runner import run, say

GROUP = "data scientists"


class Experiment(NamedTuple):
    """What every share has in common.

    Attributes:
        interactions: gold.interactions as of the cut.
        judged: user_ix of those who are judged.
    """

    interactions: DataFrame
    judged: DataFrame
    happened: Happened
    item_index: DataFrame
    als: AlsSettings


class Measured(NamedTuple):
    """One share of the customers: the models of its parts, judged."""

    share: float
    metric: UserMetric
    users: int
    pairs: int
    fits: int
    seconds: float


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Measure the newest evaluation model's learning curve; does nothing where these settings have measured it."""
    lake = Lakehouse(spark, config.lake)
    increment = lake.increment(RUNS, LEARNING_CURVES, _shape(config))
    if not increment.is_needed:
        return {"rows_in": 0, "rows_out": 0}
    trained = newest_run(lake.rows(RUNS), EVALUATION)
    model, daily = read_model(lake, trained), lake.read(DAILY_INTERACTIONS)
    with kept_frames(lake.root) as keep:
        happened = read_happened(lake, model, daily, config.recommend.mask_actions, keep)
        interactions, judged = keep(project_training(daily, model)), keep(_judged(config, model, happened))
        als = read_als(lake, trained, config.als)
        experiment = Experiment(interactions, judged, happened, lake.read(ITEM_INDEX), als)
        found = [_measure(share, experiment, config) for share in config.learning.shares]
    rows = [(trained.model_id, *row) for row in _rows(found, config)]
    written = lake.replace_partition(LEARNING_CURVES, trained.model_id, rows, increment)
    return {"rows_in": found[-1].pairs, "rows_out": written, "fits": sum(each.fits for each in found)}


def _shape(config: Config) -> dict[str, Any]:
    ranking = config.ranking.model_dump(mode="json", include={"replicates", "seed"})
    others = {"ranking": ranking, "mask_actions": list(config.recommend.mask_actions)}
    return config.sections("learning", "judging") | others


def _judged(config: Config, model: EvaluatedModel, happened: Happened) -> DataFrame:
    place = place_of(config.ranking.seed)
    within = model.user_factors.where(place < config.learning.judged_share)
    return draw_judged(within, happened, config.judging.max_users, config.ranking.seed).select("user_ix")


def _measure(share: float, of: Experiment, config: Config) -> Measured:
    """Fit a model of each part, and judge it by the judged customers of that part."""
    began, place = time.perf_counter(), place_of(config.ranking.seed)
    metrics, users, pairs = [], 0, 0
    for low, high in config.learning.parts_of(share):
        fitted = fit_als(of.interactions.where((place >= low) & (place < high)), of.als)
        own = fitted.user_factors.join(of.judged, on="user_ix", how="left_semi")
        metrics.append(fit_user_ndcg(own, fitted.item_factors, of.item_index, of.happened, config.judging.k))
        users, pairs = users + fitted.user_factors.count(), pairs + fitted.pair_count
    count, seconds = len(metrics), time.perf_counter() - began
    say(f"  {share:>5.0%} of customers: {count} fits, {seconds:.0f} s")
    return Measured(share, merged(metrics), users // count, pairs // count, count, seconds)


def _rows(found: list[Measured], config: Config) -> list[tuple[Any, ...]]:
    """Rows without the model: a measured one for each share, and the continuation."""
    means = mean_over_users(*aligned([each.metric for each in found]), config.ranking)
    rows = [_measured_row(each, nth, means, config.judging.k) for nth, each in enumerate(found)]
    further = continue_curve([each.share for each in found], means, TWICE)
    ends = means.interval(further.gain_replicates)
    verdict = judge_gain(*ends, float(means.value[-1]), config.learning.worthwhile_gain)
    told = (further.value, *means.interval(further.replicates), further.gain, *ends)
    say(f"  twice as many: NDCG {further.value:.4f} after {means.value[-1]:.4f}; {verdict}")
    none = (None, None, 0, 0.0)
    return [*rows, (TWICE, False, config.judging.k, *told, means.user_count, *none, verdict)]


def _measured_row(each: Measured, nth: int, means: Means, k: int) -> tuple[Any, ...]:
    gains = means.replicates[:, nth] - means.replicates[:, -1]
    return (
        each.share,
        True,
        k,
        float(means.value[nth]),
        *means.interval(means.replicates[:, nth]),
        float(means.value[nth] - means.value[-1]),
        *means.interval(gains),
        means.user_count,
        each.users,
        each.pairs,
        each.fits,
        each.seconds,
        None,
    )


if __name__ == "__main__":
    run(main)
