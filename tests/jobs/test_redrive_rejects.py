import gzip
import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import clean_events, ingest_events, redrive_rejects
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.config import Config, configuration, load
from lakerec.contract import Table
from lakerec.errors import RebuildNeededError
from lakerec.lakehouse import Lakehouse
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.sessions import SESSIONS
from tests.records import a_record, at, raw_events

SILVER = (SESSIONS, EVENTS, REJECTED_EVENTS, ITEMS)
UNSTABLE = ("batch", "ingested_at")
ACTIONS = ["view", "purchase"]
WIDER = {"events.actions": [*ACTIONS, "hover"]}
REBUILD = {"lake.run_id": "anew", "lake.rebuild": ["bronze", "silver"]}


def configured(folder: Path, **flags: object) -> Config:
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing"), "lake.run_id": "first"}
    return load("test", {**places, "events.actions": ACTIONS, "session.max_days": 1, **flags})


def contents(lake: Lakehouse, *tables: Table) -> dict[str, list]:
    frames = {table.name: lake.read(table).drop(*UNSTABLE).orderBy(*table.key) for table in tables}
    return {name: frame.toArrow().to_pylist() for name, frame in frames.items()}


def test_a_wider_rule_replays_the_days_of_what_it_now_believes_and_equals_a_rebuild(
    spark: SparkSession, tmp_path: Path
) -> None:
    lake = Lakehouse(spark, configured(tmp_path).lake)
    records = [
        a_record("anonymous", at(1), session_id="s1"),
        a_record("untouched", at(1), source="till", item_id=None),
        a_record("sign in", at(2), session_id="s1", user_id="ann", action="hover", item_id="chair"),
        a_record("hover without item", at(4), action="hover", item_id=None),
        a_record("nowhere", at(6), item_id=None),
        a_record("fine", at(6)),
    ]
    lake.append(RAW_EVENTS, raw_events(spark, records))
    clean_events.main(spark, configured(tmp_path))

    counts = redrive_rejects.main(spark, configured(tmp_path, **WIDER))
    redriven, version = contents(lake, *SILVER), lake.version(EVENTS)
    redrive_rejects.main(spark, configured(tmp_path, **WIDER))
    clean_events.main(spark, configured(tmp_path, **WIDER))
    again = lake.version(EVENTS)
    clean_events.main(spark, configured(tmp_path, **WIDER, **REBUILD))

    assert (counts["records_corrected"], counts["days"], counts["rows_in"]) == (0, 3, 4)
    assert again == version
    assert contents(lake, *SILVER) == redriven
    assert {row["event_id"]: row["user_id"] for row in redriven[EVENTS.name]} == {
        "anonymous": "ann",
        "sign in": "ann",
        "fine": None,
    }
    with pytest.raises(RebuildNeededError, match=r"--rebuild silver"):
        redrive_rejects.main(spark, configured(tmp_path))


@pytest.mark.slow
def test_a_corrected_mapping_is_read_again_for_rejected_records_and_equals_a_rebuild(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "conf"
    shutil.copytree(str(configuration()), conf)
    monkeypatch.setattr("lakerec.config.configuration", lambda: conf)
    shop = (conf / "sources" / "shop.toml").read_text()
    deliver(tmp_path, an_event("e1", "view"), an_event("e2", "look"), an_event("e3", "view", item_id=None))
    ingest_events.main(spark, configured(tmp_path))
    clean_events.main(spark, configured(tmp_path))
    lake = Lakehouse(spark, configured(tmp_path).lake)

    (conf / "sources" / "shop.toml").write_text(shop + '\n[events.action]\nvalues = { look = "view" }\n')
    counts = redrive_rejects.main(spark, configured(tmp_path))
    redriven, version = contents(lake, RAW_EVENTS, *SILVER), lake.version(RAW_EVENTS)
    redrive_rejects.main(spark, configured(tmp_path))
    again = lake.version(RAW_EVENTS)
    ingest_events.main(spark, configured(tmp_path, **REBUILD))
    clean_events.main(spark, configured(tmp_path, **REBUILD))

    assert (counts["records_corrected"], counts["rows_out"], counts["rows_rejected"]) == (1, 2, 1)
    assert again == version
    assert contents(lake, RAW_EVENTS, *SILVER) == redriven
    assert [row["event_id"] for row in redriven[EVENTS.name]] == ["e1", "e2"]

    (conf / "sources" / "shop.toml").write_text(shop + '\n[events.action]\nvalues = { view = "purchase" }\n')
    with pytest.raises(RebuildNeededError, match=r"'shop' now reads 2 records otherwise .* --rebuild bronze"):
        redrive_rejects.main(spark, configured(tmp_path))


@pytest.mark.slow
def test_files_that_are_gone_or_changed_are_named_and_their_rejects_judged_as_they_were_read(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(tmp_path, an_event("e1", "hover"))
    deliver(tmp_path, an_event("e2", "hover"), name="11.jsonl.gz")
    ingest_events.main(spark, configured(tmp_path))
    clean_events.main(spark, configured(tmp_path))

    deliver(tmp_path, an_event("e1", "view"))
    (tmp_path / "landing" / "events" / "11.jsonl.gz").unlink()
    counts = redrive_rejects.main(spark, configured(tmp_path, **WIDER))

    told = capsys.readouterr().out
    assert "changed since it was read: events/10.jsonl.gz" in told
    assert "1 files with rejected records, the first events/11.jsonl.gz" in told
    assert (counts["records_corrected"], counts["rows_out"]) == (0, 2)


def an_event(event_id: str, action: str, item_id: str | None = "i1") -> dict[str, str | None]:
    return {"event_id": event_id, "item_id": item_id, "action": action, "occurred_at": "2026-03-01T10:00:00Z"}


def deliver(folder: Path, *events: dict[str, str | None], name: str = "10.jsonl.gz") -> None:
    target = folder / "landing" / "events" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(event) + "\n" for event in events).encode()
    target.write_bytes(gzip.compress(lines, mtime=0))
