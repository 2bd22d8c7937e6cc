"""Work, memory and solver of a fit, counted by hand for 12 pairs of 4 users and 6 items."""

import pytest

from lakerec.config import load
from lakerec.model.als_settings import AlsSettings
from lakerec.model.fit_cost import fit_memory_bytes, fit_sent_bytes, fit_work, solver_at, units_of_fits


def als(**changes: object) -> AlsSettings:
    given = {"solver": "mllib", "rank": 4, "max_iter": 3, "user_blocks": 2, "item_blocks": 5, "cg_steps": 3, **changes}
    return load("test", {f"als.{name}": value for name, value in given.items()}).als


def test_mllib_makes_equations_of_rank_squared_for_a_pair_and_solves_them_for_a_row() -> None:
    assert fit_work(12, 4, 6, als()) == (2 * 3 * 12, 3 * (2 * 12 * 4**2 + 10 * 4**3 / 3))


def test_cg_multiplies_by_rank_in_every_step_and_solves_the_users_once() -> None:
    steps = 3 * (4 * 12 * 4 * (3 + 1) + 3 * 10 * 4**2)

    assert fit_work(12, 4, 6, als(solver="cg")) == (2 * 3 * 12, steps + 12 * 4**2 + 4 * 4**3 / 3)


def test_cg_leaves_to_mllib_what_it_may_not_broadcast() -> None:
    fits, does_not = als(solver="cg", cg_broadcast_bytes=4 * 4 * 6), als(solver="cg", cg_broadcast_bytes=4 * 4 * 6 - 1)

    assert (solver_at(4, 6, fits), solver_at(4, 6, does_not)) == ("cg", "mllib")
    assert fit_work(12, 4, 6, does_not) == fit_work(12, 4, 6, als())


def test_memory_is_pairs_twice_and_factors_as_often_as_they_are_held() -> None:
    pairs, a_row = 2 * 8 * 12, 4 * 4

    assert fit_memory_bytes(12, 4, 6, als(item_blocks=3)) == pairs + a_row * (4 + 6 + 4 * 3 + 6 * 2)
    assert fit_memory_bytes(12, 4, 6, als(solver="cg")) == pairs + a_row * (4 + 6) * 2


def test_with_mllib_factors_travel_to_the_blocks_of_the_other_side_in_which_they_have_a_pair() -> None:
    an_iteration = 4 * 4 * (min(4 * 5, 12) + 6 * 2)

    assert fit_sent_bytes(12, 4, 6, als()) == 3 * an_iteration
    assert fit_sent_bytes(12, 4, 6, als(solver="cg")) == 0


def test_both_fits_are_counted_under_the_name_of_their_solver() -> None:
    units = units_of_fits(12, 4, 6, als())

    assert units["mllib_visits"] == 2 * (2 * 3 * 12)
    assert units["rows"] == 4 + 6
    assert not {"cg_visits", "cg_multiplications"} & units.keys()
    assert units_of_fits(12, 4, 6, als(solver="cg"))["cg_visits"] == pytest.approx(2 * (2 * 3 * 12))
