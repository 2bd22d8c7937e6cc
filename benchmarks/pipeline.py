"""The whole pipeline from an empty lake, and again with nothing new: seconds, cpu seconds and memory of all processes.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/pipeline.py [--events-per-day 72000] [--days 14] [--folder DIR]

Starts the door as a user would, on a shop that is generated before the clock starts. The goals are for a million events
on two cores: 360 s, 5 GB, and 45 s with nothing new.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.door import said, start


def main() -> None:
    """Measure both runs and print them."""
    options = _options()
    names = ("user_count", "item_count", "events_per_day", "days")
    shop = [f"--set=shop.{name}={getattr(options, name)}" for name in names]
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        generated, usage = start("generate_events", folder, *shop)
        print(f"generate_events  {generated['counts']['rows_out']:,} lines  {said(usage)}")
        for name in ("from an empty lake", "nothing new"):
            result, usage = start("run_pipeline", folder, *shop)
            print(f"\n{name}: {said(usage)}, exit code {result['exit_code']}")
            for stage in result["stages"][1:]:
                rows = "  ".join(
                    f"{value:,} {what.replace('_', ' ')}" for what, value in stage["counts"].items() if value
                )
                print(f"  {stage['stage']:<20}{stage['seconds']:>8.1f} s   {rows}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"user-count": 20_000, "item-count": 5_000, "events-per-day": 72_000, "days": 14}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", help="where lake and landing are made; default: the machine's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
