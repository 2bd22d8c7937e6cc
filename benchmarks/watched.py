"""A run of the pipeline watched from outside, stage by stage: cpu seconds, memory, and what Spark worked on.

A stage ends where the run says so on its console. Its work is read from Spark's event log afterwards, by when each task
ended; a run that keeps such a log takes a few seconds longer. What is known of a stage is kept at once: a run that
broke off goes on in the same lake, and its ended stages are not measured again.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.door import DOOR
from benchmarks.measure import measured
from benchmarks.scale_prices import Stage
from benchmarks.spark_work import Task, read_tasks, within, work_lines
from lakerec.errors import LakerecError

_ENDED = re.compile(r"(?P<stage>\w+) +(?P<seconds>\d+\.\d) s   (?P<counts>.*)")
_COUNT = re.compile(r"([\d,]+) (\S+(?: \S+)*)")


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
    for stage in _stages_of([*bound, str(DOOR), job, *places, *flags, "--", *_logging_to(events)]):
        if stage["stage"] not in {job, *ended}:
            stages.append({**stage, "is_whole": is_new or len(stages) > len(ended)})
            notes.write_text(json.dumps(stages))
    found = json.loads(result.read_text()) if result.exists() else {"exit_code": 1, "error": "it left no result"}
    if found["exit_code"]:
        raise LakerecError(f"{job} ended with {found['exit_code']}: {found['error']}")
    tasks = read_tasks(events)
    return [stage | _work(tasks, stage) for stage in stages]


def bytes_of(folder: Path) -> int:
    """Of all files below it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _logging_to(events: Path) -> list[str]:
    kept = {"enabled": "true", "compress": "false", "dir": str(events)}
    return [word for key, value in kept.items() for word in ("--conf", f"spark.eventLog.{key}={value}")]


def _stages_of(command: list[str]) -> Iterator[Stage]:
    """What was used up to the line of each stage, since the line before it; the first includes the start of Spark."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        while True:
            with measured(root=process.pid) as usage:
                stage = _next_stage(lines)
            if stage is None:
                return
            yield stage | {"cpu_seconds": usage.cpu, "peak_bytes": usage.peak_bytes}


def _next_stage(lines: Iterator[str]) -> Stage | None:
    """The stage that has ended, by its line such as `ingest_events   12.3 s   5 files`; None: so has the run."""
    for match in filter(None, map(_ENDED.match, lines)):
        seconds = float(match["seconds"])
        counts = {
            name.replace(" ", "_"): int(count.replace(",", "")) for count, name in _COUNT.findall(match["counts"])
        }
        began = datetime.fromtimestamp(time.time() - seconds, UTC).isoformat()
        return {"stage": match["stage"], "started_at": began, "seconds": seconds, "status": "done", "counts": counts}
    return None


def _work(tasks: Sequence[Task], stage: Stage) -> dict[str, Any]:
    own = within(tasks, datetime.fromisoformat(stage["started_at"]).timestamp(), stage["seconds"])
    return {
        "shuffle_bytes": sum(task.shuffled for task in own),
        "spilled_bytes": sum(task.spilled for task in own),
        "work": list(work_lines(own, stage["seconds"])),
    }
