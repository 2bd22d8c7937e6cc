"""tune_model: what is tried is told once, a killed search goes on, and the test window is not even opened."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from jobs import tune_model
from lakerec.config import load
from lakerec.diagnostics.trials import TRIALS
from lakerec.errors import SettingsError, TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.silver.events import EVENTS
from lakerec.silver.sessions import SESSIONS
from tests.jobs.trained_lake import lake_at
from tests.lib.diagnostics.test_trials import a_trial

TRAIN, CALIBRATE, TEST_DAY = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
USERS = range(40)
PLAIN = [(TEST_DAY, user, 1, "view") for user in USERS]
TEMPTING = [(TEST_DAY, user, item, "purchase") for user in USERS for item in range(8)]


class KilledError(BaseException):
    """As if the process had gone."""


def configuration(lake, **flags):
    small = {
        "lake.root": lake.root,
        "lake.run_id": "test",
        "as_of": "2026-03-12T18:00:00Z",
        "split.calibrate_days": 1,
        "split.test_days": 1,
        "als.rank": 4,
        "als.max_iter": 2,
        "als.user_blocks": 1,
        "als.item_blocks": 1,
        "tuning.trials": 2,
        "tuning.samples": 1,
        "tuning.factor": 2,
        "tuning.k": 2,
        "tuning.rank": [2, 8],
        "tuning.max_iter": [2, 3],
        "ranking.replicates": 50,
        "tracking.uri": "http://127.0.0.1:9",  # nobody listens there
        "tracking.timeout_seconds": 1,
    }
    return load("test", small | {name.replace("__", "."): value for name, value in flags.items()})


def a_lake(spark, folder, of_test_day):
    """Users of two tastes viewed three of their four items, and bought the fourth the day after."""
    lake = lake_at(spark, folder)
    viewed = [(TRAIN, user, 4 * (user % 2) + nth, "view") for user in USERS for nth in range(4) if nth != user // 2 % 4]
    bought = [(CALIBRATE, user, 4 * (user % 2) + user // 2 % 4, "purchase") for user in USERS]
    rows = [
        (day, user, item, action, 1, None, datetime.combine(day, time(12), UTC), datetime.combine(day, time(12), UTC))
        for day, user, item, action in [*viewed, *bought, *of_test_day]
    ]
    lake.append(DAILY_INTERACTIONS, spark.createDataFrame(rows, DAILY_INTERACTIONS.schema))
    lake.append(USER_INDEX, spark.createDataFrame([(f"u{ix:02}", ix) for ix in USERS], USER_INDEX.schema))
    lake.append(ITEM_INDEX, spark.createDataFrame([(f"i{ix}", ix) for ix in range(8)], ITEM_INDEX.schema))
    return lake


def trials_of(lake):
    return [row.asDict() for row in lake.read(TRIALS).orderBy("trial").collect()]


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """A lake that has been searched with two trials."""
    lake = a_lake(spark, tmp_path_factory.mktemp("lake"), PLAIN)
    lake.counts = tune_model.main(spark, configuration(lake))
    return lake


def test_every_trial_is_a_row_and_the_best_is_a_file_that_training_takes(lake):
    rows = trials_of(lake)

    assert lake.counts == {"rows_in": 40, "rows_out": 2}
    assert [(row["trial"], row["origin"]) for row in rows] == [(0, "configured"), (1, "proposed")]
    assert {(row["metric"], row["k"], row["run_id"]) for row in rows} == {("ndcg", 2, "test")}
    assert (rows[0]["share"], rows[0]["user_count"], rows[0]["difference"]) == (1.0, 40, 0.0)
    assert rows[0]["low"] <= rows[0]["value"] <= rows[0]["high"]
    best = max((row for row in rows if row["state"] == "complete"), key=lambda row: row["value"])
    file = next((Path(lake.root) / "_tuning").glob("*.toml"))
    assert file.stem == best["study"]
    assert f"ndcg@2 {best['value']:.4f} ({best['low']:.4f} to {best['high']:.4f}), 40 users" in file.read_text()
    trained_with = load("test", {}, file)
    assert f'"als.rank": {trained_with.als.rank}' in best["settings"]
    assert f'"feedback.weights.cart": {trained_with.feedback.weights["cart"]}' in best["settings"]


def test_a_spent_budget_does_nothing_and_a_larger_one_goes_on_even_after_a_kill(lake, monkeypatch):
    before = trials_of(lake)
    version = lake.version(TRIALS)

    again = tune_model.main(lake.spark, configuration(lake))
    unchanged = lake.version(TRIALS)
    with monkeypatch.context() as killed:
        killed.setattr(tune_model, "trial_row", kill)
        with pytest.raises(KilledError):
            tune_model.main(lake.spark, configuration(lake, tuning__trials=4))
    resumed = tune_model.main(lake.spark, configuration(lake, tuning__trials=4))

    assert set(again.values()) == {0}
    assert unchanged == version
    # trial 2 had ended when its run was killed, before it could be told: it is told now
    assert resumed["rows_out"] == 2
    assert [row["trial"] for row in trials_of(lake)] == [0, 1, 2, 3]
    assert trials_of(lake)[:2] == before


def test_no_row_of_the_test_window_is_read_however_tempting_it_is(lake, spark, tmp_path):
    tempting = a_lake(spark, tmp_path, TEMPTING)
    append_visits(tempting)
    for table in (DAILY_INTERACTIONS, EVENTS, SESSIONS):
        for file in (tmp_path / table.path / f"event_date={TEST_DAY}").glob("*.parquet"):
            file.write_bytes(b"unreadable")
        with pytest.raises(Exception, match="FAILED_READ_FILE"):
            tempting.read(table).collect()

    tune_model.main(spark, configuration(tempting, tuning__trials=1))

    found = [(row["settings"], row["value"], row["low"], row["high"]) for row in trials_of(tempting)]
    assert found == [(row["settings"], row["value"], row["low"], row["high"]) for row in trials_of(lake)[:1]]


def append_visits(lake):
    """An event and a session of the day that is judged by, and of the test day."""
    for table in (EVENTS, SESSIONS):
        rows = []
        for day in (CALIBRATE, TEST_DAY):
            noon = datetime.combine(day, time(12), UTC)
            named = {"source": "s", "event_date": day, "event_id": "e", "session_id": f"{day}", "item_id": "i0"}
            rows.append(tuple({**named, "occurred_at": noon}.get(name) for name in table.names))
        lake.append(table, lake.spark.createDataFrame(rows, table.schema))


def test_without_anything_that_could_be_judged_it_says_why(lake, tmp_path):
    failed = a_trial(0, None, "failed", reason="nobody of a sample can be judged")

    with pytest.raises(
        TrainingDataError, match=r"no configuration could be judged \(nobody of a sample can be judged\)"
    ):
        tune_model.conclude(tmp_path / "best.toml", "s", [failed], configuration(lake))

    assert not (tmp_path / "best.toml").exists()


def test_a_lake_elsewhere_needs_a_database_and_a_file():
    lake = Lakehouse(None, LakeSettings(root="s3a://bucket/lake", run_id="test", rebuild=(), wait_seconds=0))

    with pytest.raises(SettingsError, match=r"tuning\.storage, tuning\.settings_file: one is empty"):
        tune_model.find_place(configuration(lake))
    named = configuration(lake, tuning__storage="postgresql://db/studies", tuning__settings_file="best.toml")
    assert tune_model.find_place(named).storage == "postgresql://db/studies"


def kill(*_):
    raise KilledError
