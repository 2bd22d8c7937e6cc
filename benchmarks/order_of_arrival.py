"""The same tables, whatever the order of arrival: one lake filled at once, one by shuffled deliveries, compared.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/order_of_arrival.py [--days 14] [--events-per-day 72000] [--folder DIR]

The second lake gets the shop's files in shuffled order and in several deliveries, brings silver and gold up to date
after each, and is then given some files again under other names. Tables are compared by row count and the sum of their
rows' hashes, over all columns but where and when a row was read; gold by ids, as its integers depend on who came first.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.measure import measured
from benchmarks.spark import local_environment
from jobs import aggregate_feedback, clean_events, generate_events, ingest_events
from lakerec.config import Config, load
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.session import open_session
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.sessions import SESSIONS

WHERE_READ = {"ingested_at", "file_id", "line_number", "record_number"}
DELIVERIES = 3
AGAIN = 5


def main() -> None:
    """Fill both lakes, and print each table's rows and fingerprint."""
    options = _options()
    os.environ |= local_environment()
    spark = open_session("order_of_arrival")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        generate_events.main(spark, _config(options, folder, "landing", "at_once"))
        at_once = _fill(spark, _config(options, folder, "landing", "at_once"))
        for files in _deliveries(folder / "landing"):
            for path in files:
                target = folder / "shuffled" / path.relative_to(folder / "landing")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target if not target.exists() else target.with_name(f"again-{path.name}"))
            shuffled = _fill(spark, _config(options, folder, "shuffled", "shuffled"))
        sys.exit(compare(at_once, shuffled))


def compare(one: Lakehouse, other: Lakehouse) -> int:
    """Print both lakes' fingerprints; 1 where they differ."""
    differing = 0
    for name, frame in _contents(one).items():
        found, expected = fingerprint(_contents(other)[name]), fingerprint(frame)
        differing += found != expected
        print(f"{name:<26}{expected[0]:>12,} rows   {expected[1]:>24}   {'same' if found == expected else found}")
    return min(1, differing)


def fingerprint(frame: DataFrame) -> tuple[int, int]:
    """Rows, and the sum of their hashes, which does not depend on their order."""
    names = [name for name in sorted(frame.columns) if name not in WHERE_READ]
    row_hash = F.xxhash64(*[F.coalesce(F.col(name).cast("string"), F.lit("\x00")) for name in names])
    rows, total = frame.agg(F.count(F.lit(1)), F.sum(row_hash.cast("decimal(20,0)"))).collect()[0]
    return rows, int(total or 0)


def _contents(lake: Lakehouse) -> dict[str, DataFrame]:
    frames = {table.name: lake.read(table) for table in (SESSIONS, EVENTS, REJECTED_EVENTS, ITEMS)}
    daily = lake.read(DAILY_INTERACTIONS).join(lake.read(USER_INDEX), "user_ix").join(lake.read(ITEM_INDEX), "item_ix")
    return {**frames, DAILY_INTERACTIONS.name: daily.drop("user_ix", "item_ix")}


def _deliveries(landing: Path) -> list[Sequence[Path]]:
    """All files in any order, in several parts, the last with some of the first again."""
    chance = random.Random(7)
    files = sorted(path for path in landing.rglob("*") if path.is_file())
    chance.shuffle(files)
    parts = [files[n::DELIVERIES] for n in range(DELIVERIES)]
    return [*parts[:-1], [*parts[-1], *chance.sample(parts[0], min(AGAIN, len(parts[0])))]]


def _fill(spark: SparkSession, config: Config) -> Lakehouse:
    spent = []
    for job in (ingest_events, clean_events, aggregate_feedback):
        with measured() as usage:
            job.main(spark, config)
        spent.append(f"{job.__name__.removeprefix('jobs.')} {usage.wall:.0f} s, cpu {usage.cpu:.0f} s")
    print(f"{config.lake.run_id}: {'; '.join(spent)}", flush=True)
    return Lakehouse(spark, config.lake)


def _config(options: argparse.Namespace, folder: Path, landing: str, lake: str) -> Config:
    places = {"lake.root": str(folder / lake), "landing.root": str(folder / landing), "lake.run_id": lake}
    shop = {"shop.days": options.days, "shop.events_per_day": options.events_per_day}
    people = {"shop.user_count": options.users, "shop.item_count": options.items}
    return load("local", {**places, **shop, **people, "shop.truth": str(folder / "truth")})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--events-per-day", type=int, default=72_000)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--folder", help="where the two lakes are kept meanwhile; default: the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
