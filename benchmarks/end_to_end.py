"""From a shop's raw log to lists for everybody, by lakerec and by what one would write instead.

    ./spark-submit.sh benchmark end_to_end [--events 60000] [--rounds 3] [--engines lakerec,pyspark,duckdb,pipeline]

`pyspark` is a plain script: Spark's JSON reader, MERGE into Delta, MLlib's ALS as it comes, recommendForAllUsers.
`duckdb` is a script without Spark: duckdb for the events, implicit for the model, Parquet files. `lakerec` does the
same by its own jobs as far as gold, with one model and its lists; what it does beyond the others stands in
`ways/lakerec_way.py`. `pipeline`, not by default, is the whole `run_pipeline`: two models, diagnosis, gate,
explanations, similar items, a release.

After the first round all have to have left the same: believed events with user, item, action and bot mark, and the
strengths of pairs to 1e-6. Lists are compared by length, by how many of the first ten are those of `lakerec`, and by
how customers like them in truth, which a generated shop can tell. They differ, as solvers begin with other random
factors and implicit has another penalty.

A round starts each engine as a new process, so the start of Python and Java counts. The shop has no lines that cannot
be read: Spark and duckdb take some of them for events.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from benchmarks.door import DOOR
from benchmarks.harness import Engine, Figure, Measure, anew, by_round
from benchmarks.report import Report, add_report_flag
from benchmarks.spark import on_two_threads, plain_environment
from benchmarks.ways.outputs import compare_lists, differences, read_outputs
from benchmarks.ways.task import Task
from lakerec.config import load

DAYS = 14
NARROW = {"recommend.only_available": False, "recommend.session_days": 0, "recommend.new_item_slots": 0}
FIGURES = [
    Figure("wall s", lambda m: m[0].usage.wall),
    Figure("cpu s", lambda m: m[0].usage.cpu),
    Figure("peak memory GB", lambda m: m[0].usage.peak_bytes / 1e9),
]


def main() -> None:
    """Compare and write a report."""
    options = _options()
    report = Report("end_to_end", __doc__, options.report)
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        report.say(generate(folder, options))
        names, measures = options.engines.split(","), []
        for number in range(1, options.rounds + 1):
            measures += anew(lambda name: start(name, folder, options), names, number)
            if number == 1:
                check(report, folder, names)
            for name in names:
                rmtree(folder / name)
    report.compare(by_round(measures, FIGURES), names[0])
    report.take_apart(stages(measures), "wall seconds")
    report.write()


def generate(folder: Path, options: argparse.Namespace) -> str:
    """A shop in `landing`, where there is none yet; its size."""
    users, items = options.users or options.events // 50, options.items or options.events // 200
    shop = {"events_per_day": options.events // DAYS, "days": DAYS, "user_count": users, "item_count": items}
    flags = [f"--set=shop.{name}={value}" for name, value in {**shop, "malformed_share": 0}.items()]
    if not (folder / "landing").exists():
        command = [DOOR, "generate_events", f"--landing={folder}/landing", *flags]
        subprocess.run(command, check=True, capture_output=True)
    made = json.loads((folder / "truth" / "settings.json").read_text())
    size = sum(file.stat().st_size for file in (folder / "landing").rglob("*.gz")) / 1e6
    lines = made["days"] * made["events_per_day"]
    counts = f"about {lines:,} lines, {made['user_count']:,} users, {made['item_count']:,} items"
    return f"{counts}; {size:,.1f} MB of compressed JSON"


def start(name: str, folder: Path, options: argparse.Namespace) -> Engine:
    """A process that is to go the way of this name."""
    als = {"als.solver": options.solver, "als.rank": options.rank, "als.max_iter": options.iterations}
    places = {"lake.root": f"{folder}/{name}/lake", "landing.root": f"{folder}/landing", "lake.run_id": "benchmark"}
    settings = load("local", {**NARROW, **als, **places}).model_dump(mode="json")
    file = Task(folder / "landing", folder / name, settings).write()
    variables = plain_environment() if name == "pyspark" else on_two_threads()
    return Engine(name, "benchmarks.ways.engine", ["--task", str(file)], folder / f"{name}.log", variables)


def check(report: Report, folder: Path, names: list[str]) -> None:
    """Say how the lists compare.

    Raises:
        SystemExit: events or strengths are not the same.
    """
    left = {name: read_outputs(name, folder / name) for name in names if name != "pipeline"}
    if wrong := list(differences(left)):
        sys.exit("\n".join(wrong))
    own = next(iter(left.values()))
    report.say(
        f"the same from {', '.join(left)}: {len(own.events):,} believed events, {len(own.strengths):,} strengths"
    )
    report.say(compare_lists(left, folder / "truth"))


def stages(measures: list[Measure]) -> dict[str, dict[str, float]]:
    """Median seconds by engine and stage."""
    found: dict[str, dict[str, float]] = {}
    for engine in dict.fromkeys(measure.engine for measure in measures):
        own = [measure.answer["stages"] for measure in measures if measure.engine == engine]
        found[engine] = {name: statistics.median(each[name] for each in own) for name in own[0]}
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"events": 60_000, "rounds": 3, "rank": 16, "iterations": 10}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--users", type=int, help="default: one for 50 events")
    parser.add_argument("--items", type=int, help="default: one for 200 events")
    parser.add_argument("--solver", default="cg", help="of lakerec; default: %(default)s")
    parser.add_argument("--engines", default="lakerec,pyspark,duckdb", help="the first is what ratios are about")
    parser.add_argument("--folder", type=Path, help="where the shop is made, or is already; default: a temporary one")
    add_report_flag(parser, "end_to_end")
    return parser.parse_args()


if __name__ == "__main__":
    main()
