"""What every way has to do, and a clock for its stages. Imports nothing that a way would not need."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple


class Task(NamedTuple):
    """Where from, where to, and the settings that all ways share.

    Attributes:
        landing: delivered files, as `generate_events` writes them.
        target: a folder for what is made.
        settings: all of lakerec's, by section.
    """

    landing: Path
    target: Path
    settings: dict[str, Any]

    @classmethod
    def read(cls, file: str) -> "Task":
        """What `write` wrote."""
        told = json.loads(Path(file).read_text())
        return cls(Path(told["landing"]), Path(told["target"]), told["settings"])

    def write(self) -> Path:
        """Make the target and leave the task in it, as a file."""
        self.target.mkdir(parents=True)
        file = self.target / "task.json"
        file.write_text(json.dumps(self._asdict(), default=str))
        return file


class Stages:
    """Seconds of the stages of a way, one after the other.

    Args:
        began: when the first stage did; seconds since the epoch.
    """

    def __init__(self, began: float) -> None:
        self.seconds: dict[str, float] = {}
        self._last = began

    def ended(self, name: str) -> None:
        """All since the last stage was this one."""
        now = time.time()
        self.seconds[name] = now - self._last
        self._last = now
