"""Engines side by side: each in a process of its own, asked in turn, measured from outside.

An engine is a command that reads requests from its standard input, a line of JSON each, and answers each with a line
of JSON once the work is done. What it says otherwise goes to its log. Wall time, cpu seconds and memory are those of
its whole process tree: Python, JVM and Python workers.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import Usage, measured
from benchmarks.spark import REPOSITORY, local_environment

Request = Mapping[str, Any]


class Measure(NamedTuple):
    """One request to one engine."""

    engine: str
    round: int
    request: Request
    usage: Usage
    answer: dict[str, Any]


class Engine:
    """A process that answers requests, with two threads at most and one for BLAS."""

    def __init__(self, name: str, module: str, arguments: list[str], log: Path) -> None:
        """Start it.

        Args:
            name: given to the module as `--engine`.
            module: to run with Python.
            arguments: further ones.
            log: file for what it says.
        """
        self.name = name
        environment = {**os.environ, **local_environment(), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", module, "--engine", name, *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), env=environment,
            cwd=REPOSITORY, text=True,
        )  # fmt: skip

    def ask(self, request: Request) -> tuple[Usage, dict[str, Any]]:
        """Have it do something."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with measured(0.2, self.process.pid) as usage:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = next((line for line in self.process.stdout if line.startswith("{")), None)
        if answer is None:
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}; see its log")
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
    """Inside an engine: the work is done."""
    print(json.dumps(values), flush=True)


def in_turn(engines: list[Engine], asked: list[Request], rounds: int) -> list[Measure]:
    """Every request to every engine in every round; the engine that begins changes from round to round."""
    measures = []
    for number in range(rounds):
        turn = number % len(engines)
        for engine in engines[turn:] + engines[:turn]:
            for request in asked:
                usage, answered = engine.ask(request)
                measures.append(Measure(engine.name, number + 1, request, usage, answered))
                used = f"{usage.wall:.2f} s, {usage.cpu:.2f} cpu s, {usage.peak_bytes / 1e9:.1f} GB"
                print(f"round {number + 1} {engine.name} {dict(request)}: {used}", file=sys.stderr, flush=True)
    return measures


class Figure(NamedTuple):
    """One number of an engine in a round, such as cpu seconds an iteration; small is good."""

    name: str
    of: Callable[[list[Measure]], float]


def table(measures: list[Measure], figures: list[Figure], reference: str) -> str:
    """Markdown: per engine and figure median, smallest and largest over the rounds, and the same of the ratio.

    Args:
        reference: the engine that ratios are about: above 1, it is the better one.
    """
    engines = list(dict.fromkeys(measure.engine for measure in measures))
    lines = [f"| engine | figure | median | min | max | {reference} is better by | min | max |", "|---" * 8 + "|"]
    for figure in figures:
        own = _per_round(measures, reference, figure)
        for engine in engines:
            values = _per_round(measures, engine, figure)
            ratios = [value / mine for value, mine in zip(values, own, strict=True)]
            cells = [f"{number:.3g}" for number in (*_spread(values), *_spread(ratios))]
            lines.append(f"| {engine} | {figure.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _per_round(measures: list[Measure], engine: str, figure: Figure) -> list[float]:
    rounds = sorted({measure.round for measure in measures})
    return [figure.of([m for m in measures if m.engine == engine and m.round == number]) for number in rounds]


def _spread(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)
