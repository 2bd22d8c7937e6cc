"""a seed -> landing/items, landing/events and, beside the landing folder, truth: a made-up shop."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.errors import SettingsError
from lakerec.runner import run
from lakerec.shop.generate import DayDone, generate_shop

GROUP = "platform team"
SECONDS_BETWEEN_LINES = 3


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Write the generated shop's files; those that are there already stay as they are."""
    if "://" in config.landing.root:
        raise SettingsError(f"landing.root: the shop is generated into a local folder, not '{config.landing.root}'.")
    landing = Path(config.landing.root)
    truth = Path(config.shop.truth) if config.shop.truth else landing.absolute().parent / "truth"
    counts = generate_shop(config.shop, landing, truth, _progress())
    return {"rows_out": counts["event_lines"] + counts["item_lines"], **counts}


def _progress() -> Callable[[DayDone], None]:
    """Tells of a day on stderr, now and then."""
    told_at = time.monotonic()

    def tell(done: DayDone) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= SECONDS_BETWEEN_LINES:
            told_at = time.monotonic()
            print(f"  {done.day}: {done.counts['event_lines']:,} lines", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    run(main)
