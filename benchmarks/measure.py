"""What a process tree uses: cpu seconds and memory of a benchmark, its JVM and its Python workers together (Linux)."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Usage:
    """Of one measured block: wall and cpu seconds, and the highest memory seen (proportional set size, bytes)."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_bytes: int = 0


@contextmanager
def measured(seconds_between_looks: float = 0.5, root: int | None = None) -> Iterator[Usage]:
    """Measure the block; memory is looked at now and then, so that short peaks may be missed.

    Args:
        seconds_between_looks: at the memory.
        root: process whose tree is measured; null: this one.
    """
    usage, is_done = Usage(), threading.Event()

    def look() -> None:
        while not is_done.wait(seconds_between_looks):
            usage.peak_bytes = max(usage.peak_bytes, memory_bytes(root))

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    wall, cpu = time.perf_counter(), cpu_seconds(root)
    try:
        yield usage
    finally:
        usage.wall, usage.cpu = time.perf_counter() - wall, cpu_seconds(root) - cpu
        is_done.set()
        watch.join()


def cpu_seconds(root: int | None = None) -> float:
    """User and system time of a process, its children that ended, and its living descendants."""
    ticks = 0
    for pid in family(root):
        try:
            ticks += sum(map(int, _stat(pid)[11:15]))
        except OSError:
            continue  # ended while we looked
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_bytes(root: int | None = None) -> int:
    """Proportional set size of a process and its living descendants: shared pages count once."""
    total = 0
    for pid in family(root):
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
