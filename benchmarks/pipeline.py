"""The whole pipeline from an empty lake, and again with nothing new: seconds, cpu seconds and memory of all processes.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/pipeline.py [--events-per-day 72000] [--days 14] [--folder DIR]

Starts the door as a user would, on a shop that is generated before the clock starts. The goals are for a million events
on two cores: 360 s, 5 GB, and 45 s with nothing new.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Usage, measured

DOOR = Path(__file__).parents[1] / "spark-submit.sh"


def main() -> None:
    """Measure both runs and print them."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        generated, usage = start("generate_events", folder, options)
        print(f"generate_events  {generated['counts']['rows_out']:,} lines  {_said(usage)}")
        for name in ("from an empty lake", "nothing new"):
            result, usage = start("run_pipeline", folder, options)
            print(f"\n{name}: {_said(usage)}, exit code {result['exit_code']}")
            for stage in result["stages"][1:]:
                rows = "  ".join(
                    f"{value:,} {what.replace('_', ' ')}" for what, value in stage["counts"].items() if value
                )
                print(f"  {stage['stage']:<20}{stage['seconds']:>8.1f} s   {rows}")


def start(job: str, folder: Path, options: argparse.Namespace) -> tuple[dict[str, Any], Usage]:
    """A job through the door: its result file, and what it used."""
    names = ("user_count", "item_count", "events_per_day", "days")
    shop = [f"--set=shop.{name}={getattr(options, name)}" for name in names]
    places = [f"--lake={folder / 'lake'}", f"--landing={folder / 'landing'}", f"--result-json={folder / 'result.json'}"]
    with measured() as usage:
        subprocess.run([DOOR, job, *places, *shop], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads((folder / "result.json").read_text()), usage


def _said(usage: Usage) -> str:
    return f"{usage.wall:.1f} s, {usage.cpu:.1f} cpu s, at most {usage.peak_bytes / 1e9:.2f} GB"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"user-count": 20_000, "item-count": 5_000, "events-per-day": 72_000, "days": 14}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", help="where lake and landing are made; default: the machine's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
