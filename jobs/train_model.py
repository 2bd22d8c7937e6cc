"""gold.daily_interactions -> model.runs, user_factors, item_factors, MLflow: fit once to be judged, once to serve.

Before that diagnostics.data_checks says whether the data are enough; with --strict too little of them ends the job.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakerec import __version__
from lakerec.config import Config
from lakerec.diagnostics.data_checks import DATA_CHECKS, DataCheck, check_data, expect_cost, fit_data_facts, misses
from lakerec.errors import DataMinimumError, TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import project_interactions
from lakerec.lakehouse import Lakehouse
from lakerec.model.als import FittedAls, fit_als
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import EVALUATION, RUNS, SERVING, find_parent, model_id, newest_first, sorted_json
from lakerec.model.split import last_moment, windows
from lakerec.model.user_factors import USER_FACTORS
from lakerec.native_model import native_model
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS
from lakerec.tracking import TrackedFit, find_store, open_beside, track

GROUP = "data scientists"


class Plan(NamedTuple):
    """A model to be trained; its id follows from everything that shapes it.

    Attributes:
        parent_id: model that it begins with; null: with none.
    """

    purpose: str
    as_of: datetime
    model_id: str
    parent_id: str | None


class Trained(NamedTuple):
    """A plan carried out: its factors are stored."""

    plan: Plan
    fitted: FittedAls
    counts: dict[str, int]
    started_at: datetime
    seconds: float


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Train both models of one configuration; does nothing where those trained last are of the same inputs."""
    lake = Lakehouse(spark, config.lake)
    store = find_store(config.tracking, config.lake.root, spark.conf.get("spark.master") or "")
    with lake.writing(RUNS.layer):
        inputs = {"settings": _settings(config), "source_versions": lake.source_versions(DAILY_INTERACTIONS)}
        is_needed = _is_needed(lake, inputs)
        if not (is_needed or config.data.strict):
            return {"rows_in": 0, "rows_out": 0}
        plans = _plans(lake, config, inputs)
        checks = _data_checks(lake, config, plans)
        if is_needed:
            _store_checks(lake, plans, checks)
        _require_enough(checks, config)
        if not is_needed:
            return {"rows_in": 0, "rows_out": 0}
        opened = open_beside(store)
        if config.als.max_iter > config.als.checkpoint_interval:
            spark.sparkContext.setCheckpointDir(f"{lake.root}/_checkpoints")
        trained = [_train(lake, config, plan) for plan in plans]
        fits = [_tracked(each, inputs) for each in trained]
        tracked = track(store, f"train_model {config.lake.run_id}", fits, opened)
        _record(lake, trained, inputs, tracked)
    return _counts(trained)


def _settings(config: Config) -> dict[str, Any]:
    """The settings that shape a model."""
    return {"data": {"as_of": config.as_of}, **config.sections("als", "feedback", "split")}


def _is_needed(lake: Lakehouse, inputs: dict[str, Any]) -> bool:
    """Whether the models trained last are of other inputs, or are to be trained anew by this run."""
    stated = {name: sorted_json(value) for name, value in inputs.items()} | {"code_version": __version__}
    newest = {run["purpose"]: run for run in reversed(newest_first(lake.rows(RUNS)))}
    if any({**newest.get(purpose, {}), **stated} != newest.get(purpose) for purpose in (EVALUATION, SERVING)):
        return True
    return RUNS.layer in lake.settings.rebuild and newest[SERVING]["run_id"] != lake.settings.run_id


def _plans(lake: Lakehouse, config: Config, inputs: dict[str, Any]) -> list[Plan]:
    as_of = config.as_of_time or lake.newest(EVENTS, "occurred_at")
    if as_of is None:
        raise TrainingDataError("silver.events: holds no event. Run ingest_events and clean_events first.")
    cut = last_moment(windows(as_of.astimezone(UTC), config.split).train_until)
    return [_plan(lake, config, purpose, at, inputs) for purpose, at in ((EVALUATION, cut), (SERVING, as_of))]


def _plan(lake: Lakehouse, config: Config, purpose: str, as_of: datetime, inputs: dict[str, Any]) -> Plan:
    if not config.als.warm_start:
        return Plan(purpose, as_of, model_id(purpose, as_of, **inputs), None)
    parent_id = find_parent(lake.rows(RUNS), purpose, as_of, config.als.rank)
    settings = {**inputs["settings"], "parent_id": parent_id}
    return Plan(purpose, as_of, model_id(purpose, as_of, settings, inputs["source_versions"]), parent_id)


def _data_checks(lake: Lakehouse, config: Config, plans: list[Plan]) -> list[DataCheck]:
    """What the serving model would learn from; users of the last days are cold where the evaluation model has none."""
    last_day = {plan.purpose: plan.as_of.astimezone(UTC).date() for plan in plans}
    daily, days = lake.read(DAILY_INTERACTIONS), (last_day[SERVING], last_day[EVALUATION])
    facts = fit_data_facts(daily, *days, config.feedback.window_days, config.data.minimum_events)
    of_solver = (run for run in newest_first(lake.rows(RUNS)) if run["solver"] == config.als.solver)
    earlier = next(({**run, "als": json.loads(run["settings"])["als"]} for run in of_solver), None)
    cost = expect_cost(facts, config.als, config.plan.stages["train_model"], earlier)
    return check_data(facts, cost, config.data)


def _store_checks(lake: Lakehouse, plans: list[Plan], checks: list[DataCheck]) -> None:
    """Under the serving model's name, also where it is then refused."""
    model_id = next(plan.model_id for plan in plans if plan.purpose == SERVING)
    rows = [(model_id, *check) for check in checks]
    lake.replace_partition(DATA_CHECKS, model_id, rows)


def _require_enough(checks: list[DataCheck], config: Config) -> None:
    """Say what is missed.

    Raises:
        DataMinimumError: something is, and data.strict is set.
    """
    missed = misses(checks)
    if missed and config.data.strict:
        raise DataMinimumError("\n".join(missed))
    for line in missed:
        say(f"  warning: {line}")


def _train(lake: Lakehouse, config: Config, plan: Plan) -> Trained:
    """Fit one model and store its factors; without a row in model.runs they do not count yet."""
    started_at, began = datetime.now(UTC), time.perf_counter()
    interactions = project_interactions(lake.read(DAILY_INTERACTIONS), plan.as_of, config.feedback)
    start = lake.read_partition(ITEM_FACTORS, plan.parent_id) if plan.parent_id else None
    fitted = fit_als(interactions, config.als, start)
    of_model = F.lit(plan.model_id).alias("model_id")
    users, items = fitted.user_factors.select(of_model, "*"), fitted.item_factors.select(of_model, "*")
    counts = {
        "user_count": lake.replace_partition(USER_FACTORS, plan.model_id, users),
        "item_count": lake.replace_partition(ITEM_FACTORS, plan.model_id, items),
        "pair_count": fitted.pair_count,
    }
    counts["parameter_count"] = (counts["user_count"] + counts["item_count"]) * config.als.rank
    return Trained(plan, fitted, counts, started_at, time.perf_counter() - began)


def _tracked(trained: Trained, inputs: dict[str, Any]) -> TrackedFit:
    """What MLflow is told: the serving model goes along, the evaluation model only in numbers."""
    plan, fitted = trained.plan, trained.fitted
    params = {f"{section}.{key}": value for section, keys in inputs["settings"].items() for key, value in keys.items()}
    tags = {"model_id": plan.model_id, "purpose": plan.purpose, "code_version": __version__, "solver": fitted.solver}
    rank = inputs["settings"]["als"]["rank"]
    return TrackedFit(
        name=plan.purpose,
        params={**params, "as_of": plan.as_of.isoformat(), "source_versions": sorted_json(inputs["source_versions"])},
        metrics={**trained.counts, "seconds": trained.seconds},
        tags=tags,
        started_at=trained.started_at,
        ended_at=trained.started_at + timedelta(seconds=trained.seconds),
        model=native_model(fitted.user_factors, fitted.item_factors, rank) if plan.purpose == SERVING else None,
    )


def _record(lake: Lakehouse, trained: list[Trained], inputs: dict[str, Any], tracked: dict[str, str]) -> None:
    """Both rows in one commit: from now on the models exist. A model that was trained before gets its row replaced."""
    shared = {
        **{name: sorted_json(value) for name, value in inputs.items()},
        "code_version": __version__,
        "evaluated_by": next(each.plan.model_id for each in trained if each.plan.purpose == EVALUATION),
        "spark_version": lake.spark.version,
        "run_id": lake.settings.run_id,
        "trained_at": lake.now,
    }
    rows = [
        {**shared, **each.plan._asdict(), **each.counts, "seconds": each.seconds}
        | {"solver": each.fitted.solver, "mlflow_run_id": tracked.get(each.plan.purpose)}
        for each in trained
    ]
    names = {each.plan.model_id for each in trained}
    stored = lake.rows(RUNS)
    others = [run for run in stored if run["model_id"] not in names]
    if len(others) < len(stored):
        lake.overwrite(RUNS, [tuple(row[name] for name in RUNS.names) for row in (*others, *rows)])
    else:
        lake.append(RUNS, [tuple(row[name] for name in RUNS.names) for row in rows])


def _counts(trained: list[Trained]) -> dict[str, int]:
    """rows_in: pairs that both models learned from; rows_out: their factor rows; the rest is of the serving model."""
    serving = next(each.counts for each in trained if each.plan.purpose == SERVING)
    return {
        "rows_in": sum(each.counts["pair_count"] for each in trained),
        "rows_out": sum(each.counts["user_count"] + each.counts["item_count"] for each in trained),
        "users": serving["user_count"],
        "items": serving["item_count"],
        "parameters": serving["parameter_count"],
    }


if __name__ == "__main__":
    run(main)
