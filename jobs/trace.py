"""recommendations.trace -> console: why a user was recommended an item, back to the delivered bytes."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lakerec.config import load
from lakerec.errors import LakerecError, SettingsError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.trace import TRACE
from lakerec.runner import say
from lakerec.session import open_session

GROUP = "data scientists"
MOST_BYTES = 300


def main() -> int:
    """Print the chain of one recommendation; it writes nothing."""
    arguments = parse()
    try:
        settings = load(arguments.profile, {"lake.root": arguments.lake} if arguments.lake else {}).lake
        lake = Lakehouse(open_session("lakerec trace"), settings)
        rows = find(lake, arguments.user, arguments.item, arguments.release)
        for line in tell(rows):
            say(line)
    except LakerecError as error:
        say(f"trace: {error}")
        return error.exit_code
    return 0


def find(lake: Lakehouse, user: str, item: str | None, release: str | None) -> list[Row]:
    """The rows of recommendations.trace of one recommendation: of the live release, and the first of the list."""
    lake.register_views([TRACE])
    of_user = lake.spark.table(TRACE.name).where(F.col("user_id") == user)
    rows = of_user.where(F.col("release_id") == release if release else F.col("status") == "live")
    found = rows.where(F.col("item_id") == item if item else F.col("rank") == 1)
    collected = _in_order(found).collect()
    if not collected:
        wanted = f"item '{item}'" if item else "anything"
        raise SettingsError(f"{release or 'the live release'} neither recommends nor refuses user '{user}' {wanted}.")
    return collected


def tell(rows: Sequence[Row]) -> Iterator[str]:
    """What the rows of one recommendation say."""
    first = rows[0]
    yield f"{first.user_id} and {first.item_id}, release {first.release_id} ({first.kind}, {first.status})"
    if first.rule:
        yield f"  not listed: {first.rule}; it would have been number {first.raw_rank}"
    else:
        yield f"  number {first['rank']} of the list, number {first.raw_rank or 'beyond the list'} before rules"
    yield f"  score {first.score:.6f} by {first.source}"
    yield from _decision(first)
    yield from _reasons(rows)
    yield f"  model {first.model_id} as of {first.model_as_of}, evaluated by {first.evaluated_by}"
    yield f"  learned from {first.model_source_versions}"
    yield f"  batch {first.batch_id} read {first.source_versions}, lakerec {first.code_version}"


def _decision(row: Row) -> Iterator[str]:
    if row.probability is None:
        yield "  no probability: this source has no calibration"
        return
    yield f"  probability {row.probability:.4%} by {row.calibration}"
    if row.highest_score is not None and row.score > row.highest_score:
        yield f"  as of a score of {row.highest_score:.6f}: too few purchases speak for more"
    verdict = "recommended" if row.is_recommended else "not recommended"
    threshold = "none" if row.threshold is None else f"{row.threshold:.4%}"
    yield f"  {verdict}: threshold {threshold}, {row.threshold_reason}"


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    for _, events in groupby((row for row in rows if row.reason), key=lambda row: row.reason):
        own = list(events)
        row = own[0]
        if row.because_item_id is None:
            yield f"  {row.contribution:+.6f} the {row.because_count} other items together"
            continue
        without = "none" if row.score_without is None else f"{row.score_without:.6f}"
        yield f"  {row.contribution:+.6f} {row.because_item_id}, strength {row.strength:.3f}; without it {without}"
        yield from (line for event in own if event.event_id for line in _event(event))


def _event(row: Row) -> Iterator[str]:
    yield (
        f"      {row.event_contribution:+.6f} {row.action} on {row.event_date}: {row.weight:g}, "
        f"{row.age_days:g} days old, {row.path} line {row.line_number}"
    )
    if row.raw is not None:
        yield f"        {_readable(bytes(row.raw))}"


def _readable(raw: bytes) -> str:
    text = raw[:MOST_BYTES].decode(errors="backslashreplace")
    return text if len(raw) <= MOST_BYTES else f"{text} ... ({len(raw)} bytes)"


def _in_order(rows: DataFrame) -> DataFrame:
    return rows.orderBy("reason", F.desc(F.abs("event_contribution")), "occurred_at", "event_id")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh trace", description=__doc__, allow_abbrev=False)
    parser.add_argument("--user", required=True, metavar="ID", help="user_id, as in recommendations.user_items")
    parser.add_argument("--item", metavar="ID", help="item_id; default: the first of the user's list")
    parser.add_argument("--release", metavar="ID", help="release_id; default: the live one")
    parser.add_argument("--lake", metavar="DIR", help="folder or URI of the lake")
    parser.add_argument("--profile", default="local", metavar="NAME", help="conf/NAME.toml and conf/spark/NAME.conf")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
