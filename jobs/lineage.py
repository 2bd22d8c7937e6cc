"""every table -> console: where a version of a table, or one event, came from, back to files and their bytes."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pyspark.sql import Row
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.rereading import PLACE
from lakerec.catalog import TABLES, table_named
from lakerec.config import load
from lakerec.contract import Table
from lakerec.delta_log import Commit, DeltaLog
from lakerec.errors import LakerecError, SettingsError
from lakerec.lakehouse import Lakehouse
from lakerec.runner import say
from lakerec.session import open_session
from lakerec.silver.events import EVENTS
from lakerec.silver.ids import tidy_id
from lakerec.silver.rejected_events import REJECTED_EVENTS

GROUP = "analysts"
MOST_RECORDS = 20


def main() -> int:
    """Print the chain that the command line asks for; it writes nothing."""
    arguments = parse()
    try:
        settings = load(arguments.profile, {"lake.root": arguments.lake} if arguments.lake else {}).lake
        lake = Lakehouse(open_session("lakerec lineage"), settings)
        lines = event_chain(lake, arguments.event_id) if arguments.event_id else table_chain(lake, *arguments.table)
        for line in lines:
            say(line)
    except LakerecError as error:
        say(f"lineage: {error}")
        return error.exit_code
    return 0


def table_chain(lake: Lakehouse, table: Table, version: int | None = None) -> Iterator[str]:
    """The commit of a version, then those of the versions that it was made from, down to delivered files.

    A table that is replaced by days holds days of earlier versions, too: those came from earlier versions of its
    sources, or of the same ones.
    """
    if not lake.exists(table):
        raise SettingsError(f"{table.name}: not in this lake. Name another with --lake, or run the job that fills it.")
    newest = lake.version(table)
    if version is not None and version > newest:
        raise SettingsError(f"{table.name}: version {version} is not there yet; the newest is {newest}.")
    yield from _links(lake, table, newest if version is None else version, "", set())


def event_chain(lake: Lakehouse, event_id: str) -> Iterator[str]:
    """Every record that was delivered with an id: what became of it, the file it came in, and its bytes."""
    records = _records(lake, event_id)
    if not records:
        raise SettingsError(f"no record with event id '{event_id}' is in this lake. Say where it is with --lake.")
    for record in records[:MOST_RECORDS]:
        yield from _record_lines(record, _raw(lake, record))
    if len(records) > MOST_RECORDS:
        yield f"and {len(records) - MOST_RECORDS} more records with that id"
    yield ""
    yield from table_chain(lake, EVENTS if lake.exists(EVENTS) else RAW_EVENTS)


def _links(lake: Lakehouse, table: Table, version: int, indent: str, told: set[tuple[str, int]]) -> Iterator[str]:
    told.add((table.name, version))
    try:
        commit = DeltaLog(lake.location(table)).commit(version)
    except FileNotFoundError:
        yield f"{indent}{table.name} version {version}: its log is not kept any more"
        return
    note = json.loads(commit.user_metadata or "{}")
    yield indent + _commit_line(table, commit, note)
    for line in _delivered_files(lake, commit):
        yield f"{indent}  {line}"
    for source, source_version in _sources(table, note):
        if (source.name, source_version) not in told:
            yield from _links(lake, source, source_version, indent + "  ", told)


def _sources(table: Table, note: dict[str, Any]) -> list[tuple[Table, int]]:
    """What a commit followed, and what its run had read by then; bronze comes from files alone."""
    if table.layer == RAW_EVENTS.layer:
        return []
    followed = {name: source["version"] for name, source in note.get("sources", {}).items()}
    versions = {**note.get("read", {}), **followed}
    return [(source, versions[source.name]) for source in TABLES if source.name in versions and source != table]


def _commit_line(table: Table, commit: Commit, note: dict[str, Any]) -> str:
    written_at = datetime.fromtimestamp(commit.info.get("timestamp", 0) / 1000, UTC)
    days = sorted(day.isoformat() for day in commit.days() if day) if table.partition_by == "event_date" else []
    span = f", {len(days)} days {days[0]} .. {days[-1]}" if days else ""
    run = note.get("run_id", "an unknown run")
    return (
        f"{table.name} version {commit.version}: {commit.rows_written:,} rows{span}, {written_at:%F %T} UTC, run {run}"
    )


def _delivered_files(lake: Lakehouse, commit: Commit) -> Iterator[str]:
    """The files of the batch that a commit of bronze holds."""
    for action in commit.actions:
        if "txn" in action and action["txn"]["appId"].startswith("bronze."):
            source, batch = action["txn"]["appId"].split("/")[1], action["txn"]["version"]
            paths = lake.read(FILES).where((F.col("source") == source) & (F.col("batch") == batch)).select("path")
            found = sorted(row.path for row in paths.collect())
            shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
            yield f"{len(found)} files of source {source}, batch {batch}: {shown}"


def _records(lake: Lakehouse, event_id: str) -> list[Row]:
    """Records with the id in their order, each with its file, its line's bytes, and what silver says of it."""
    is_wanted = F.col("event_id") == event_id.strip()
    files = lake.read(FILES).select("file_id", "path", "size_bytes", "content_hash")
    kept = (
        lake.read(EVENTS).where(is_wanted).select(*PLACE, "user_id", "user_id_sent", F.lit(True).alias("is_believed"))
    )
    rejected = lake.read(REJECTED_EVENTS).where(is_wanted).select(*PLACE, "reasons")
    return (
        lake.read(RAW_EVENTS)
        .where(tidy_id("event_id") == event_id.strip())
        .drop("user_id")
        .join(files, "file_id", how="left")
        .join(kept, [*PLACE], how="left")
        .join(rejected, [*PLACE], how="left")
        .orderBy("source", "event_at", *PLACE)
        .collect()
    )


def _raw(lake: Lakehouse, record: Row) -> bytes | None:
    """The bytes of a record's line, which its first record holds."""
    if record.raw is not None:
        return bytes(record.raw)
    of_line = (F.col("file_id") == record.file_id) & (F.col("line_number") == record.line_number)
    first = lake.read(RAW_EVENTS).where(of_line & (F.col("record_number") == 1)).select("raw").collect()
    return bytes(first[0].raw) if first and first[0].raw is not None else None


def _record_lines(record: Row, raw: bytes | None) -> Iterator[str]:
    day = record.event_date or "no readable day"
    yield f"event {record.event_id} of {record.source}, {day}: {_verdict(record)}"
    yield f"  line {record.line_number}, record {record.record_number} of {record.path}"
    yield f"  file {record.file_id}, {record.size_bytes} bytes, sha256 {record.content_hash}, batch {record.batch}"
    if raw is not None:
        yield f"  {len(raw)} bytes, sha256 {sha256(raw).hexdigest()}:"
        yield "  " + raw.decode(errors="backslashreplace")


def _verdict(record: Row) -> str:
    if record.is_believed:
        named = record.user_id if record.user_id == record.user_id_sent else f"{record.user_id}, named by a sign-in"
        return f"believed in silver.events, user {named}"
    if record.reasons:
        return f"rejected: {'; '.join(record.reasons)}"
    return "repeats an event that is believed, or has not been cleaned yet"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh lineage", description=__doc__, allow_abbrev=False)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--table", type=_table_version, metavar="NAME[@VERSION]", help="such as gold.interactions@3")
    wanted.add_argument("--event-id", metavar="ID", help="an event's id, as in silver.events or silver.rejected_events")
    parser.add_argument("--lake", metavar="DIR", help="folder or URI of the lake")
    parser.add_argument("--profile", default="local", metavar="NAME", help="conf/NAME.toml and conf/spark/NAME.conf")
    return parser.parse_args()


def _table_version(text: str) -> tuple[Table, int | None]:
    name, _, version = text.partition("@")
    if name not in {table.name for table in TABLES}:
        raise argparse.ArgumentTypeError(f"there is no table '{name}'; TABLES.md lists them")
    return table_named(name), int(version) if version else None


if __name__ == "__main__":
    sys.exit(main())
