"""model.runs: every trained model, what it learned from and with which settings."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pyspark.sql import types as T

from lakerec import __version__
from lakerec.contract import Column, Table, Write
from lakerec.errors import TrainingDataError

EVALUATION = "evaluation"
SERVING = "serving"

StoredRun = Mapping[str, Any]
"""A row of model.runs; times are in UTC."""

RUNS = Table(
    name="model.runs",
    comment="One row per trained model. The row is written last: factors without one belong to no model.",
    columns=(
        Column("model_id", T.StringType(), "Hash of everything that shapes the model.", nullable=False),
        Column(
            "purpose", T.StringType(), "evaluation: learned from before the cut; serving: from everything up to as_of."
        ),
        Column(
            "evaluated_by", T.StringType(), "Serving: the evaluation model of the same settings. Evaluation: itself."
        ),
        Column("run_id", T.StringType(), "Run that trained it."),
        Column("trained_at", T.TimestampType(), "Start of that run; UTC."),
        Column(
            "as_of", T.TimestampType(), "Moment up to which it knows events, and at which strengths are stated; UTC."
        ),
        Column("settings", T.StringType(), "Sections als, feedback, split as used; JSON object with sorted keys."),
        Column("source_versions", T.StringType(), "Delta version by table that it read; JSON object with sorted keys."),
        Column("code_version", T.StringType(), "Version of lakerec that trained it."),
        Column("user_count", T.LongType(), "Users with factors."),
        Column("item_count", T.LongType(), "Items with factors."),
        Column("pair_count", T.LongType(), "(user, item) pairs it learned from."),
        Column("parameter_count", T.LongType(), "Learned numbers: (user_count + item_count) · rank."),
        Column("seconds", T.DoubleType(), "Wall time of the fit until its factors were stored; s."),
        Column("solver", T.StringType(), "Solver that fitted it: mllib also where factors were too large for cg."),
        Column("parent_id", T.StringType(), "Warm start: model whose item factors it began with; else null."),
        Column("mlflow_run_id", T.StringType(), "The fit's own MLflow run; null where no tracking server answered."),
        Column("spark_version", T.StringType(), "Version of Spark that it was trained with."),
    ),
    key=("model_id",),
    write=Write.APPEND,
)


class Run(NamedTuple):
    """A trained model, as those need it who read its factors.

    Attributes:
        model_id: names its partition of the factor tables.
        evaluated_by: the evaluation model of the same settings.
        as_of: UTC; interactions of the model are projected at this time.
        settings: sections als, feedback and split as it was trained with.
        source_versions: Delta version by table that it read.
        code_version: of lakerec that trained it.
        solver: that fitted it.
        parent_id: model whose item factors it began with; null: none.
        spark_version: that it was trained with; null: not recorded.
    """

    model_id: str
    purpose: str
    evaluated_by: str
    as_of: datetime
    settings: dict[str, Any]
    source_versions: dict[str, int]
    code_version: str
    solver: str
    parent_id: str | None
    spark_version: str | None


def model_id(
    purpose: str,
    as_of: datetime,
    settings: Mapping[str, Any],
    source_versions: Mapping[str, int],
    code: str = __version__,
) -> str:
    """Name of a model: 16 hex digits that change with anything that shapes it, and with nothing else."""
    identity = [purpose, as_of.isoformat(), settings, source_versions, code]
    return sha256(sorted_json(identity).encode()).hexdigest()[:16]


def sorted_json(value: object) -> str:
    """JSON with sorted keys, as `settings` and `source_versions` are stored."""
    return json.dumps(value, sort_keys=True)


def find_parent(runs: Iterable[StoredRun], purpose: str, as_of: datetime, rank: int) -> str | None:
    """The model to begin a warm start with: the one trained last, of that purpose, rank and no later knowledge.

    Args:
        runs: rows of model.runs.
    """
    fit = (run for run in newest_first(runs) if run["purpose"] == purpose and run["as_of"] <= as_of)
    return next((run["model_id"] for run in fit if json.loads(run["settings"])["als"]["rank"] == rank), None)


def newest_first(runs: Iterable[StoredRun]) -> list[StoredRun]:
    """Rows of model.runs, those trained last first."""
    by_name = sorted(runs, key=lambda run: run["model_id"])
    return sorted(by_name, key=lambda run: (run["trained_at"], run["as_of"]), reverse=True)


def newest_run(runs: Iterable[StoredRun], purpose: str) -> Run:
    """The model trained last.

    Args:
        runs: rows of model.runs.
        purpose: evaluation or serving.

    Raises:
        TrainingDataError: no model of that purpose has been trained.
    """
    found = next((run for run in newest_first(runs) if run["purpose"] == purpose), None)
    if found is None:
        raise TrainingDataError(f"model.runs: holds no {purpose} model. Run train_model first.")
    return _run(found)


def run_named(runs: Iterable[StoredRun], model_id: str) -> Run:
    """One model.

    Args:
        runs: rows of model.runs.

    Raises:
        TrainingDataError: there is no such model.
    """
    found = find_run(runs, model_id)
    if found is None:
        raise TrainingDataError(f"model.runs: holds no model '{model_id}'. Look there for those that were trained.")
    return found


def find_run(runs: Iterable[StoredRun], model_id: str) -> Run | None:
    """One model; None where it is not known.

    Args:
        runs: rows of model.runs.
    """
    return next((_run(run) for run in runs if run["model_id"] == model_id), None)


def _run(stored: StoredRun) -> Run:
    values = {name: stored[name] for name in Run._fields}
    parsed = {name: json.loads(values[name] or "{}") for name in ("settings", "source_versions")}
    return Run(**values | parsed | {"as_of": values["as_of"].astimezone(UTC)})
