"""landing, operations.stage_runs -> console: what a run will take, before it begins; reads samples, writes no table.

Seconds, cpu, memory, shuffle and disk of each stage: for the delivered files that no run has read yet, else for a run
over all that the lake holds, else for the numbers given. They are from the lake's own measured runs, else from [plan].
"""

import argparse
import json
import os
import sys
from typing import Any, NamedTuple

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES, Ledger, Status, files_to_read, ledger_of
from lakerec.config import Config, load, load_source
from lakerec.costs import Unit
from lakerec.errors import LakerecError, LandingError, SettingsError
from lakerec.flags import settings_parser
from lakerec.gold.interactions import INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.landing import list_files
from lakerec.model.als_settings import AlsSettings
from lakerec.model.runs import RUNS
from lakerec.operations.stage_runs import STAGE_RUNS
from lakerec.planning.delivered import Delivered, sample_delivered
from lakerec.planning.estimate import estimate_stages, total_of
from lakerec.planning.measured import MeasuredStage, measured_stages
from lakerec.planning.telling import Plan, describe_plan, told_bytes
from lakerec.planning.workload import Shaping, Workload, given_workload, grown_workload, units_of
from lakerec.runner import say
from lakerec.session import open_session
from lakerec.silver.events import EVENTS

GROUP = "platform team"

MORE = (1, 2, 4, 8)
"""Multiples of the planned cores that are told, too."""


class Task(NamedTuple):
    """What is planned for: how much, said in words, and on how many cores."""

    workload: Workload
    what: str
    cores: int


def main() -> int:
    """Print the plan that the command line asks for."""
    arguments = parse()
    try:
        config = load(arguments.profile, _settings(arguments))
        cores = int(_number(arguments, "cores") or len(os.sched_getaffinity(0)))
        given = _given(arguments, config, cores)
        lake = Lakehouse(open_session("lakerec plan"), config.lake)
        task = given or what_is_found(lake, config, cores)
        plan = make_plan(config, task, read_measured(lake, config))
    except LakerecError as error:
        say(f"plan: {error}")
        return error.exit_code
    for line in describe_plan(plan, config.plan):
        say(line)
    return 0


def make_plan(config: Config, task: Task, measured: list[MeasuredStage]) -> Plan:
    """Every stage foretold, and the whole on more cores. Blocks are those that keep the cores busy."""

    def units(cores: int) -> dict[Unit, float]:
        return units_of(task.workload, shaping_of(config, _with_blocks(config.als, cores)), cores)

    more = [task.cores * factor for factor in MORE]
    return Plan(
        what=task.what,
        workload=task.workload,
        cores=task.cores,
        als=config.als,
        stages=estimate_stages(units(task.cores), task.cores, config.plan, measured),
        on_more={cores: total_of(estimate_stages(units(cores), cores, config.plan, measured)) for cores in more},
    )


def shaping_of(config: Config, als: AlsSettings) -> Shaping:
    """The settings that a run's work depends on, with those that its model was trained with."""
    return Shaping(als, config.recommend, config.ranking, config.similar)


def read_measured(lake: Lakehouse, config: Config) -> list[MeasuredStage]:
    """The stages that this lake has seen."""
    als = {run["run_id"]: json.loads(run["settings"])["als"] for run in lake.rows(RUNS)}
    shapings = {run_id: shaping_of(config, config.als.model_copy(update=used)) for run_id, used in als.items()}
    return measured_stages(lake.rows(STAGE_RUNS), shapings, shaping_of(config, config.als), config.plan.cores)


def what_is_found(lake: Lakehouse, config: Config, cores: int) -> Task:
    """The delivered files that no run has read yet; where there are none, a run over all that the lake holds.

    Raises:
        SettingsError: there is neither.
    """
    ledger, shape = ledger_of(lake.rows(FILES)), config.plan.shape
    stored, waiting = _stored(lake, ledger), _waiting(ledger, config)
    if waiting and waiting.lines:
        what = (
            f"{waiting.files:,} delivered files ({told_bytes(waiting.size_bytes)}) that no run has read yet, "
            f"lines by a sample of {told_bytes(waiting.sampled_bytes)}"
        )
        return Task(grown_workload(waiting.lines, stored, shape), what, cores)
    if stored.events:
        return Task(stored, f"a run over all that '{lake.root}' holds, as nothing waits to be read", cores)
    raise SettingsError(
        f"nothing waits in '{config.landing.root}' and nothing is in '{lake.root}'. "
        "Say where with --landing and --lake, or give --events."
    )


def _waiting(ledger: Ledger, config: Config) -> Delivered | None:
    """None where there is no landing folder."""
    source = load_source(config.landing.source)
    try:
        delivered = list_files(config.landing.root, source)
    except LandingError:
        return None
    return sample_delivered(config.landing.root, files_to_read(delivered, ledger), source)


def _stored(lake: Lakehouse, ledger: Ledger) -> Workload:
    """What the lake holds: counts that Delta's log knows."""
    lines = sum(file.line_count or 0 for file in ledger.values() if file.status == Status.READ)
    tables = (RAW_EVENTS, EVENTS, INTERACTIONS, USER_INDEX, ITEM_INDEX)
    return Workload(float(lines), *(float(lake.row_count(table)) for table in tables))


def _with_blocks(als: AlsSettings, cores: int) -> AlsSettings:
    blocks = {"user_blocks": max(cores, als.user_blocks), "item_blocks": max(cores, als.item_blocks)}
    return als.model_copy(update=blocks)


def _given(arguments: argparse.Namespace, config: Config, cores: int) -> Task | None:
    if arguments.events is None:
        return None
    events, users, items = (_number(arguments, name) for name in ("events", "users", "items"))
    assert events is not None  # given, and a number
    assumed = [name for name, value in (("users", users), ("items", items)) if value is None]
    what = "a first run over the events given" + (f", {' and '.join(assumed)} by plan.shape" if assumed else "")
    return Task(given_workload(events, users, items, config.plan.shape), what, cores)


def _number(arguments: argparse.Namespace, name: str) -> float | None:
    """A size such as 5e7 or 1_000_000.

    Raises:
        SettingsError: it is none.
    """
    text = getattr(arguments, name)
    try:
        number = None if text is None else float(text)
    except ValueError:
        number = 0.0
    if number is not None and not 1 <= number < float("inf"):
        raise SettingsError(f"--{name}: '{text}' is no number from 1 on, such as 1000000 or 1e9.")
    return number


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    given = {"lake.root": arguments.lake, "landing.root": arguments.landing, "landing.source": arguments.source}
    return {path: value for path, value in given.items() if value is not None} | dict(arguments.set)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = settings_parser("plan", __doc__ or "")
    parser.add_argument("--events", metavar="N", help="plan a first run over so many events, such as 1e9")
    parser.add_argument("--users", metavar="N", help="... of so many users; default: by plan.shape")
    parser.add_argument("--items", metavar="N", help="... of so many items; default: by plan.shape")
    parser.add_argument("--cores", metavar="N", help="cores of all machines; default: those of this one")
    parser.add_argument("--lake", metavar="DIR", help="folder or URI of the lake whose measured runs are asked")
    parser.add_argument("--landing", metavar="DIR", help="folder that the producer delivers to")
    parser.add_argument("--source", metavar="NAME", help="which conf/sources/NAME.toml maps the delivered records")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
