"""MLflow: what was trained, with which settings, and the registered serving model. The only importer of mlflow.

Tracking follows training: everything is logged once the factors are stored, with the times at which it happened. A
server that does not answer costs a bounded wait and a warning, never a model: model.runs is the truth.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlparse

from pydantic import Field

from lakerec.contract import Settings
from lakerec.errors import SettingsError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from pyspark.ml.recommendation import ALSModel

CHALLENGER, CHAMPION = "challenger", "champion"
ARTIFACT_PATH = "model"

_LOG = logging.getLogger(__name__)


class TrackingSettings(Settings):
    """Where trainings are logged."""

    uri: str = Field(description="MLflow tracking server; empty: a database file in a local lake, under _mlflow")
    experiment: str = Field(min_length=1, description="MLflow experiment")
    registered_model: str = Field(min_length=1, description="name of the serving model in the MLflow registry")
    timeout_seconds: int = Field(ge=1, le=600, description="how long one call to the tracking server may take; s")


@dataclass(frozen=True)
class Store:
    """A tracking server, or files.

    Attributes:
        uri: what MLflow connects to.
        artifacts: where a new experiment keeps its files; null: the server's own place.
    """

    uri: str
    artifacts: str | None
    settings: TrackingSettings


class Opened(NamedTuple):
    """An experiment of a store."""

    client: "MlflowClient"
    experiment: str


@dataclass(frozen=True)
class TrackedFit:
    """What MLflow is told of one fit; with a model, that is registered."""

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    started_at: datetime
    ended_at: datetime
    model: "ALSModel | None" = None


def find_store(settings: TrackingSettings, lake_root: str, master: str) -> Store:
    """Where this run is tracked; decided before any training.

    Args:
        lake_root: folder or URI of the lake.
        master: Spark's master.

    Raises:
        SettingsError: a file would not do, as the driver may run anywhere or the lake is no local folder.
    """
    if settings.uri:
        return Store(settings.uri, None, settings)
    url = urlparse(lake_root)
    if not master.startswith("local") or url.scheme not in ("", "file"):
        raise SettingsError(
            f"tracking.uri: is empty, which needs a local lake and Spark (lake '{lake_root}', master '{master}'). "
            "Give the address of an MLflow tracking server with --set tracking.uri=http://..."
        )
    folder = Path(url.path).absolute() / "_mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    return Store(f"sqlite:///{folder}/mlflow.db", (folder / "artifacts").as_uri(), settings)


def open_beside(store: Store) -> Future[Opened]:
    """Open the store while something else computes: to import MLflow and make its database takes five seconds.

    What goes wrong is the future's error, which `track` reports.
    """
    _prepare_environment(store.settings.timeout_seconds)
    worker = ThreadPoolExecutor(1)
    opened = worker.submit(_open, store)
    worker.shutdown(wait=False)
    return opened


def track(store: Store, name: str, fits: Sequence[TrackedFit], opened: Future[Opened] | None = None) -> dict[str, str]:
    """Log one training: a parent run with a child per fit, and the model registered with the alias `challenger`.

    Args:
        name: of the parent run.
        opened: `open_beside`, where that was begun before.

    Returns:
        MLflow run id by name of the fit; empty where the server did not answer.
    """
    opened = opened or open_beside(store)
    from mlflow.exceptions import MlflowException

    try:
        return _track(opened.result(), store, name, fits)
    except (MlflowException, OSError) as error:
        reason = _without_password(store, str(error).splitlines()[0])
        _LOG.warning("MLflow did not take this training, which is stored without it: %s", reason)
        return {}


def track_trial(store: Store, study: str, fit: TrackedFit) -> str | None:
    """Log one trial of a search: a child of the study's run, which is made with the first; its id, null if refused."""
    _prepare_environment(store.settings.timeout_seconds)
    from mlflow.exceptions import MlflowException

    try:
        client, experiment = _open(store)
        name = f"study {study}"
        found = client.search_runs([experiment], f"attributes.run_name = '{name}'", max_results=1)
        parent = found[0] if found else client.create_run(experiment, _millis(fit.started_at), run_name=name)
        run_id = _track_child(client, store, parent, fit)
        client.set_terminated(parent.info.run_id, end_time=_millis(fit.ended_at))
    except (MlflowException, OSError) as error:
        reason = _without_password(store, str(error).splitlines()[0])
        _LOG.warning("MLflow did not take this trial, which is stored without it: %s", reason)
        return None
    return run_id


def point_champion(store: Store, model_id: str) -> str | None:
    """Point the alias `champion` at the version of a model; what is wrong where it could not be done, else None."""
    name = store.settings.registered_model
    missing = f"the registry has no version of {name} with model_id {model_id}"
    if store.uri.startswith("sqlite:") and not Path(store.uri.removeprefix("sqlite:///")).exists():
        return missing  # nothing was ever tracked here
    _prepare_environment(store.settings.timeout_seconds)
    from mlflow.exceptions import MlflowException

    try:
        client = _client(store)
        versions = client.search_model_versions(f"name = '{name}'")
        found = [version for version in versions if version.tags.get("model_id") == model_id]
        if not found:
            return missing
        newest = max(found, key=lambda version: int(version.version))
        client.set_registered_model_alias(name, CHAMPION, newest.version)
    except (MlflowException, OSError) as error:
        return _without_password(store, str(error).splitlines()[0])
    return None


def _open(store: Store) -> Opened:
    client = _client(store)
    return Opened(client, _experiment(client, store))


def _track(opened: Opened, store: Store, name: str, fits: Sequence[TrackedFit]) -> dict[str, str]:
    client, experiment = opened
    parent = client.create_run(experiment, start_time=_millis(min(fit.started_at for fit in fits)), run_name=name)
    runs = {fit.name: _track_child(client, store, parent, fit) for fit in fits}
    client.set_terminated(parent.info.run_id, end_time=_millis(max(fit.ended_at for fit in fits)))
    return runs


def _track_child(client: "MlflowClient", store: Store, parent: "Run", fit: TrackedFit) -> str:
    tags = {**fit.tags, "mlflow.parentRunId": parent.info.run_id}
    experiment = parent.info.experiment_id
    run = client.create_run(experiment, start_time=_millis(fit.started_at), tags=tags, run_name=fit.name)
    _log_numbers(client, run.info.run_id, fit)
    if fit.model is not None:
        _register(client, store, run.info.run_id, fit)
    client.set_terminated(run.info.run_id, end_time=_millis(fit.ended_at))
    return str(run.info.run_id)


def _experiment(client: "MlflowClient", store: Store) -> str:
    found = client.get_experiment_by_name(store.settings.experiment)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(store.settings.experiment, artifact_location=store.artifacts))


def _log_numbers(client: "MlflowClient", run_id: str, fit: TrackedFit) -> None:
    from mlflow.entities import Metric, Param

    at = _millis(fit.ended_at)
    client.log_batch(
        run_id,
        metrics=[Metric(key, float(value), at, 0) for key, value in sorted(fit.metrics.items())],
        params=[Param(key, str(value)) for key, value in sorted(fit.params.items())],
    )


def _register(client: "MlflowClient", store: Store, run_id: str, fit: TrackedFit) -> None:
    """Store the model in Spark's own format and point the alias at it."""
    import mlflow.spark
    import pyspark
    from mlflow.exceptions import MlflowException

    name = store.settings.registered_model
    with mlflow.start_run(run_id=run_id):
        requirements = [f"pyspark=={pyspark.__version__}"]
        logged = mlflow.spark.log_model(fit.model, artifact_path=ARTIFACT_PATH, pip_requirements=requirements)
    try:
        client.get_registered_model(name)
    except MlflowException as missing:
        if missing.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(name)
    version = client.create_model_version(name, source=logged.model_uri, run_id=run_id, tags=dict(fit.tags))
    client.set_registered_model_alias(name, CHALLENGER, version.version)


def _client(store: Store) -> "MlflowClient":
    import mlflow

    for logger, level in (("mlflow", logging.WARNING), ("alembic", logging.WARNING), ("urllib3", logging.ERROR)):
        logging.getLogger(logger).setLevel(level)
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_registry_uri(store.uri)
    return mlflow.MlflowClient()


def _prepare_environment(timeout_seconds: int) -> None:
    """MLflow reads its limits from the environment: without these an unreachable server holds a call for 15 minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(timeout_seconds))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def _without_password(store: Store, message: str) -> str:
    """The message with the store's address as it may be printed."""
    netloc = urlparse(store.uri).netloc
    return message.replace(netloc, netloc.rpartition("@")[2])


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
