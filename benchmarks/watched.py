"""A run of the pipeline watched from outside, stage by stage: cpu seconds, memory, and what Spark worked on.

A stage ends where the run says so on its console. Its work is read from Spark's event log afterwards, by when each task
ended; a run that keeps such a log takes a few seconds longer.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.door import DOOR
from benchmarks.measure import Usage, measured
from benchmarks.spark_work import Task, read_tasks, within, work_lines


def run_watched(job: str, folder: Path, lake: Path, cores: Sequence[int], flags: Sequence[str]) -> dict[str, Any]:
    """Run a job on the landing zone of a folder: its result file, each stage with what it used.

    Args:
        cores: numbers of the processors that it may use; none: all.
    """
    result, events = folder / "result.json", Path(tempfile.mkdtemp(dir=folder, prefix="events-"))
    places = [f"--lake={lake}", f"--landing={folder / 'landing'}", f"--result-json={result}"]
    kept = {"enabled": "true", "compress": "false", "dir": str(events)}
    logged = ["--", *(word for key, value in kept.items() for word in ("--conf", f"spark.eventLog.{key}={value}"))]
    bound = ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []
    result.unlink(missing_ok=True)
    try:
        used = _use_of_stages([*bound, str(DOOR), job, *places, *flags, *logged])
        found = json.loads(result.read_text())
        tasks = read_tasks(events)
        for stage in found["stages"][1:]:
            stage |= used.get(stage["stage"], {}) | _work(tasks, stage)
    finally:
        shutil.rmtree(events)
    return found


def bytes_of(folder: Path) -> int:
    """Of all files below it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _use_of_stages(command: list[str]) -> dict[str, dict[str, float]]:
    """What was used up to the line of each stage, since the line before it; the first includes the start of Spark."""
    used: dict[str, dict[str, float]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        while True:
            with measured(root=process.pid) as usage:
                name = _next_stage(lines)
            if name is None:
                return used
            used[name] = _as_counts(usage)


def _next_stage(lines: Iterator[str]) -> str | None:
    """Name of the stage that has ended; None: so has the run. A stage's line begins `ingest_events   12.3 s`."""
    for line in lines:
        words = line.split()
        if len(words) > 2 and words[2] == "s" and words[1].replace(".", "").isdigit() and not line.startswith(" "):
            return words[0]
    return None


def _as_counts(usage: Usage) -> dict[str, float]:
    return {"cpu_seconds": usage.cpu, "peak_bytes": usage.peak_bytes}


def _work(tasks: Sequence[Task], stage: dict[str, Any]) -> dict[str, Any]:
    began = datetime.fromisoformat(stage["started_at"]).replace(tzinfo=UTC).timestamp()
    own = within(tasks, began, stage["seconds"])
    return {
        "shuffle_bytes": sum(task.shuffled for task in own),
        "spilled_bytes": sum(task.spilled for task in own),
        "work": list(work_lines(own, stage["seconds"])),
    }
