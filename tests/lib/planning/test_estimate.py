"""Estimates of stages, by the prices of conf and by measured runs."""

import pytest

from lakerec.config import load
from lakerec.costs import Unit
from lakerec.planning.estimate import PlanSettings, estimate_stage, estimate_stages, total_of
from lakerec.planning.measured import MeasuredStage
from tests.lib.test_costs import a_cost

COST = a_cost(
    seconds={"events": 2.0}, memory_bytes={"cores": 5.0}, shuffle_bytes={"events": 3.0}, disk_bytes={"events": 4.0}
)
UNITS: dict[Unit, float] = {"events": 100, "cores": 2}


def a_plan(**changes: object) -> PlanSettings:
    errors = {"local_error": 1.5, "other_error": 2.0, "exponent_error": 0.5}
    values = {"measured_events": 100, "cores": 2, "stages": {"clean_events": COST, "publish_release": COST}}
    return load("test", {}).plan.model_copy(update={**errors, **values, **changes})


def measured(events: float, seconds: float, cores: float = 2) -> MeasuredStage:
    return MeasuredStage("clean_events", {"events": events}, cores, seconds, "r1")


def test_without_measured_runs_the_prices_hold_as_far_as_another_machine_is_alike() -> None:
    found = estimate_stage("clean_events", COST, UNITS, 2, a_plan(), [])

    seconds = 10 + 2 * 100
    assert (found.seconds, found.low, found.high) == (seconds, seconds / 2, seconds * 2)
    assert (found.cpu_seconds, found.memory_bytes) == (1.5 * seconds, 100 + 5 * 2)
    assert (found.shuffle_bytes, found.disk_bytes) == (3 * 100, 4 * 100)
    assert (found.basis, found.is_extrapolated) == ("conf", False)


def test_a_measured_run_tells_how_slow_the_machine_is() -> None:
    run = measured(events=50, seconds=3 * (10 + 2 * 50))

    found = estimate_stage("clean_events", COST, UNITS, 2, a_plan(), [run])

    assert found.seconds == pytest.approx(3 * (10 + 2 * 100))
    assert found.high == pytest.approx(found.seconds * 1.5 * 2**0.5)
    assert (found.basis, found.is_extrapolated) == ("1 run of this lake, 2.0 × the largest", True)


def test_a_run_on_fewer_cores_is_held_against_what_it_should_have_taken_there() -> None:
    on_one = 10 + 2 * 100 * 1 / (0.2 + 0.8 / 2)

    found = estimate_stage("clean_events", COST, UNITS, 2, a_plan(), [measured(events=100, seconds=on_one, cores=1)])

    assert found.seconds == pytest.approx(10 + 2 * 100)


def test_more_cores_take_less_time_and_as_much_work_and_are_extrapolated() -> None:
    found = estimate_stage("clean_events", COST, {**UNITS, "cores": 8}, 8, a_plan(), [])

    assert found.seconds == pytest.approx(10 + 2 * 100 * (0.2 + 0.8 / 8) / (0.2 + 0.8 / 2))
    assert found.cpu_seconds == 1.5 * (10 + 2 * 100)
    assert found.memory_bytes == 100 + 5 * 8
    assert (found.high, found.is_extrapolated) == (found.seconds * 2, True)
    assert found.low == pytest.approx((10 + 2 * 100 * 2 / 8) / 2)


def test_stages_follow_one_another_and_memory_is_that_of_the_largest() -> None:
    stages = estimate_stages(UNITS, 2, a_plan(), [measured(events=100, seconds=2 * 210)])

    total = total_of(stages)

    assert [stage.stage for stage in stages] == ["clean_events", "publish_release"]
    assert total.seconds == pytest.approx(2 * 210 + 210)
    assert total.memory_bytes == 110


def test_every_stage_of_the_pipeline_has_its_prices() -> None:
    from jobs.run_pipeline import STAGES

    assert list(load("test", {}).plan.stages) == [job.__module__.removeprefix("jobs.") for job in STAGES]
