"""A process that goes one way once: `--engine NAME --task FILE`."""

import argparse
from importlib import import_module

import psutil

from benchmarks.harness import answer, requests
from benchmarks.ways.task import Stages, Task


def main() -> None:
    """Wait for the request, and answer with the seconds of the stages; the first one began with the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--task", required=True)
    options = parser.parse_args()
    for _ in requests():
        stages = Stages(psutil.Process().create_time())
        import_module(f"benchmarks.ways.{options.engine}_way").run(Task.read(options.task), stages)
        answer(stages=stages.seconds)


if __name__ == "__main__":
    main()
