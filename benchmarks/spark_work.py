"""Where the time of a stage of the pipeline goes, by Spark's event log: what its tasks computed, and when none ran.

Only one thread of a task is at work: what it takes beyond its own cpu time it waits, above all for its Python worker.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Event = Mapping[str, Any]

_PASSED_ON = {"InputAdapter", "Project", "ColumnarToRow", "AQEShuffleRead", "map", "mapPartitions", "parallelize"}
"""Nodes that say nothing of what is computed."""
_TABLE_STATE = re.compile(r" #\d+ - .*")
"""Which version of which table's log is read: `Delta Table State #3 - file:///lake/silver/events`."""


class Task(NamedTuple):
    """One task that ended.

    Attributes:
        operators: what it computed, from the source on.
        began, ended: seconds since 1970.
        cpu_seconds: of its own thread.
        shuffled, spilled: bytes that it wrote for others, and that it had no memory for.
    """

    operators: str
    began: float
    ended: float
    cpu_seconds: float
    shuffled: int
    spilled: int


def read_tasks(folder: Path) -> list[Task]:
    """All tasks of the event logs below a folder."""
    files = sorted(path for path in folder.rglob("events_*") if path.is_file())
    return [task for file in files for task in _tasks(file)]


def within(tasks: Iterable[Task], began: float, seconds: float) -> list[Task]:
    """Those that ended in a span of time."""
    return [task for task in tasks if began <= task.ended <= began + seconds]


def work_lines(tasks: Sequence[Task], seconds: float, most: int = 8) -> Iterator[str]:
    """A Markdown table of what took most task seconds, and how long no task ran.

    Args:
        tasks: of one stage.
        seconds: that it took.
    """
    by_operators: dict[str, list[Task]] = {}
    for task in tasks:
        by_operators.setdefault(task.operators, []).append(task)
    longest = sorted(by_operators.items(), key=lambda each: -_run_seconds(each[1]))
    yield "| computed | tasks | task s | of it own cpu s | shuffled MB |"
    yield "|---|---:|---:|---:|---:|"
    rest = [task for _, own in longest[most:] for task in own]
    for operators, own in [*longest[:most], *([("all else", rest)] if rest else [])]:
        cpu, shuffled = sum(task.cpu_seconds for task in own), sum(task.shuffled for task in own) / 1e6
        yield f"| {operators} | {len(own):,} | {_run_seconds(own):.1f} | {cpu:.1f} | {shuffled:,.0f} |"
    yield ""
    idle = max(0.0, seconds - _busy_seconds(tasks))
    yield f"No task ran in {idle:.1f} of {seconds:.1f} s: planning, commits, the driver."


def _tasks(file: Path) -> Iterator[Task]:
    """Stages are told of when they end, after their tasks; what a query computes while it runs, and it may change."""
    plans: dict[str, dict[str, list[str]]] = {}
    executions: dict[int, str] = {}
    ended: dict[int, list[Event]] = {}
    with file.open(encoding="utf-8") as log:
        for event in _events(log):
            match event["Event"].rpartition(".")[2]:
                case "SparkListenerSQLExecutionStart" | "SparkListenerSQLAdaptiveExecutionUpdate":
                    plans.setdefault(str(event["executionId"]), {}).update(_compiled(event["sparkPlanInfo"]))
                case "SparkListenerJobStart":
                    execution = (event.get("Properties") or {}).get("spark.sql.execution.id", "")
                    executions |= dict.fromkeys(event["Stage IDs"], execution)
                case "SparkListenerTaskEnd":
                    ended.setdefault(event["Stage ID"], []).append(event)
                case "SparkListenerStageCompleted":
                    stage = event["Stage Info"]
                    operators = _operators(stage, plans.get(executions.get(stage["Stage ID"], ""), {}))
                    yield from (_task(task, operators) for task in ended.pop(stage["Stage ID"], []))


def _events(log: Iterable[str]) -> Iterator[Event]:
    """Up to where a run that was killed left half a line."""
    for line in log:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return


def _task(event: Event, operators: str) -> Task:
    metrics = event.get("Task Metrics") or {}
    return Task(
        operators=operators,
        began=event["Task Info"]["Launch Time"] / 1e3,
        ended=event["Task Info"]["Finish Time"] / 1e3,
        cpu_seconds=metrics.get("Executor CPU Time", 0) / 1e9,
        shuffled=metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0),
        spilled=metrics.get("Disk Bytes Spilled", 0),
    )


def _operators(stage: Event, compiled: Mapping[str, list[str]]) -> str:
    """Names of a stage's operators, each once, from the source on."""
    names = []
    for rdd in sorted(stage["RDD Info"], key=lambda rdd: rdd["RDD ID"]):
        scope = json.loads(rdd.get("Scope", "{}")).get("name", "").strip()
        names += compiled.get(scope, [scope])
    names = [_TABLE_STATE.sub("", name) for name in names]
    return ", ".join(dict.fromkeys(name for name in names if name and name not in _PASSED_ON)) or "other"


def _compiled(node: Event) -> dict[str, list[str]]:
    """By name of each compiled part of a plan, such as `WholeStageCodegen (3)`, its operators, the first one first."""
    found: dict[str, list[str]] = {}
    for child in node["children"]:
        found |= _compiled(child)
    if node["nodeName"].startswith("WholeStageCodegen"):
        found[node["nodeName"].strip()] = list(_inside(node))[::-1]
    return found


def _inside(node: Event) -> Iterator[str]:
    for child in node["children"]:
        if child["nodeName"] != "InputAdapter":
            yield child["nodeName"].strip()
            yield from _inside(child)


def _run_seconds(tasks: Iterable[Task]) -> float:
    return sum(task.ended - task.began for task in tasks)


def _busy_seconds(tasks: Iterable[Task]) -> float:
    """How long at least one of them ran."""
    total, last = 0.0, 0.0
    for task in sorted(tasks, key=lambda task: task.began):
        total += max(0.0, task.ended - max(task.began, last))
        last = max(last, task.ended)
    return total
