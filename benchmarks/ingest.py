"""Intake of JSON lines into bronze against Spark's own JSON reader into a Delta table: the same files, session and run.

    ./spark-submit.sh benchmark ingest [--events 1000000] [--files 24] [--rounds 3] [--gzip 1]

Ours is the whole job: ledger, exact bytes, line numbers, hashes, quarantine, days as partitions. Spark's has the schema
given and keeps nothing of the bytes. Equal values first. Seconds are wall time; cpu seconds are those of the whole
process tree. The goal is to be as fast as Spark.
"""

import argparse
import gzip
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.harness import turned
from benchmarks.measure import Usage, measured
from benchmarks.report import Report, add_report_flag
from benchmarks.rounds import Rounds
from benchmarks.spark import local_environment
from jobs import ingest_events
from lakerec.bronze.events import EVENTS
from lakerec.config import load, load_source
from lakerec.lakehouse import Lakehouse
from lakerec.session import open_session

GOAL = 1.0
FIELDS = tuple(load_source("shop").events.fields)
ACTIONS = ("view", "view", "view", "view", "scroll", "scroll", "cart", "purchase")


def main() -> None:
    """Compare, round by round, in turn."""
    options = _options()
    report = Report("ingest", __doc__, options.report)
    folder = Path(tempfile.mkdtemp(prefix="lakerec-ingest-"))
    try:
        os.environ |= local_environment()
        spark = open_session("ingest")
        size = deliver(folder / "landing", options)
        report.say(f"{options.events:,} events in {options.files} files, {size / 1e6:,.0f} MB of JSON lines")
        runs = {"ours": lambda lake: ours(spark, folder, lake), "Spark": lambda lake: plain(spark, folder, lake)}
        compare(folder, runs, options, report)
        report.write()
        spark.stop()
    finally:
        shutil.rmtree(folder)


def compare(
    folder: Path, runs: dict[str, Callable[[Path], DataFrame]], options: argparse.Namespace, report: Report
) -> None:
    """Each round, and the ratios of both; the first, for equality, is not counted."""
    digests = {name: digest(run(folder / "first" / name)) for name, run in runs.items()}
    report.say(f"values are equal: {digests['ours'] == digests['Spark']} ({digests['ours'][0]:,} rows)")
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(1, options.rounds + 1):
        for name in turned(list(runs), number):
            usage = measure(runs[name], folder / str(number) / name)
            wall[name].append(usage.wall)
            cpu[name].append(usage.cpu)
            print(f"round {number}: {name} {usage.wall:6.2f} s ({usage.cpu:6.2f} cpu s)", flush=True)
        shutil.rmtree(folder / str(number))
    report.compare([Rounds("wall s", wall), Rounds("cpu s", cpu)], "ours")
    report.say(f"The goal is that ours is better by {GOAL} in wall seconds.")


def ours(spark: SparkSession, folder: Path, lake: Path) -> DataFrame:
    """The job as it is; the table it filled."""
    places = {"lake.root": str(lake), "landing.root": str(folder / "landing"), "lake.run_id": "benchmark"}
    config = load("local", {**places, "landing.source": "shop"})
    ingest_events.main(spark, config)
    return Lakehouse(spark, config.lake).read(EVENTS)


def plain(spark: SparkSession, folder: Path, lake: Path) -> DataFrame:
    """What one writes without lakerec."""
    schema = ", ".join(f"{name} string" for name in FIELDS)
    events = spark.read.schema(schema).option("recursiveFileLookup", "true").json(str(folder / "landing"))
    events.write.format("delta").save(str(lake))
    return spark.read.format("delta").load(str(lake))


def digest(events: DataFrame) -> tuple[int, int]:
    """Rows, and the sum of their values' hashes."""
    row = events.agg(F.count("*"), F.sum(F.xxhash64(*FIELDS).cast("decimal(38,0)"))).collect()[0]
    return int(row[0]), int(row[1])


def measure(run: Callable[[Path], DataFrame], lake: Path) -> Usage:
    """What it takes until the table is committed."""
    with measured() as usage:
        run(lake)
    return usage


def deliver(landing: Path, options: argparse.Namespace) -> int:
    """Write files of events, an hour each; bytes of JSON."""
    size = 0
    per_file = options.events // options.files
    for number in range(options.files):
        hour = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=number)
        data = b"".join(lines(hour, number * per_file, per_file))
        name = f"events/{hour:%Y-%m-%d}/{hour:%H}.jsonl.gz"
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_bytes(gzip.compress(data, compresslevel=6 if options.gzip else 0))
        size += len(data)
    return size


def lines(hour: datetime, first: int, count: int) -> Iterator[bytes]:
    """Events of one hour, as the generated shop sends them."""
    chance = random.Random(first)
    for number in range(first, first + count):
        moment = hour + timedelta(microseconds=3_600_000_000 * (number - first) // count)
        yield (
            f'{{"event_id":"{number:032x}","user_id":"u{chance.randrange(20_000):06}",'
            f'"session_id":"s{number // 7:08}","item_id":"i{chance.randrange(5_000):05}",'
            f'"action":"{chance.choice(ACTIONS)}","occurred_at":"{moment.isoformat()}",'
            f'"quantity":{chance.randrange(1, 4)},"price":{chance.randrange(100, 9_999) / 100},'
            f'"list_id":"l{number // 20}","position":{number % 20 + 1},"surface":"home","propensity":0.25,'
            f'"app_version":"4.{number % 9}"}}\n'
        ).encode()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"events": 1_000_000, "files": 24, "rounds": 3, "gzip": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    add_report_flag(parser, "ingest")
    return parser.parse_args()


if __name__ == "__main__":
    main()
