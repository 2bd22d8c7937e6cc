"""Doing a job again and again, until the process is told to stop; what it is at is brought to a clean end first."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
# Where the door learns whom to tell: it stands between the terminal and this process, and Java between the two.
PID_FILE = "LAKEREC_DRIVER_PID_FILE"

_STOP = threading.Event()


def seconds_of(text: str) -> float:
    """`30s`, `5m`, `1h` or a number of seconds, in seconds.

    Raises:
        ValueError: it is none of these.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found:
        raise ValueError(f"'{text}' is no duration such as 30s, 5m or 1h")
    return float(found[1]) * UNITS[found[2]]


def is_stopping() -> bool:
    """Whether the process was told to stop: work that comes in batches begins no further one."""
    return _STOP.is_set()


def rounds(seconds: float) -> Iterator[int]:
    """1, 2, 3, ... with a pause between the end of a round and the next, until SIGTERM or SIGINT."""
    number = 0
    with _told_by_signals():
        while not is_stopping():
            number += 1
            yield number
            _STOP.wait(seconds)


@contextmanager
def _told_by_signals() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        _STOP.set()

    _STOP.clear()
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    if file := os.environ.get(PID_FILE):
        Path(file).write_text(str(os.getpid()))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
