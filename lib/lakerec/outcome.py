"""What a run has done so far, and a file that says so while it goes on.

A run that was killed leaves its file as it was then: status `running`, no exit code, and every stage that had ended.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lakerec.whole_files import write_whole


@dataclass
class StageRun:
    """What one stage did."""

    stage: str
    started_at: datetime
    seconds: float = 0.0
    status: str = "running"
    counts: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """For the console."""
        shown = "  ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in self.counts.items() if value)
        return f"{self.stage:<20} {self.seconds:>7.1f} s   {shown or ('nothing new' if self.counts else 'done')}"


class Outcome:
    """Status, exit code and stages of a run; where there is a file, it is replaced whole by every change."""

    def __init__(self, job: str, file: Path | None = None) -> None:
        """A run that begins; `file` is that of `--result-json`."""
        self.stages: list[StageRun] = []
        self._file = file
        self._known: dict[str, Any] = {"job": job, "status": "running", "exit_code": None, "error": None}

    def tell(self, **known: Any) -> None:
        """Add what is known, and write all of it."""
        self._known |= known
        if not self._file:
            return
        stages = [vars(stage) for stage in self.stages]
        counts = {"counts": self.stages[0].counts} if self.stages else {}
        text = json.dumps({**self._known, **counts, "stages": stages}, indent=2, sort_keys=True, default=str)
        write_whole(self._file, f"{text}\n")
