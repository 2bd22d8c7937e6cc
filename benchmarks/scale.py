"""How every stage grows with the log: seconds, cpu, memory, shuffle and disk at several sizes, and at one core and two.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/scale.py [--events 1e6,1e7] [--cores 1,2] [--folder build/scale]

Each size is a generated shop that goes through run_pipeline from an empty lake. What was measured is kept in
<folder>/measured.json, and not measured again; a run that broke off goes on where it was. The report,
<folder>/report.md, has the exponent of each stage between sizes (goal 1.05), the speed-up of the second core (goal
1.7), the foretelling of `plan` fitted on the smallest size beside what the largest took (goal: within a factor of two),
and cost settings for conf/base.toml.

Cores are bound with taskset. The largest size may train with fewer iterations (--largest-max-iter 3), which the plan
knows. The shop has one user for 50 events and the same catalogue at every size. No criterion of the gate blocks, so
that all stages run. Lists are made for all users, also at the largest size: nothing of them is extrapolated.
"""

import argparse
import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.door import start
from benchmarks.scale_report import report
from benchmarks.spark import REPOSITORY
from benchmarks.watched import bytes_of, run_watched
from lakerec.config import load
from lakerec.errors import LakerecError
from lakerec.flags import assignment
from lakerec.whole_files import write_whole

LAYERS = ("bronze", "silver", "gold", "model", "diagnostics", "recommendations", "operations", "_mlflow")


def main() -> int:
    """Measure what has not been measured, and write the report."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "measured.json"
    runs = json.loads(kept.read_text()) if kept.exists() else {}
    try:
        for events in sorted(options.events):
            _measure_size(options, events, runs, kept)
    except LakerecError as error:
        print(f"scale: {error}", file=sys.stderr)
        return error.exit_code
    text = report(list(runs.values()), f"benchmark scale {' '.join(sys.argv[1:])}")
    (options.folder / "report.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measure_size(options: argparse.Namespace, events: int, runs: dict[str, Any], kept: Path) -> None:
    """The runs of one size that are lacking; the generated shop does not stay."""
    folder = options.folder / str(events)
    settings = _settings(options, events)
    for cores in options.cores:
        name = f"{events} events, {cores} cores"
        if name not in runs:
            print(f"{name} ...", flush=True)
            runs[name] = _measure(folder, settings, events, cores)
            write_whole(kept, json.dumps(runs, indent=2, sort_keys=True) + "\n")
    shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, settings: dict[str, str], events: int, cores: int) -> dict[str, Any]:
    """One run from an empty lake, which does not stay; what broke off goes on."""
    flags = [f"--set={path}={value}" for path, value in settings.items()]
    landing, is_generated, own = folder / "landing", folder / "generated", folder / f"on-{cores}"
    if not is_generated.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if (generated := start("generate_events", folder, *flags)[0])["status"] != "done":
            raise LakerecError(f"{events} events: generate_events: {generated['error']}")
        is_generated.touch()
    stages = run_watched("run_pipeline", own, landing, sorted(os.sched_getaffinity(0))[:cores], flags)
    disk = {layer: bytes_of(own / "lake" / layer) for layer in LAYERS}
    shutil.rmtree(own)
    return {
        "events": events,
        "cores": cores,
        "landing_bytes": bytes_of(landing),
        "disk_bytes": disk,
        "settings": load("local", settings).sections("als", "recommend", "ranking", "similar"),
        "stages": stages,
    }


def _settings(options: argparse.Namespace, events: int) -> dict[str, str]:
    """Of the run of a size: its shop, an open gate, and what the command line says."""
    shop = {
        "shop.user_count": max(50, round(events / options.events_per_user)),
        "shop.item_count": options.item_count,
        "shop.days": options.days,
        "shop.events_per_day": round(events / options.days),
    }
    criteria = tomllib.loads((REPOSITORY / "conf" / "base.toml").read_text())["gate"]["criteria"]
    gate = {f"gate.criteria.{name}.severity": "warn" for name in criteria}
    is_largest = events == max(options.events) and len(options.events) > 1
    fewer = {"als.max_iter": options.largest_max_iter} if is_largest and options.largest_max_iter else {}
    return {path: str(value) for path, value in {**shop, **gate, **dict(options.set), **fewer}.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    all_cores = len(os.sched_getaffinity(0))
    parser.add_argument("--events", type=_numbers, default=[1_000_000, 10_000_000], help="sizes; default 1 M and 10 M")
    parser.add_argument(
        "--cores", type=_numbers, default=[all_cores], help="how many to run on; default: all there are"
    )
    parser.add_argument(
        "--folder", type=Path, default=REPOSITORY / "build" / "scale", help="what is measured stays there"
    )
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--item-count", type=int, default=5_000)
    parser.add_argument("--events-per-user", type=float, default=50.0)
    parser.add_argument("--largest-max-iter", type=int, help="als.max_iter of the largest size, such as 3")
    parser.add_argument("--set", type=assignment, action="append", default=[], help="any setting: section.key=value")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(float(number)) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
