"""Sizes of a run, and the units that follow from them."""

import pytest

from lakerec.config import Config, load
from lakerec.planning.workload import LogShape, Shaping, Workload, given_workload, grown_workload, units_of

SHAPE = LogShape(lines_per_event=1.25, pairs_per_event=0.5, events_per_user=10, events_per_item=100)
STORED = Workload(lines=110, records=100, events=80, pairs=40, users=8, items=4)


def shaping(config: Config) -> Shaping:
    return Shaping(config.als, config.recommend, config.ranking, config.similar)


def test_a_given_log_has_the_shape_that_is_configured_where_nothing_else_is_given() -> None:
    assert given_workload(1000, None, None, SHAPE) == (1250, 1250, 1000, 500, 100, 10)
    assert given_workload(1000, 20, 5, SHAPE) == (1250, 1250, 1000, 20 * 5, 20, 5)


def test_a_log_that_is_partly_read_grows_as_it_has() -> None:
    after = grown_workload(55, STORED, SHAPE)

    assert after == Workload(lines=55, records=50, events=40, pairs=40 * 1.5, users=8 * 1.5, items=4 * 1.5)


def test_of_an_empty_lake_the_configured_shape_is_assumed() -> None:
    assert grown_workload(1250, Workload(), SHAPE) == given_workload(1000, None, None, SHAPE)


def test_lists_grow_with_users_times_items_and_judged_ones_end_at_their_number() -> None:
    given = {"als.rank": 2, "recommend.top_n": 3, "ranking.ks": "[1]", "ranking.top_n": 2}
    config = load("test", {**given, "ranking.max_users": 5})

    units = units_of(STORED, shaping(config), cores=4)

    assert (units["scores"], units["listed"]) == (8 * 4 * 2, 8 * 3)
    assert (units["judged"], units["judged_scores"]) == (5 * 2, 5 * 4 * 2)
    assert (units["cores"], units["events"], units["pairs"]) == (4, 80, 40)


@pytest.mark.parametrize(("most", "of_a_user"), [(100, 40 / 8), (3, 3)])
def test_pairs_of_items_grow_with_what_a_user_has_up_to_a_bound(most: int, of_a_user: float) -> None:
    config = load("test", {"similar.max_items_per_user": most})

    assert units_of(STORED, shaping(config), cores=1)["shared"] == 40 * of_a_user


def test_nothing_costs_nothing() -> None:
    units = units_of(Workload(), shaping(load("test", {})), cores=2)

    assert {name for name, count in units.items() if count} == {"cores"}
