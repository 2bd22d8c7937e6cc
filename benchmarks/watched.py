"""A run of the pipeline watched from outside, stage by stage: cpu seconds, memory, and what Spark worked on.

A stage ends where the run's result file says so. Its work is read from Spark's event log afterwards, by when each task
ended; a run that keeps such a log takes a few seconds longer. What is known of a stage is kept at once: a run that
broke off goes on in the same lake, and its ended stages are not measured again.
"""

import itertools
import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.door import DOOR
from benchmarks.measure import measured
from benchmarks.scale_prices import Stage
from benchmarks.spark_work import Task, read_tasks, within, work_lines
from lakerec.errors import LakerecError
from lakerec.whole_files import write_whole


def run_watched(job: str, folder: Path, landing: Path, cores: Sequence[int], flags: Sequence[str]) -> list[Stage]:
    """Run a job until it ends well: each of its stages with what it used.

    Args:
        folder: gets the lake, Spark's event log and what is known of the stages; they stay.
        cores: numbers of the processors that it may use; none: all.

    Raises:
        LakerecError: the job failed.
    """
    events, notes, result = folder / "events", folder / "stages.json", folder / "result.json"
    is_new = not (folder / "lake").exists()
    events.mkdir(parents=True, exist_ok=True)
    result.unlink(missing_ok=True)
    stages: list[Stage] = json.loads(notes.read_text()) if notes.exists() else []
    ended = {stage["stage"] for stage in stages}
    bound = ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []
    places = [f"--lake={folder / 'lake'}", f"--landing={landing}", f"--result-json={result}"]
    for stage in _stages_of([*bound, str(DOOR), job, *places, *flags, "--", *_logging_to(events)], result):
        if stage["stage"] not in ended:
            stages.append({**stage, "is_whole": is_new or len(stages) > len(ended)})
            write_whole(notes, json.dumps(stages))
    found = json.loads(result.read_text()) if result.exists() else {"status": "not begun", "error": None}
    if found["status"] != "done":
        raise LakerecError(f"{job} ended as '{found['status']}': {found['error']}")
    tasks = read_tasks(events)
    return [stage | _work(tasks, stage) for stage in stages]


def bytes_of(folder: Path) -> int:
    """Of all files below it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _logging_to(events: Path) -> list[str]:
    kept = {"enabled": "true", "compress": "false", "dir": str(events)}
    return [word for key, value in kept.items() for word in ("--conf", f"spark.eventLog.{key}={value}")]


def _stages_of(command: list[str], result: Path) -> Iterator[Stage]:
    """What was used up to the end of each stage since the one before; the first includes the start of Spark."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        for number in itertools.count():
            with measured(root=process.pid) as usage:
                stage = _ended_stage(number, lines, result)
            if stage is None:
                return
            yield stage | {"cpu_seconds": usage.cpu, "peak_bytes": usage.peak_bytes}


def _ended_stage(number: int, lines: Iterator[str], result: Path) -> Stage | None:
    """Wait until so many stages have ended before this one, and it; None: the run has ended first.

    Args:
        lines: of the console, where something is said when a stage has ended.
        result: the run's file.
    """
    for _ in lines:
        stages = json.loads(result.read_text())["stages"] if result.exists() else []
        ended = [stage for stage in stages[1:] if stage["status"] == "done"]  # the first is the job itself
        if len(ended) > number:
            return ended[number]
    return None


def _work(tasks: Sequence[Task], stage: Stage) -> dict[str, Any]:
    own = within(tasks, datetime.fromisoformat(stage["started_at"]).timestamp(), stage["seconds"])
    return {
        "shuffle_bytes": sum(task.shuffled for task in own),
        "spilled_bytes": sum(task.spilled for task in own),
        "work": list(work_lines(own, stage["seconds"])),
    }
