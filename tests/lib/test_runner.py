"""How a job ends: one line, one exit code, one result, one row."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakerec import runner
from lakerec.config import Config
from lakerec.errors import BusyError, ContractError, GateError, SchemaMismatchError
from lakerec.lakehouse import Lakehouse
from lakerec.operations.stage_runs import STAGE_RUNS

Ended = tuple[int, dict]


@pytest.fixture
def run_job(lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run a main function as a process would, but for the process; gives exit code and result."""
    monkeypatch.setattr(SparkSession, "stop", lambda session: None)

    def run_job(main: runner.Main, *flags: str) -> Ended:
        result = tmp_path / "result.json"
        given = ["--profile", "test", "--lake", lake.root, "--result-json", str(result), *flags]
        monkeypatch.setattr(sys, "argv", ["job", *given])
        with pytest.raises(SystemExit) as ended:
            runner.run(main)
        return ended.value.code, json.loads(result.read_text())

    return run_job


def count_rows(spark: SparkSession, config: Config) -> dict[str, int]:
    return {"rows_in": 4, "rows_out": 3, "rows_rejected": 1}


def test_a_job_that_is_done_leaves_its_counts_in_a_row_and_a_file(
    run_job: Callable[..., Ended], lake: Lakehouse
) -> None:
    code, result = run_job(count_rows, "--run-id", "nightly")

    row = lake.read(STAGE_RUNS).first()
    assert (code, result["status"], result["counts"]["rows_out"]) == (0, "done", 3)
    assert (row.run_id, row.rows_in, row.rows_out, row.rows_rejected, row.status) == ("nightly", 4, 3, 1, "done")
    assert row.error_share == 1 / 4


def test_while_a_run_goes_on_its_file_says_which_stages_have_ended(
    run_job: Callable[..., Ended], tmp_path: Path
) -> None:
    seen = []

    def run_one_stage(spark: SparkSession, config: Config) -> dict[str, int]:
        runner.stage("count", count_rows, spark, config)
        seen.append(json.loads((tmp_path / "result.json").read_text()))
        return {}

    run_job(run_one_stage)

    (begun,) = seen
    job, ended = begun["stages"]
    assert (begun["status"], begun["exit_code"], job["status"]) == ("running", None, "running")
    assert (ended["stage"], ended["status"], ended["counts"]["rows_out"]) == ("count", "done", 3)


@pytest.mark.parametrize(
    ("error", "code"),
    [(SchemaMismatchError("x"), 3), (ContractError("x"), 3), (GateError("x"), 4), (BusyError("x"), 5)],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_ends_the_job_with_its_code_and_one_line(
    error: Exception, code: int, run_job: Callable[..., Ended], lake: Lakehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(spark: SparkSession, config: Config) -> dict[str, int]:
        raise error

    ended, result = run_job(fail)

    assert (ended, result["error"]) == (code, "x")
    assert "Traceback" not in capsys.readouterr().out
    assert lake.read(STAGE_RUNS).first().status == type(error).__name__


def test_a_bug_ends_with_1_and_shows_where(run_job: Callable[..., Ended], capsys: pytest.CaptureFixture[str]) -> None:
    def stumble(spark: SparkSession, config: Config) -> dict[str, int]:
        raise ZeroDivisionError("oh")

    code, result = run_job(stumble)

    assert (code, result["error"]) == (1, "ZeroDivisionError: oh")
    assert "Traceback" in capsys.readouterr().err


def test_a_wrong_setting_ends_with_2_before_anything_starts(run_job: Callable[..., Ended], lake: Lakehouse) -> None:
    code, result = run_job(count_rows, "--set", "als.rank=0")

    assert (code, result["stages"]) == (2, [])
    assert result["error"].startswith("als.rank: ")
    assert not Path(lake.root).exists()


def test_a_lake_that_cannot_be_written_ends_with_2(run_job: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, result = run_job(count_rows, "--lake", str(tmp_path / "file"))

    assert code == 2
    assert result["error"].startswith("lake.root: cannot write to ")


def test_held_files_are_a_failure_only_where_that_is_asked_for(run_job: Callable[..., Ended]) -> None:
    def hold(spark: SparkSession, config: Config) -> dict[str, int]:
        return {"held_files": 1}

    assert run_job(hold)[0] == 0
    assert run_job(hold, "--fail-on-held")[0] == 3


def test_a_dry_run_prints_the_settings_and_does_nothing(
    run_job: Callable[..., Ended], lake: Lakehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run_job(count_rows, "--dry-run", "--set", "als.rank=5")

    assert code == 0
    assert json.loads(capsys.readouterr().out)["als"]["rank"] == 5
    assert not Path(lake.root).exists()


def test_help_lists_every_setting_with_its_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["job", "--help"])

    with pytest.raises(SystemExit) as ended:
        runner.run(count_rows)

    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "als.rank" in text
    assert "length of a factor vector" in text


def test_a_check_says_what_it_finds_and_touches_no_lake(
    tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(SparkSession, "stop", lambda session: None)
    (tmp_path / "file").touch()
    flags = ["--profile", "test", "--lake", str(tmp_path / "lake"), "--check"]

    def check(spark: SparkSession, config: Config, file: Path, now: datetime) -> str:
        return f"{file.name} of {config.landing.source}"

    codes = []
    for name in ("file", "nowhere"):
        monkeypatch.setattr(sys, "argv", ["job", *flags, str(tmp_path / name)])
        with pytest.raises(SystemExit) as ended:
            runner.run(count_rows, check=check)
        codes.append(ended.value.code)

    out = capsys.readouterr().out
    assert codes == [0, 2]
    assert "file of shop\n" in out
    assert f"--check: no file '{tmp_path / 'nowhere'}'." in out
    assert not (tmp_path / "lake").exists()


def test_an_unknown_source_ends_with_2_before_anything_starts(run_job: Callable[..., Ended], lake: Lakehouse) -> None:
    code, result = run_job(count_rows, "--source", "nobody")

    assert (code, result["status"]) == (2, "LandingError")
    assert not Path(lake.root).exists()
