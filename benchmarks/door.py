"""Starting the door as a user would, and what that used."""

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.measure import Usage, measured

DOOR = Path(__file__).parents[1] / "spark-submit.sh"


def start(job: str, folder: Path, *flags: str) -> tuple[dict[str, Any], Usage]:
    """Run a job on the lake and the landing zone below a folder: its result file, and what it used."""
    places = [f"--lake={folder / 'lake'}", f"--landing={folder / 'landing'}", f"--result-json={folder / 'result.json'}"]
    with measured() as usage:
        subprocess.run([DOOR, job, *places, *flags], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads((folder / "result.json").read_text()), usage


def said(usage: Usage) -> str:
    """Wall and cpu seconds, and memory."""
    return f"{usage.wall:.1f} s, {usage.cpu:.1f} cpu s, at most {usage.peak_bytes / 1e9:.2f} GB"
