"""One more day into many: what it costs beside the full run, for ingest, clean and daily aggregation.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/one_more_day.py [--days 60] [--events-per-day 16700] [--more-days 3]

A line for the full run from an empty lake, one for each day after it in the same session, and one for a further day in
a session of its own, whose Java has everything still to compile. What only single days need is compiled on the first
of those in the same session. Cpu seconds are those of the three stages in the whole process tree, without the start
of Spark. What every strength is worth by now (gold.interactions, item_popularity) is of all history by its nature and
shown apart. The goal is 3 % of the full run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.spark import local_environment

GOAL = 0.03


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.until:
        print(json.dumps([run_until(options, days) for days in options.until]))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run the sessions one after the other, and print what each day cost."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        last = options.days + options.more_days
        full, *warm = _in_a_process(options, folder, list(range(options.days, last + 1)))
        (cold,) = _in_a_process(options, folder, [last + 1])
    more = {f"day {number} more": day for number, day in enumerate(warm, start=1)}
    print(f"{'':<28}{'wall s':>9}{'cpu s':>9}{'share':>8}   stages (wall s)")
    for name, found in {"full run": full, **more, "a day, new session": cold}.items():
        stages = "  ".join(f"{stage} {seconds:.1f}" for stage, seconds in found["stages"].items())
        print(f"{name:<28}{found['wall']:>9.1f}{found['cpu']:>9.1f}{found['cpu'] / full['cpu']:>8.1%}   {stages}")
        print(f"{'':<54}   {found['days_cleaned']} days cleaned, {found['days_counted']} counted; projection apart")
    print(f"{full['rows']:,} events in {options.days} days; goal {GOAL:.0%}")


def run_until(options: argparse.Namespace, days: int) -> dict[str, Any]:
    """Generate the shop up to a day, and bring bronze, silver and gold up to date."""
    from benchmarks.measure import measured
    from jobs import aggregate_feedback, clean_events, generate_events, ingest_events
    from lakerec.config import load
    from lakerec.lakehouse import Lakehouse
    from lakerec.session import open_session

    places = {"lake.root": f"{options.folder}/lake", "landing.root": f"{options.folder}/landing"}
    shop = {"shop.days": days, "shop.events_per_day": options.events_per_day, "shop.user_count": options.users}
    config = load("local", {**places, **shop, "shop.item_count": options.items, "lake.run_id": f"until day {days}"})
    spark = open_session("one_more_day")
    generate_events.main(spark, config)
    lake = Lakehouse(spark, config.lake)
    jobs = {
        "ingest": lambda: ingest_events.main(spark, config),
        "clean": lambda: clean_events.main(spark, config),
        "aggregate days": lambda: aggregate_feedback.aggregate_days(lake, config),
    }
    stages, cpu, counts = {}, 0.0, {}
    for name, job in jobs.items():
        with measured() as stage:
            counts[name] = job()
        stages[name] = stage.wall
        cpu += stage.cpu
    wall = sum(stages.values())
    with measured() as stage:
        aggregate_feedback.project(lake, config)
    stages["project"] = stage.wall
    return {
        "wall": wall,
        "cpu": cpu,
        "stages": stages,
        "rows": counts["aggregate days"]["rows_in"],
        "days_cleaned": counts["clean"]["days"],
        "days_counted": counts["aggregate days"]["days"],
    }


def _in_a_process(options: argparse.Namespace, folder: str, until: list[int]) -> list[dict[str, Any]]:
    flags = [f"--events-per-day={options.events_per_day}", f"--users={options.users}", f"--items={options.items}"]
    command = [sys.executable, __file__, f"--folder={folder}", *flags, "--until", *map(str, until)]
    environment = {**os.environ, **local_environment()}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"days": 60, "more-days": 3, "events-per-day": 16_700, "users": 20_000, "items": 5_000}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", help="where lake and landing are made; default: the machine's temporary folder")
    parser.add_argument("--until", type=int, nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
