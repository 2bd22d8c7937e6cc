"""Engines side by side: each in a process of its own, asked in turn, measured from outside.

An engine is a command that reads requests from its standard input, a line of JSON each, and answers each with a line
of JSON once the work is done. What it says otherwise goes to its log. Wall time, cpu seconds and memory are those of
its whole process tree: Python, JVM and Python workers.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from benchmarks.measure import Usage, measured
from benchmarks.rounds import Rounds
from benchmarks.spark import REPOSITORY, local_environment

Request = Mapping[str, Any]
Asked = TypeVar("Asked")


class Measure(NamedTuple):
    """One request to one engine."""

    engine: str
    round: int
    request: Request
    usage: Usage
    answer: dict[str, Any]


class Engine:
    """A process that answers requests, with two threads at most and one for BLAS."""

    def __init__(
        self, name: str, module: str, arguments: list[str], log: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        """Start it.

        Args:
            name: given to the module as `--engine`.
            module: to run with Python.
            arguments: further ones.
            log: file for what it says.
            variables: of its environment, where they are others than a job's.
        """
        self.name, self.log = name, log
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment = {**os.environ, **local_environment(), **threads, **(variables or {})}
        command = [sys.executable, "-m", module, "--engine", name, *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), env=environment,
            cwd=REPOSITORY, text=True,
        )  # fmt: skip

    def ask(self, request: Request, look_seconds: float = 0.2) -> tuple[Usage, dict[str, Any]]:
        """Have it do something.

        Args:
            look_seconds: between looks at the memory of its processes, which take a few milliseconds themselves.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with measured(look_seconds, self.process.pid) as usage:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = next((line for line in self.process.stdout if line.startswith("{")), None)
        if answer is None:
            said = "\n".join(self.log.read_text().splitlines()[-20:])  # the log may be in a folder that is deleted now
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}:\n{said}")
        return usage, json.loads(answer)

    def close(self) -> None:
        """End it; its Spark ends with it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


def requests() -> Iterator[dict[str, Any]]:
    """Inside an engine: what it is asked, until nobody asks any more."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(**values: object) -> None:
    """Inside an engine: the work is done. On a line of its own, whatever a progress bar has left of one."""
    print("\n" + json.dumps(values), flush=True)


def in_turn(engines: list[Engine], asked: list[Request], rounds: int) -> list[Measure]:
    """Every request to every engine in every round; the engine that begins changes from round to round."""
    return [
        _measure(engine, number, request)
        for number in range(1, rounds + 1)
        for engine in turned(engines, number)
        for request in asked
    ]


def anew(start: Callable[[str], Engine], names: list[str], number: int) -> list[Measure]:
    """One request to every engine in one round, each to a new process, whose start counts.

    Args:
        start: starts an engine, which is asked at once.
        number: of the round, from 1.
    """
    measures = []
    for name in turned(names, number):
        engine = start(name)
        measures.append(_measure(engine, number, {}, look_seconds=1))
        engine.close()
    return measures


def turned(engines: list[Asked], number: int) -> list[Asked]:
    """The order of a round, from 1: another one begins each time."""
    turn = (number - 1) % len(engines)
    return engines[turn:] + engines[:turn]


def _measure(engine: Engine, number: int, request: Request, look_seconds: float = 0.2) -> Measure:
    usage, answered = engine.ask(request, look_seconds)
    used = f"{usage.wall:.2f} s, {usage.cpu:.2f} cpu s, {usage.peak_bytes / 1e9:.1f} GB"
    print(f"round {number} {engine.name} {dict(request)}: {used}", file=sys.stderr, flush=True)
    return Measure(engine.name, number, request, usage, answered)


class Figure(NamedTuple):
    """One number of an engine in a round, such as cpu seconds an iteration; small is good."""

    name: str
    of: Callable[[list[Measure]], float]


def by_round(measures: list[Measure], figures: list[Figure]) -> list[Rounds]:
    """Each figure of each engine in each round."""
    engines = list(dict.fromkeys(measure.engine for measure in measures))
    return [Rounds(each.name, {engine: _values(measures, engine, each) for engine in engines}) for each in figures]


def _values(measures: list[Measure], engine: str, figure: Figure) -> list[float]:
    rounds = sorted({measure.round for measure in measures})
    return [figure.of([m for m in measures if m.engine == engine and m.round == number]) for number in rounds]
