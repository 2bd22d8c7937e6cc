"""A fixed part and a growing one, on some cores, fitted to measured runs."""

import pytest
from pydantic import ValidationError

from lakerec.costs import (
    AS_CONFIGURED,
    Point,
    Speed,
    StageCost,
    core_factor,
    expected_seconds,
    fit_speed,
    growth_exponent,
    priced,
    repriced,
    serial_share,
)


def a_cost(**changes: object) -> StageCost:
    values = {
        "fixed_seconds": 10.0,
        "seconds": {"events": 2.0, "pairs": 0.5},
        "serial_share": 0.2,
        "cpu_share": 1.5,
        "fixed_bytes": 100.0,
        "memory_bytes": {},
        "shuffle_bytes": {},
        "disk_bytes": {},
    }
    return StageCost(**{**values, **changes})


def test_every_unit_has_its_price_and_what_is_not_there_costs_nothing() -> None:
    assert priced({"events": 2.0, "pairs": 0.5}, {"events": 3, "lines": 99}) == 2 * 3
    assert expected_seconds(a_cost(), AS_CONFIGURED, {"events": 3, "pairs": 4}) == 10 + 2 * 3 + 0.5 * 4


def test_more_cores_shorten_all_but_the_serial_share() -> None:
    on_two, on_four = 0.2 + 0.8 / 2, 0.2 + 0.8 / 4

    assert core_factor(0.2, cores=4, reference=2) == pytest.approx(on_four / on_two)
    assert core_factor(0.2, cores=2, reference=2) == 1
    assert core_factor(1.0, cores=64, reference=2) == 1


def test_the_serial_share_is_what_a_measured_speed_up_leaves() -> None:
    assert serial_share(one=10, more=6, cores=2) == pytest.approx(0.2)
    assert serial_share(one=10, more=5, cores=2) == 0
    assert serial_share(one=10, more=4, cores=2) == 0
    assert serial_share(one=10, more=11, cores=2) == 1


def test_without_measured_runs_the_configured_prices_hold() -> None:
    assert fit_speed([]) == AS_CONFIGURED


def test_one_measured_run_makes_both_parts_dearer_alike() -> None:
    assert fit_speed([Point(fixed=10, growing=30, seconds=80)]) == pytest.approx((2, 2))


def test_runs_of_different_sizes_tell_the_parts_apart() -> None:
    small, large = Point(10, 10, 1 * 10 + 2 * 10), Point(10, 100, 1 * 10 + 2 * 100)

    assert fit_speed([small, large]) == pytest.approx((1, 2), rel=0.05)


def test_runs_that_seem_to_take_less_the_larger_they_are_do_not_make_growth_free() -> None:
    shrinking = [Point(10, 10, 50), Point(10, 100, 40)]
    small, large = (10 + 10 / 4) / 50, (10 + 100 / 4) / 40

    factor = (small + large) / (small**2 + large**2)

    assert fit_speed(shrinking) == pytest.approx((factor, factor / 4))


def test_prices_of_another_machine_are_those_times_what_was_measured_there() -> None:
    cost = a_cost(memory_bytes={"pairs": 16.0}, shuffle_bytes={"events": 5.0}, disk_bytes={"events": 7.0})

    here = repriced(cost, seconds=Speed(2, 3), memory=Speed(4, 5), shuffle=Speed(0, 6), disk=Speed(0, 0.5))

    assert (here.fixed_seconds, here.seconds) == (2 * 10, {"events": 3 * 2.0, "pairs": 3 * 0.5})
    assert (here.fixed_bytes, here.memory_bytes) == (4 * 100, {"pairs": 5 * 16})
    assert (here.shuffle_bytes, here.disk_bytes) == ({"events": 6 * 5}, {"events": 3.5})


def test_what_grows_tenfold_over_a_hundredfold_has_exponent_one_half() -> None:
    assert growth_exponent([1, 100], [3, 30]) == pytest.approx(1 / 2)
    assert growth_exponent([1, 10, 100], [2, 20, 200]) == pytest.approx(1)


def test_a_price_of_something_unknown_is_refused() -> None:
    with pytest.raises(ValidationError, match="tears"):
        a_cost(seconds={"tears": 1.0})
