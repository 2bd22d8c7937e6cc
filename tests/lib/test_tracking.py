"""What MLflow is told, on a real sqlite store; and what happens where no server answers."""

import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import SparkSession

from lakerec.errors import SettingsError
from lakerec.tracking import Store, TrackedFit, TrackingSettings, find_store, track, track_trial

SETTINGS = TrackingSettings(uri="", experiment="shop", registered_model="tastes", timeout_seconds=1)
BEGAN = datetime(2026, 4, 10, 12, tzinfo=UTC)


def fit(name: str, model: ALSModel | None = None) -> TrackedFit:
    return TrackedFit(
        name=name,
        params={"als.rank": 2},
        metrics={"seconds": 1.5},
        tags={"model_id": f"{name}-id"},
        started_at=BEGAN,
        ended_at=BEGAN + timedelta(seconds=2),
        model=model,
    )


@pytest.fixture
def model(spark: SparkSession) -> ALSModel:
    pairs = spark.createDataFrame([(0, 0, 1.0), (1, 1, 1.0)], "user int, item int, rating float")
    return ALS(rank=2, maxIter=1, numUserBlocks=1, numItemBlocks=1, seed=1, implicitPrefs=True).fit(pairs)


def test_a_local_lake_keeps_its_own_store(tmp_path: Path) -> None:
    store = find_store(SETTINGS, str(tmp_path / "lake"), "local[2]")

    assert store.uri == f"sqlite:///{tmp_path}/lake/_mlflow/mlflow.db"
    assert store.artifacts == f"file://{tmp_path}/lake/_mlflow/artifacts"
    assert (tmp_path / "lake" / "_mlflow").is_dir()


@pytest.mark.parametrize(("lake", "master"), [("/lake", "spark://master:7077"), ("s3a://bucket/lake", "local[2]")])
def test_anything_else_needs_a_tracking_server(lake: str, master: str) -> None:
    server = SETTINGS.model_copy(update={"uri": "http://tracking:5000"})

    assert find_store(server, lake, master) == Store("http://tracking:5000", None, server)
    with pytest.raises(SettingsError, match=rf"tracking.uri: is empty.*lake '{lake}'.*--set tracking.uri="):
        find_store(SETTINGS, lake, master)


def test_one_parent_two_children_and_the_serving_model_as_challenger(tmp_path: Path, model: ALSModel) -> None:
    import mlflow

    store = find_store(SETTINGS, str(tmp_path), "local[2]")

    tracked = track(store, "training", [fit("evaluation"), fit("serving", model)])

    client = mlflow.MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    runs = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    by_name = {run.info.run_name: run for run in runs}
    parent = by_name["training"].info.run_id
    assert set(by_name) == {"training", "evaluation", "serving"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert tracked == {name: by_name[name].info.run_id for name in ("evaluation", "serving")}
    for name in tracked:
        run = by_name[name]
        assert run.data.tags["mlflow.parentRunId"] == parent
        assert run.data.tags["model_id"] == f"{name}-id"
        assert run.data.params == {"als.rank": "2"}
        assert run.data.metrics == {"seconds": 1.5}
        assert run.info.end_time - run.info.start_time == 2000
    challenger = client.get_model_version_by_alias("tastes", "challenger")
    loaded = mlflow.spark.load_model(challenger.source).stages[0]
    assert challenger.run_id == tracked["serving"]
    assert sorted(loaded.userFactors.collect()) == sorted(model.userFactors.collect())


def test_trials_are_children_of_one_run_of_their_study(tmp_path: Path) -> None:
    import mlflow

    store = find_store(SETTINGS, str(tmp_path), "local[2]")

    first, second, other = (track_trial(store, study, fit("trial")) for study in ("abc", "abc", "def"))

    client = mlflow.MlflowClient(tracking_uri=store.uri)
    runs = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    by_id = {run.info.run_id: run for run in runs}
    parents = {run.info.run_name: run.info.run_id for run in runs if run.info.run_name.startswith("study")}
    assert set(parents) == {"study abc", "study def"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert [by_id[run_id].data.tags["mlflow.parentRunId"] for run_id in (first, second, other)] == [
        parents["study abc"],
        parents["study abc"],
        parents["study def"],
    ]
    assert by_id[first].data.params == {"als.rank": "2"}
    assert by_id[first].data.metrics == {"seconds": 1.5}


def test_the_next_training_takes_over_the_alias(tmp_path: Path, model: ALSModel) -> None:
    import mlflow

    store = find_store(SETTINGS, str(tmp_path), "local[2]")

    track(store, "first", [fit("serving", model)])
    second = track(store, "second", [fit("serving", model)])

    client = mlflow.MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    challenger = client.get_model_version_by_alias("tastes", "challenger")
    assert (int(challenger.version), challenger.run_id) == (2, second["serving"])


def test_a_server_that_is_not_there_costs_a_warning_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    store = Store("http://me:secret@127.0.0.1:9", None, SETTINGS)

    with caplog.at_level(logging.WARNING, logger="lakerec.tracking"):
        tracked = track(store, "training", [fit("serving")])

    assert tracked == {}
    assert track_trial(store, "abc", fit("trial")) is None
    assert "MLflow did not take this training, which is stored without it" in caplog.text
    assert "http://127.0.0.1:9/" in caplog.text
    assert "secret" not in caplog.text


def test_a_server_that_never_answers_does_not_hold_the_training() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"http://127.0.0.1:{silent.getsockname()[1]}", None, SETTINGS)
        began = time.monotonic()

        tracked = track(store, "training", [fit("serving")])

        assert tracked == {}
        assert time.monotonic() - began < 60
