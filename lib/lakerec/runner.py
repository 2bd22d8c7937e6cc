"""How a job runs: flags, settings, session, stages, one result, one exit code.

if __name__ == "__main__":
    run(main)
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from inspect import getdoc, getmodule
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from lakerec.catalog import TABLES
from lakerec.config import Config, load, load_source
from lakerec.errors import HeldFilesError, LakerecError, LandingError
from lakerec.flags import Flag, parse, settings_in
from lakerec.follow import rounds
from lakerec.health import profile, written_by
from lakerec.lakehouse import Lakehouse
from lakerec.operations.stage_runs import STAGE_RUNS
from lakerec.operations.table_health import TABLE_HEALTH
from lakerec.outcome import Outcome, StageRun
from lakerec.session import open_session

Main = Callable[[SparkSession, Config], Mapping[str, int]]
News = Callable[[Lakehouse, datetime], str]
Check = Callable[[SparkSession, Config, Path, datetime], str]


_OUTCOME: ContextVar[Outcome] = ContextVar("outcome")


def run(main: Main, check: Check | None = None, news: News | None = None, named: Flag | None = None) -> None:
    """Run a job as this process; never returns.

    Args:
        check: what `--check FILE` says of a file in the job's place, where the job has one.
        news: what is said after each round that did something, where the job can `--follow`.
        named: the word that the job needs beside its flags.
    """
    module = getmodule(main)
    name = Path(getattr(module, "__file__", None) or "job").stem
    arguments = parse(name, getdoc(module) or "", can_check=check is not None, can_follow=news is not None, named=named)
    outcome = Outcome(name, arguments.result_json)
    outside = _OUTCOME.set(outcome)
    ended: dict[str, Any] = {"exit_code": 0, "status": "done", "error": None}
    try:
        _run(name, main, check, news, arguments)
    except LakerecError as error:
        ended = {"exit_code": error.exit_code, "status": type(error).__name__, "error": str(error)}
    except KeyboardInterrupt:
        ended = {"exit_code": 130, "status": "interrupted", "error": "interrupted"}
    except Exception as error:
        traceback.print_exc()
        line = f"{type(error).__name__}: {error}".split("\n")[0]
        ended = {"exit_code": 1, "status": type(error).__name__, "error": line}
    if ended["error"]:
        say("\n".join(f"{name}: {line}" for line in ended["error"].splitlines()))
    outcome.tell(**ended)
    _OUTCOME.reset(outside)
    sys.exit(ended["exit_code"])


def stage(name: str, main: Main, spark: SparkSession, config: Config) -> dict[str, int]:
    """Run one stage: timed, printed and, within a run, recorded in its outcome and in operations.stage_runs."""
    record, outcome = StageRun(name, datetime.now(UTC)), _outcome()
    outcome.stages.append(record)
    outcome.tell()
    began = time.perf_counter()
    try:
        record.counts = dict(main(spark, config))
        record.status = "done"
    except BaseException as error:
        record.status = type(error).__name__
        raise
    finally:
        record.seconds = time.perf_counter() - began
        outcome.tell()
    say(record.line())
    return record.counts


def describe_stages(stages: Iterable[StageRun]) -> str:
    """A table for the console, one line per stage: seconds, and rows in, out, rejected and duplicate."""
    names = ("rows_in", "rows_out", "rows_rejected", "rows_duplicate")
    head = f"  {'':<20} {'seconds':>8}" + "".join(f"{name.replace('_', ' '):>16}" for name in names)
    lines = [
        f"  {each.stage:<20} {each.seconds:>8.1f}" + "".join(f"{each.counts.get(name, 0):>16,}" for name in names)
        for each in stages
    ]
    return "\n".join(["\nstages", head, *lines])


def stages_so_far() -> list[StageRun]:
    """The stages that this run has ended or begun."""
    return list(_outcome().stages)


def is_news(counts: Mapping[str, int]) -> bool:
    """Whether a stage did anything; files held back are counted by every run."""
    return any(value for name, value in counts.items() if name != "held_files")


def say(text: str) -> None:
    """Tell whoever watches the console."""
    print(text, flush=True)


def _outcome() -> Outcome:
    """Of the run that is going on; a stage outside of a run has one of its own."""
    return _OUTCOME.get(Outcome("a stage"))


def _run(name: str, main: Main, check: Check | None, news: News | None, arguments: argparse.Namespace) -> None:
    config = load(arguments.profile, settings_in(arguments), arguments.settings)
    load_source(config.landing.source)  # a wrong one is told before anything starts
    _outcome().tell(run_id=config.lake.run_id, lake=config.lake.root)
    if arguments.dry_run:
        say(json.dumps(config.model_dump(mode="json"), indent=2, sort_keys=True))
        return
    if check and arguments.check:
        _check(name, check, config, arguments.check)
        return
    spark = open_session(f"lakerec {name}")
    Lakehouse(spark, config.lake).require_writable()
    try:
        if news and arguments.follow:
            _follow(name, main, news, spark, config, arguments.every)
        else:
            _run_once(name, main, spark, config)
    finally:
        spark.stop()


def _run_once(name: str, main: Main, spark: SparkSession, config: Config) -> None:
    """All stages, what they wrote in profile, and a row for each stage."""
    lake = Lakehouse(spark, config.lake)
    try:
        stage(name, main, spark, config)
        _profile(lake)
    finally:
        _record(lake, name, stages_so_far())
    if config.fail_on_held and any(record.counts.get("held_files") for record in stages_so_far()):
        raise HeldFilesError("bronze.files: files were held back; see their reasons there.")


def _follow(name: str, main: Main, news: News, spark: SparkSession, config: Config, seconds: float) -> None:
    """Round after round, each a run of its own; one that finds nothing to do leaves no row."""
    for number in rounds(seconds):
        lake = Lakehouse(spark, config.lake.model_copy(update={"run_id": f"{config.lake.run_id}-{number}"}))
        _outcome().stages.clear()
        if is_news(stage(name, main, spark, config.model_copy(update={"lake": lake.settings}))):
            _record(lake, name, stages_so_far())
            say(f"  {news(lake, lake.now)}")
    say("told to stop; every batch that was begun is written")


def _check(name: str, check: Check, config: Config, file: Path) -> None:
    """Touches no lake."""
    if not file.is_file():
        raise LandingError(f"--check: no file '{file}'.")
    spark = open_session(f"lakerec {name} --check")
    try:
        say(check(spark, config, file, datetime.now(UTC)))
    finally:
        spark.stop()


def _record(lake: Lakehouse, job: str, stages: list[StageRun]) -> None:
    rows = [_row(lake, job, record) for record in stages]
    if rows:
        lake.append(STAGE_RUNS, rows)


def _profile(lake: Lakehouse) -> None:
    """What this run wrote, measured without another pass over it."""
    rows: list[tuple[Any, ...]] = []
    for table in (table for table in TABLES if table.layer != TABLE_HEALTH.layer):
        location = lake.location(table)
        if written := written_by(lake.settings.run_id, location):
            rows += profile(table, location, written, lake.settings.run_id, lake.now)
    if rows:
        lake.append(TABLE_HEALTH, rows)


def _row(lake: Lakehouse, job: str, record: StageRun) -> tuple[Any, ...]:
    rows_in, rejected = record.counts.get("rows_in"), record.counts.get("rows_rejected")
    return (
        lake.settings.run_id,
        job,
        record.stage,
        rows_in,
        record.counts.get("rows_out"),
        rejected,
        record.counts.get("rows_duplicate"),
        record.seconds,
        rows_in / record.seconds if rows_in else None,
        (rejected or 0) / rows_in if rows_in else None,
        json.dumps(record.counts, sort_keys=True),
        record.started_at,
        record.status,
        lake.spark.sparkContext.defaultParallelism,
    )
