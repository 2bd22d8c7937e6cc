"""What a process tree uses: cpu seconds and memory of a benchmark, its JVM and its Python workers together (Linux)."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_OF_THE_TIME = 0.02
"""Of one core, for looking: what is measured needs it too."""


@dataclass
class Usage:
    """Of one measured block: wall and cpu seconds, and the highest memory seen (proportional set size, bytes)."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_bytes: int = 0


@contextmanager
def measured(seconds_between_looks: float = 0.2, root: int | None = None) -> Iterator[Usage]:
    """Measure the block by looking now and then.

    Short peaks are missed, and what ended processes did since the last look: nobody inherits the times of Spark's
    Python workers, as their parent ignores that they end.

    Args:
        seconds_between_looks: at memory and times; longer where a look takes long.
        root: process whose tree is measured; null: this one.
    """
    usage, is_done = Usage(), threading.Event()
    before = ticks(family(root))
    seen, wall = dict(before), time.perf_counter()

    def look() -> None:
        pause = seconds_between_looks
        while not is_done.wait(pause):
            began, processes = time.thread_time(), family(root)
            usage.peak_bytes = max(usage.peak_bytes, memory_bytes(processes))
            seen.update(ticks(processes))
            pause = max(seconds_between_looks, (time.thread_time() - began) / MOST_OF_THE_TIME)

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        yield usage
    finally:
        usage.wall = time.perf_counter() - wall
        is_done.set()
        watch.join()
        seen.update(ticks(family(root)))
        usage.cpu = (sum(seen.values()) - sum(before.values())) / os.sysconf("SC_CLK_TCK")


def ticks(processes: Iterable[int]) -> dict[tuple[int, str], int]:
    """User and system time of each process, by its number and when it began; without those that ended."""
    found = {}
    for pid in processes:
        try:
            fields = _stat(pid)
        except OSError:
            continue  # ended while we looked
        found[pid, fields[19]] = int(fields[11]) + int(fields[12])
    return found


def memory_bytes(processes: Iterable[int]) -> int:
    """Proportional set size of all processes together: shared pages count once."""
    total = 0
    for pid in processes:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def family(root: int | None = None) -> set[int]:
    """A process, or this one, and its living descendants."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(_stat(int(entry.name))[1])
        except OSError:
            continue
    found = {root or os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
