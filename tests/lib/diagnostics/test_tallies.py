"""What is added up of lists, by whom they serve and by which items count."""

import pyarrow as pa
import pytest

from lakerec.diagnostics.list_blocks import Maker, read_blocks
from lakerec.diagnostics.tallies import Key, tally_batches, tally_block
from tests.lib.diagnostics.measuring import a_plan, made, travelling, truth, user

ALS, LADDER, EARLIER = Maker("als"), Maker("ladder", serves_newcomers=True), Maker("als", made_by="m1")


def tallied(plan, *rows):
    tallies = {}
    for block in read_blocks([travelling(*rows)], plan):
        tally_block(block, plan, tallies)
    return tallies


def sums(plan, tally, metric, k):
    nth = plan.columns.index((metric, k))
    return tally.sums[1 + nth], tally.sums[1 + len(plan.columns) + nth]


def test_values_are_summed_by_band_of_history_with_how_many_were_drawn():
    plan = a_plan(ALS)

    tallies = tallied(
        plan,
        [*user(1, "5-19"), *truth(1, 10, 12), *made(1, 0, 10, 11, 12)],
        [*user(3, "5-19"), *truth(3, 14)],  # was listed nothing
        [*user(4, "5-19"), *made(4, 0, 10, 11)],  # has nothing relevant: drawn, not judged
        [*user(2, "1-4"), *truth(2, 11), *made(2, 0, 10, 11)],
    )

    many = tallies[Key(1, "history", "5-19", "als", "", "")]
    assert many.sums[0] == 3
    assert sums(plan, many, "recall", 3) == (2, pytest.approx(2 / 2 + 0))
    assert sums(plan, many, "precision", 1) == (2, pytest.approx(1 + 0))
    assert sums(plan, many, "novelty", 3) == (1, pytest.approx((1 + 2 + 3) / 3))  # an empty list has none
    assert sums(plan, tallies[Key(1, "history", "1-4", "als", "", "")], "mrr", 3) == (1, pytest.approx(1 / 2))


def test_replicates_weigh_users_and_all_recommenders_alike():
    plan = a_plan(ALS, LADDER)
    rows = [[*user(ix, "1-4"), *truth(ix, 10), *made(ix, 0, 10), *made(ix, 1, 10)] for ix in range(50)]

    tallies = tallied(plan, *rows)

    als, ladder = (tallies[Key(1, "history", "1-4", name, "", "")] for name in ("als", "ladder"))
    assert (als.replicates == ladder.replicates).all()
    assert len(set(als.replicates[:, 0])) > 5  # sums of weights vary about 50
    assert als.replicates[:, 0].mean() == pytest.approx(50, abs=5)


def test_newcomers_are_served_by_the_ladder_alone():
    tallies = tallied(a_plan(ALS, LADDER), [*user(9, "new", is_known=False), *truth(9, 10), *made(9, 1, 10)])

    assert Key(1, "history", "new", "ladder", "", "") in tallies
    assert not [key for key in tallies if key.recommender == "als"]


def test_by_items_only_those_of_the_band_are_relevant_and_only_who_wanted_any_counts():
    plan = a_plan(ALS)

    tallies = tallied(
        plan,
        [*user(1, "5-19"), *truth(1, 10, 12), *made(1, 0, 12, 10)],  # a hat at rank 2, a shoe at rank 1
        [*user(2, "1-4"), *truth(2, 11), *made(2, 0, 12)],  # a hat, not found
    )

    hats, shoes = (tallies[Key(1, "category", band, "als", "", "")] for band in ("hat", "shoe"))
    assert sums(plan, hats, "recall", 3) == (2, pytest.approx(1 / 1 + 0 / 1))
    assert sums(plan, hats, "mrr", 3) == (2, pytest.approx(1 / 2 + 0))
    assert sums(plan, shoes, "recall", 1) == (1, pytest.approx(1 / 1))
    assert sums(plan, shoes, "novelty", 3)[0] == 0


def test_another_model_is_held_against_ours_for_users_with_both_lists():
    plan = a_plan(ALS, EARLIER)

    tallies = tallied(
        plan,
        [*user(1, "1-4"), *truth(1, 10), *made(1, 0, 10), *made(1, 1, 11, 10)],
        [*user(2, "1-4"), *truth(2, 10), *made(2, 0, 10)],  # the earlier model did not list for 2
    )

    ours, theirs = (tallies[Key(1, "history", "1-4", "als", made_by, "m1")] for made_by in ("", "m1"))
    assert sums(plan, ours, "mrr", 3) == (1, pytest.approx(1 / 1))
    assert sums(plan, theirs, "mrr", 3) == (1, pytest.approx(1 / 2))
    assert sums(plan, tallies[Key(1, "history", "1-4", "als", "", "")], "mrr", 3) == (2, pytest.approx(1 + 1))


def test_sums_do_not_depend_on_how_users_are_cut_into_batches():
    plan = a_plan(ALS)
    whole = travelling(*[[*user(ix, "1-4"), *truth(ix, 10 + ix % 5), *made(ix, 0, 10, 12, 14)] for ix in range(30)])

    def table(batches):
        return pa.Table.from_batches(tally_batches(batches, plan)).sort_by(
            [("dimension", "ascending"), ("band", "ascending")]
        )

    assert table([whole]).equals(table([whole.slice(begin, 7) for begin in range(0, 30, 7)]))
    assert table([]).num_rows == 0
