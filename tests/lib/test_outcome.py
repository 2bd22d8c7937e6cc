"""What a run says of itself while it goes on."""

import json
from datetime import UTC, datetime
from pathlib import Path

from lakerec.outcome import Outcome, StageRun

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def test_each_change_replaces_the_file_whole_and_leaves_no_other(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    outcome = Outcome("ingest_events", file)

    outcome.tell(lake="here")
    begun = json.loads(file.read_text())
    outcome.stages.append(StageRun("ingest_events", NOON, 1.5, "done", {"rows_in": 4}))
    outcome.tell(status="done", exit_code=0)
    ended = json.loads(file.read_text())

    assert (begun["status"], begun["exit_code"], begun["stages"], begun["lake"]) == ("running", None, [], "here")
    assert (ended["status"], ended["exit_code"], ended["lake"], ended["counts"]) == ("done", 0, "here", {"rows_in": 4})
    assert datetime.fromisoformat(ended["stages"][0]["started_at"]) == NOON
    assert list(tmp_path.iterdir()) == [file]


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    outcome = Outcome("ingest_events")

    outcome.tell(lake=str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_stage_is_told_by_what_it_counted_or_as_nothing_new() -> None:
    counted = StageRun("clean_events", NOON, 12.34, "done", {"rows_in": 1_200, "rows_rejected": 0})

    assert counted.line() == "clean_events            12.3 s   1,200 rows in"
    assert StageRun("clean_events", NOON, 0.2, "done", {"rows_in": 0}).line().endswith("   nothing new")
    assert StageRun("report_lake", NOON, 0.2, "done").line().endswith("   done")
