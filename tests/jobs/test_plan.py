"""plan: what a run will take, before it begins."""

import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs import aggregate_feedback, clean_events, ingest_events, plan
from jobs.plan import make_plan, read_measured, what_is_found
from lakerec.catalog import TABLES
from lakerec.config import Config, load
from lakerec.errors import SettingsError
from lakerec.lakehouse import Lakehouse
from lakerec.operations.stage_runs import STAGE_RUNS

LINE = b'{"event_id":"e%d","user_id":"u%d","item_id":"i1","action":"%s","occurred_at":"2026-03-01T10:00:00Z"}\n'
READ = [LINE % (1, 1, b"view"), LINE % (2, 1, b"view"), LINE % (3, 2, b"cart"), LINE % (4, 2, b"hover")]


def deliver(folder: Path, name: str, lines: list[bytes]) -> None:
    file = folder / "landing" / "events" / f"{name}.jsonl.gz"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(b"".join(lines), mtime=0))


def configured(folder: Path) -> Config:
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing"), "lake.run_id": "first"}
    return load("test", places)


@pytest.fixture(scope="module")
def read_once(spark, tmp_path_factory) -> Config:
    """A lake that holds three events of two users and an item, from four lines; nothing waits to be read."""
    folder = tmp_path_factory.mktemp("planned")
    deliver(folder, "a", READ)
    config = configured(folder)
    for job in (ingest_events, clean_events, aggregate_feedback):
        job.main(spark, config)
    return config


def test_where_nothing_waits_a_run_over_all_that_the_lake_holds_is_planned(spark, read_once: Config) -> None:
    lake = Lakehouse(spark, read_once.lake)
    before = lake.source_versions(*TABLES)

    found = what_is_found(lake, read_once, cores=2)

    assert found.workload == (4, 4, 3, 2, 2, 1)
    assert "as nothing waits" in found.what
    assert lake.source_versions(*TABLES) == before


def test_delivered_files_that_no_run_has_read_are_planned_for(spark, read_once: Config, tmp_path: Path) -> None:
    deliver(tmp_path, "b", READ * 50)
    elsewhere = read_once.model_copy(update={"landing": configured(tmp_path).landing})

    found = what_is_found(Lakehouse(spark, read_once.lake), elsewhere, cores=2)

    assert (found.workload.lines, found.workload.events) == (200, pytest.approx(200 * 3 / 4))
    assert found.workload.pairs == pytest.approx(2 * (1 + 150 / 3))
    assert found.what.startswith("1 delivered files")


def test_a_lake_that_is_not_there_with_nothing_delivered_leaves_nothing_to_plan(spark, tmp_path: Path) -> None:
    config = configured(tmp_path)

    with pytest.raises(SettingsError, match="Say where with --landing and --lake, or give --events"):
        what_is_found(Lakehouse(spark, config.lake), config, cores=2)


def test_runs_of_the_lake_are_asked_how_long_a_stage_takes(spark, read_once: Config, tmp_path: Path) -> None:
    config = configured(tmp_path)
    lake = Lakehouse(spark, config.lake)
    cost = config.plan.stages["ingest_events"]
    took = 7 * (cost.fixed_seconds + cost.seconds["lines"] * 4)
    stage = {"run_id": "r1", "job": "ingest_events", "stage": "ingest_events", "rows_in": 4, "seconds": took}
    stage |= {"counts": json.dumps({}), "started_at": datetime(2026, 3, 1, tzinfo=UTC), "status": "done"}
    row = {**dict.fromkeys(STAGE_RUNS.names), **stage, "core_count": config.plan.cores}
    lake.append(STAGE_RUNS, spark.createDataFrame([tuple(row.values())], STAGE_RUNS.schema))
    task = what_is_found(Lakehouse(spark, read_once.lake), read_once, cores=config.plan.cores)

    made = make_plan(config, task, read_measured(lake, config))

    stages = {stage.stage: stage for stage in made.stages}
    assert stages["ingest_events"].seconds == pytest.approx(took)
    assert (stages["ingest_events"].basis, stages["clean_events"].basis) == ("1 run of this lake", "conf")


def test_given_numbers_are_planned_on_the_cores_given(spark, tmp_path: Path, monkeypatch, capsys) -> None:
    sizes = ["--events", "1e9", "--users", "5e7", "--items", "1e6", "--cores", "256"]
    places = ["--lake", str(tmp_path / "none"), "--landing", str(tmp_path), "--profile", "test"]
    monkeypatch.setattr(sys, "argv", ["plan", *sizes, *places, "--set", "als.solver=cg", "--set", "als.rank=64"])

    code = plan.main()

    told = capsys.readouterr().out
    assert code == 0
    assert "plan of a first run over the events given, on 256 cores" in told
    assert "1,000,000,000 events of 50,000,000 users and 1,000,000 items" in told
    assert "mllib solves: one side's factors take 12.8 GB at rank 64, beyond als.cg_broadcast_bytes (512.0 MB)" in told


@pytest.mark.parametrize("wrong", [["--events", "many"], ["--events", "0"], ["--events", "1e9", "--cores", "-2"]])
def test_a_number_that_is_none_is_refused_in_one_line_before_anything_starts(wrong: list[str], monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["plan", "--profile", "test", *wrong])

    code = plan.main()

    out = capsys.readouterr().out
    assert (code, len(out.splitlines())) == (2, 1)
    assert out.startswith(f"plan: {wrong[-2]}: '{wrong[-1]}' is no number")
