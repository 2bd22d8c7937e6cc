"""diagnostics.*, model.* -> diagnostics.gate_results: hold the newest serving model against its definition of done.

The criteria are [gate.criteria] in conf. A miss of a blocking one ends with exit code 4 and a line for each miss; the
model is then not released, and what is live stays live.
"""

from datetime import UTC

from pyspark.sql import DataFrame, SparkSession

from lakerec.config import Config
from lakerec.diagnostics.calibration_metrics import CALIBRATION_METRICS
from lakerec.diagnostics.coefficients import COEFFICIENTS
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.gate_evidence import collect_evidence, count_judged_users, excuses
from lakerec.diagnostics.gate_results import (
    GATE_RESULTS,
    Evidence,
    Key,
    Measure,
    Result,
    Severity,
    judge_model,
    misses,
    read_results,
    refusal,
)
from lakerec.diagnostics.model_facts import Claims, Stored, fit_facts
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.errors import GateError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.model.fold_in import Weights
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import RUNS, SERVING, Run, newest_run, run_named
from lakerec.model.user_factors import USER_FACTORS
from lakerec.releasing import find_champion
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS

GROUP = "data scientists"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Judge the newest serving model; the verdict on one that was judged by these criteria is only told again.

    Raises:
        GateError: a line for each blocking criterion that the model misses.
    """
    lake = Lakehouse(spark, config.lake)
    serving = newest_run(lake.rows(RUNS), SERVING)
    increment = lake.increment(COEFFICIENTS, GATE_RESULTS, config.gate.model_dump(mode="json"))
    is_judged = increment.version >= 0 and not increment.is_needed
    results = read_results(lake.rows(GATE_RESULTS, serving.model_id)) if is_judged else []
    counts = {"rows_in": 0, "rows_out": 0}
    if not results:
        with lake.writing(GATE_RESULTS.layer):
            results = _judge(lake, config, serving)
            rows = [(serving.model_id, serving.evaluated_by, *result) for result in results]
            written = lake.replace_partition(GATE_RESULTS, serving.model_id, rows, increment)
        counts = {"rows_in": written, "rows_out": written, "missed": sum(r.is_met is False for r in results)}
        for line in misses(results, Severity.WARN):
            say(f"gate: warning: {line}")
    if refused := refusal(results, serving.model_id):
        raise GateError(refused)
    return counts


def _judge(lake: Lakehouse, config: Config, serving: Run) -> list[Result]:
    champion, evaluation = find_champion(lake), run_named(lake.rows(RUNS), serving.evaluated_by)
    keys = [criterion.key for criterion in config.gate.criteria.values()]
    measured: dict[str, DataFrame] = {
        Measure.RANKING: lake.read_partition(RANKING_METRICS, serving.evaluated_by),
        Measure.COMPARISON: lake.read_partition(COMPARISONS, serving.evaluated_by),
        Measure.CALIBRATION: lake.read_partition(CALIBRATION_METRICS, serving.evaluated_by),
    }
    is_diagnosed = lake.has_partition(COEFFICIENTS, evaluation.model_id)
    users = count_judged_users(measured[Measure.RANKING]) if is_diagnosed else None
    evidence = collect_evidence(measured, keys, champion)
    facts = {
        Key(Measure.FACT, name): Evidence(value) for name, value in _facts(lake, config, evaluation, serving).items()
    }
    return judge_model(config.gate.criteria, evidence | facts, excuses(evidence, evaluation, champion, users))


def _facts(lake: Lakehouse, config: Config, evaluation: Run, serving: Run) -> dict[str, float | None]:
    stored = Stored(
        user_factors=lake.read(USER_FACTORS),
        item_factors=lake.read(ITEM_FACTORS),
        daily=_daily(lake, serving),
        users=lake.read(USER_INDEX),
        items=lake.read(ITEM_INDEX),
    )
    facts = fit_facts(_claims(evaluation), _claims(serving), stored, config.gate.sample_users)
    until = config.as_of_time or lake.newest(EVENTS, "occurred_at") or serving.as_of
    behind = (until.astimezone(UTC) - serving.as_of).total_seconds() / 86400
    return {**facts, "days_behind": max(0.0, behind)}


def _daily(lake: Lakehouse, trained: Run) -> DataFrame:
    """What both models learned from, as it was then."""
    version = trained.source_versions.get(DAILY_INTERACTIONS.name)
    return lake.read(DAILY_INTERACTIONS) if version is None else lake.read_at(DAILY_INTERACTIONS, version)


def _claims(trained: Run) -> Claims:
    als, feedback = trained.settings["als"], FeedbackSettings(**trained.settings["feedback"])
    return Claims(trained.model_id, trained.as_of, als["rank"], Weights.of(als), feedback)


if __name__ == "__main__":
    run(main)
