"""What recorded stages worked on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from lakerec.config import load
from lakerec.planning.measured import measured_stages
from lakerec.planning.workload import Shaping

CONFIG = load("test", {"als.solver": "mllib", "als.max_iter": 3})
USUAL = Shaping(CONFIG.als, CONFIG.recommend, CONFIG.ranking, CONFIG.similar)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def a_row(minute: int, stage: str, rows_in: int | None, **changes: Any) -> dict[str, Any]:
    row = {"run_id": "r1", "stage": stage, "rows_in": rows_in, "seconds": 60.0, "status": "done", "core_count": 2}
    return row | {"started_at": BEGIN + timedelta(minutes=minute), "counts": "{}"} | changes


def a_run(**of_training: Any) -> list[dict[str, Any]]:
    trained = json.dumps({"users": 10, "items": 5, "rows_in": 60, "rows_out": 30})
    return [
        a_row(0, "run_pipeline", None),
        a_row(1, "ingest_events", 110),
        a_row(2, "clean_events", 100),
        a_row(3, "aggregate_feedback", 90, counts=json.dumps({"interactions": 40})),
        a_row(4, "train_model", 60, counts=trained, **of_training),
        a_row(5, "recommend_items", 10),
    ]


def test_each_stage_is_measured_in_what_the_run_has_stated_by_then() -> None:
    measured = {each.stage: each for each in measured_stages(a_run(), {}, USUAL, 8)}

    assert "run_pipeline" not in measured
    assert measured["ingest_events"].units["lines"] == 110
    assert measured["clean_events"].units["records"] == 100
    assert (measured["aggregate_feedback"].units["events"], measured["aggregate_feedback"].units["pairs"]) == (90, 40)
    assert measured["train_model"].units["mllib_visits"] == 2 * (2 * 3 * 40)
    assert measured["recommend_items"].units["scores"] == 10 * 5 * CONFIG.als.rank


def test_a_stage_that_failed_or_found_nothing_new_tells_nothing() -> None:
    rows = [a_row(0, "ingest_events", 0), a_row(1, "clean_events", 10, status="BusyError"), a_row(2, "sql", None)]

    assert measured_stages(rows, {}, USUAL, 8) == []


def test_lists_before_any_known_training_are_left_out() -> None:
    assert measured_stages([a_row(0, "recommend_items", 10)], {}, USUAL, 8) == []


def test_a_later_run_of_one_stage_uses_the_sizes_of_the_run_before() -> None:
    again = a_row(60, "recommend_items", 10, run_id="r2")

    last = measured_stages([again, *a_run()], {}, USUAL, 8)[-1]

    assert (last.run_id, last.units["pairs"], last.units["rows"]) == ("r2", 40, 15)


def test_the_settings_that_a_run_trained_with_count_and_unknown_cores_are_assumed() -> None:
    longer = USUAL._replace(als=CONFIG.als.model_copy(update={"max_iter": 30}))

    of_r1 = measured_stages(a_run(core_count=None), {"r1": longer}, USUAL, 8)
    trained = next(each for each in of_r1 if each.stage == "train_model")

    assert (trained.units["mllib_visits"], trained.cores) == (2 * (2 * 30 * 40), 8)
