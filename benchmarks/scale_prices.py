"""Prices for [plan] of conf/base.toml, from runs that `benchmark scale` has measured."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from jobs.plan import shaping_of
from lakerec.config import Config
from lakerec.costs import Point, Prices, Speed, StageCost, core_factor, fit_speed, priced, repriced, serial_share
from lakerec.model.als_settings import AlsSettings
from lakerec.planning.measured import MeasuredStage, measured_stages

LAYERS_OF = {
    "ingest_events": ("bronze",),
    "clean_events": ("silver",),
    "aggregate_feedback": ("gold",),
    "train_model": ("model", "_mlflow"),
    "diagnose_model": ("diagnostics",),
    "recommend_items": ("recommendations",),
}
"""Who writes what; publish_release's few rows are counted with the lists."""

Run = dict[str, Any]
Stage = dict[str, Any]


def stage_of(run: Run, name: str) -> Stage:
    """A stage as it was measured."""
    return next(stage for stage in run["stages"] if stage["stage"] == name)


def measured_in(runs: Sequence[Run], config: Config) -> list[MeasuredStage]:
    """The stages of some runs as `plan` would find them in a lake; a run is named by its place here."""
    found = []
    for number, run in enumerate(runs):
        rows = [
            {**stage, "rows_in": stage["counts"].get("rows_in"), "counts": json.dumps(stage["counts"])}
            | {"run_id": str(number), "core_count": run["cores"]}
            for stage in run["stages"]
        ]
        shaping = shaping_of(config, AlsSettings(**run["settings"]["als"]))
        found += measured_stages(rows, {}, shaping, run["cores"])
    return found


def price_lines(runs: Sequence[Run], sizes: Sequence[Run], config: Config) -> Iterator[str]:
    """TOML in Markdown.

    Args:
        runs: all of them, for what one core takes.
        sizes: those on most cores, the largest last, for everything else.
    """
    largest = sizes[-1]
    yield "## Prices for conf/base.toml, from the runs on most cores"
    yield ""
    yield "```toml"
    yield f"measured_events = {largest['events']}"
    yield f"cores = {largest['cores']}"
    yield "\n[plan.shape]"
    yield from _shape(largest)
    for name, cost in config.plan.stages.items():
        yield f"\n[plan.stages.{name}]"
        found = _priced_anew(name, cost, sizes, config)
        yield from _told(found.model_copy(update={"serial_share": _serial_share(name, found, runs, largest)}))
    yield "```"


def _priced_anew(name: str, cost: StageCost, sizes: Sequence[Run], config: Config) -> StageCost:
    stages = [each for each in measured_in(sizes, config) if each.stage == name]
    on = core_factor(cost.serial_share, sizes[-1]["cores"], config.plan.cores)

    def speed(fixed: float, prices: Prices, took: Callable[[Run], float], factor: float = 1.0) -> Speed:
        points = [Point(fixed, factor * priced(prices, each.units), took(sizes[int(each.run_id)])) for each in stages]
        return fit_speed([point for point in points if point.seconds and point.fixed + point.growing])

    found = repriced(
        cost,
        seconds=speed(cost.fixed_seconds, cost.seconds, lambda run: stage_of(run, name)["seconds"], on),
        memory=speed(cost.fixed_bytes, cost.memory_bytes, lambda run: stage_of(run, name)["peak_bytes"]),
        shuffle=speed(0.0, cost.shuffle_bytes, lambda run: stage_of(run, name)["shuffle_bytes"]),
        disk=speed(0.0, cost.disk_bytes, lambda run: _disk_bytes(run, name)),
    )
    last = stage_of(sizes[-1], name)
    return found.model_copy(update={"cpu_share": last["cpu_seconds"] / last["seconds"]})


def _shape(run: Run) -> Iterator[str]:
    """How the log of a run is made up."""
    counted, trained = stage_of(run, "aggregate_feedback")["counts"], stage_of(run, "train_model")["counts"]
    events = counted["rows_in"]
    yield f"lines_per_event = {stage_of(run, 'ingest_events')['counts']['rows_in'] / events:.3g}"
    yield f"pairs_per_event = {counted['interactions'] / events:.3g}"
    yield f"events_per_user = {events / trained['users']:.3g}"
    yield f"events_per_item = {events / trained['items']:.3g}"


def _disk_bytes(run: Run, name: str) -> float:
    return sum(run["disk_bytes"][layer] for layer in LAYERS_OF.get(name, ()))


def _serial_share(name: str, cost: StageCost, runs: Sequence[Run], largest: Run) -> float:
    """By the largest size that also ran on one core, without the fixed part; as configured where none did."""
    singles = {run["events"]: run for run in runs if run["cores"] == 1}
    for run in sorted(runs, key=lambda run: -run["events"]):
        if run["cores"] == largest["cores"] > 1 and run["events"] in singles:
            one, more = (stage_of(each, name)["seconds"] - cost.fixed_seconds for each in (singles[run["events"]], run))
            return serial_share(one, more, run["cores"]) if min(one, more) > 0 else cost.serial_share
    return cost.serial_share


def _told(cost: StageCost) -> Iterator[str]:
    """Numbers with two digits: they are not known better."""
    for name, value in cost.model_dump().items():
        if isinstance(value, dict):
            yield f"{name} = {{{', '.join(f'{unit} = {price:.2g}' for unit, price in value.items())}}}"
        else:
            yield f"{name} = {value:.2g}"
