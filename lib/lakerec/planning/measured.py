"""Stages that were measured, with what they worked on: from operations.stage_runs, or from a run's result file."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lakerec.costs import Unit
from lakerec.planning.workload import Shaping, Workload, units_of


class MeasuredStage(NamedTuple):
    """One stage of one run.

    Attributes:
        units: what it worked on; only those that its stage is priced in tell anything.
        cores: tasks that could run at once.
        seconds: wall time.
        run_id: of the run.
    """

    stage: str
    units: dict[Unit, float]
    cores: float
    seconds: float
    run_id: str


def measured_stages(
    rows: Iterable[Mapping[str, Any]], shapings: Mapping[str, Shaping], usual: Shaping, cores: float
) -> list[MeasuredStage]:
    """The stages that did something, each with its sizes.

    Of a stage only its own counts are recorded; the sizes of the log as a whole are those that an earlier stage, or
    run, stated last. A stage before which nothing stated them is left out.

    Args:
        rows: as of operations.stage_runs; any order.
        shapings: settings by the run that trained with them.
        usual: those of other runs.
        cores: where a row does not know on how many it ran.
    """
    known, shaping, found = Workload(), usual, []
    for row in sorted(rows, key=lambda row: row["started_at"]):
        if row["status"] != "done" or not row["rows_in"]:
            continue
        shaping = shapings.get(row["run_id"], shaping)
        known = _told(known, row)
        if known.users or row["stage"] not in OF_A_MODEL:
            on = row.get("core_count") or cores
            found.append(MeasuredStage(row["stage"], units_of(known, shaping, on), on, row["seconds"], row["run_id"]))
    return found


OF_A_MODEL = ("train_model", "diagnose_model", "gate_model", "recommend_items", "publish_release")


def _told(known: Workload, row: Mapping[str, Any]) -> Workload:
    """What a stage states of the sizes."""
    rows_in, counts = float(row["rows_in"]), json.loads(row["counts"])
    match row["stage"]:
        case "ingest_events":
            return known._replace(lines=rows_in)
        case "clean_events":
            return known._replace(records=rows_in)
        case "aggregate_feedback":
            return known._replace(events=rows_in, pairs=float(counts.get("interactions") or known.pairs))
        case "train_model":
            users, items = float(counts["users"]), float(counts["items"])
            return known._replace(users=users, items=items, pairs=max(known.pairs, rows_in / 2))
        case _:
            return known
