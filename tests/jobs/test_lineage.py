"""lineage: from a version of a table, or an event's id, back to files and bytes."""

import argparse
import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest

from jobs import aggregate_feedback, clean_events, ingest_events
from jobs.lineage import _table_version, event_chain, table_chain
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import make_file_id
from lakerec.config import load
from lakerec.errors import SettingsError
from lakerec.gold.interactions import INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import RUNS
from lakerec.silver.events import EVENTS

LINE = b'{"event_id":"e1","user_id":"ann","item_id":"i1","action":"view","occurred_at":"2026-03-01T10:00:00Z"}'
AGAIN = LINE.replace(b"10:00", b"10:01")
UNKNOWN = LINE.replace(b'"e1"', b'"e2"').replace(b"view", b"hover")


@pytest.fixture(scope="module")
def followed(spark, tmp_path_factory) -> Lakehouse:
    """A lake of one file with an event, its repetition and a rejected record."""
    folder = tmp_path_factory.mktemp("followed")
    file = folder / "landing" / "events" / "a.jsonl.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(b"\n".join([b"", LINE, AGAIN, UNKNOWN]), mtime=0))
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing"), "lake.run_id": "first"}
    for job in (ingest_events, clean_events, aggregate_feedback):
        job.main(spark, load("test", places))
    return Lakehouse(spark, load("test", places).lake)


def test_an_event_leads_to_its_line_its_file_and_its_bytes(followed: Lakehouse) -> None:
    told = list(event_chain(followed, " e1"))

    assert told[:5] == [
        "event e1 of shop, 2026-03-01: believed in silver.events, user ann",
        "  line 2, record 1 of events/a.jsonl.gz",
        *told[2:3],
        f"  {len(LINE)} bytes, sha256 {sha256(LINE).hexdigest()}:",
        "  " + LINE.decode(),
    ]
    assert told[2].startswith(f"  file {make_file_id('shop', 'events/a.jsonl.gz')}, ")
    assert told[5].startswith("event e1 of shop, 2026-03-01: repeats an event")
    assert "  " + AGAIN.decode() in told


def test_a_rejected_record_tells_its_reasons(followed: Lakehouse) -> None:
    assert next(event_chain(followed, "e2")) == "event e2 of shop, 2026-03-01: rejected: is a known action"


def test_a_tables_version_leads_through_its_sources_to_the_delivered_files(followed: Lakehouse) -> None:
    told = list(table_chain(followed, INTERACTIONS))

    assert [line.split(":")[0].strip() for line in told] == [
        "gold.interactions version 0",
        "silver.events version 0",
        "bronze.events version 0",
        "1 files of source shop, batch 0",
        "silver.sessions version 0",
        "gold.user_index version 0",
        "gold.item_index version 0",
        "gold.daily_interactions version 0",
    ]
    assert "1 rows, 1 days 2026-03-01 .. 2026-03-01, " in told[1]
    assert told[1].endswith(", run first")


def test_what_is_not_there_is_said(followed: Lakehouse) -> None:
    with pytest.raises(SettingsError, match=r"^no record with event id 'e9'"):
        list(event_chain(followed, "e9"))
    with pytest.raises(SettingsError, match=r"^model.runs: not in this lake"):
        list(table_chain(followed, RUNS))
    with pytest.raises(SettingsError, match=r"^bronze.events: version 7 is not there yet; the newest is 0"):
        list(table_chain(followed, RAW_EVENTS, 7))


def test_a_table_is_named_with_or_without_its_version() -> None:
    assert _table_version("silver.events") == (EVENTS, None)
    assert _table_version("silver.events@3") == (EVENTS, 3)
    with pytest.raises(argparse.ArgumentTypeError, match=r"'silver.event'"):
        _table_version("silver.event")


def test_a_version_whose_log_is_gone_says_so(followed: Lakehouse, tmp_path: Path) -> None:
    note = json.dumps({"sources": {"bronze.events": {"version": 0}}, "read": {"silver.sessions": 5}})
    followed.spark.range(1).write.format("delta").option("userMetadata", note).save(str(tmp_path / "gold/interactions"))
    elsewhere = Lakehouse(followed.spark, followed.settings.model_copy(update={"root": str(tmp_path)}))

    told = list(table_chain(elsewhere, INTERACTIONS))

    assert told[1:] == [
        "  bronze.events version 0: its log is not kept any more",
        "  silver.sessions version 5: its log is not kept any more",
    ]
