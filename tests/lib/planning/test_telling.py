"""A plan in words."""

import pytest

from lakerec.config import load
from lakerec.costs import Unit
from lakerec.planning.estimate import Total, estimate_stages
from lakerec.planning.telling import Plan, describe_plan, told_bytes, told_seconds
from lakerec.planning.workload import Workload

WORK = Workload(lines=1.1e9, records=1.1e9, events=1e9, pairs=4e8, users=5e7, items=1e6)
UNITS: dict[Unit, float] = {"lines": 1.1e9, "events": 1e9}


def told(**als: object) -> str:
    config = load("test", {f"als.{name}": value for name, value in als.items()})
    stages = estimate_stages(UNITS, 64, config.plan, [])
    plan = Plan("a log", WORK, 64, config.als, stages, {128: Total(100.0, 90.0, 7200.0, 0, 0, 0, 0)})
    return "\n".join(describe_plan(plan, config.plan))


def test_sizes_stages_and_their_sum_are_told_with_where_they_are_known_from() -> None:
    text = told()

    assert "1,100,000,000 lines, 1,000,000,000 events of 50,000,000 users and 1,000,000 items" in text
    assert [line.split()[0] for line in text.splitlines()[5:14]] == [*load("test", {}).plan.stages, "together"]
    assert "together by number of cores: 128: 90 s .. 2.0 h" in text


def test_what_lies_far_beyond_any_measured_size_is_marked() -> None:
    text = told()

    assert "ingest_events *" in text
    assert "* extrapolated" in text


def test_the_solver_is_the_one_that_the_broadcast_leaves() -> None:
    small = {"rank": 2, "cg_broadcast_bytes": 4 * 2 * 50_000_000}

    assert "mllib solves: one side's factors take 3.2 GB at rank 16" in told(rank=16, solver="cg")
    assert "cg solves, as set" in told(**small, solver="cg")
    assert "mllib solves, as set" in told(**small, solver="mllib")


def test_blocks_that_keep_few_cores_busy_are_named_with_what_to_set() -> None:
    assert "--set als.user_blocks=64 --set als.item_blocks=64" in told(user_blocks=2)
    assert "user_blocks=64" not in told(user_blocks=64, item_blocks=64)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (120, "2.0 min"), (7199, "120.0 min"), (9000, "2.5 h")]
)
def test_times_are_told_in_a_unit_to_say_them_in(seconds: float, said: str) -> None:
    assert told_seconds(seconds) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 kB"), (2e6, "2.0 MB"), (2.5e9, "2.5 GB"), (3e12, "3.0 TB")])
def test_bytes_are_told_in_a_unit_to_say_them_in(count: float, said: str) -> None:
    assert told_bytes(count) == said
