"""Rows of users, lists and truth become arrays."""

from lakerec.diagnostics.list_blocks import Maker, read_blocks
from tests.lib.diagnostics.measuring import a_plan, made, travelling, truth, user

ALS = Maker("als")


def test_a_block_holds_each_users_band_lists_and_truth():
    (block,) = read_blocks(
        [
            travelling(
                user(1, "5-19"), truth(1, 12, 10), truth(1, 14, split=0), made(1, 0, 10, 11), user(9, "new", False)
            )
        ],
        a_plan(ALS),
    )

    assert (block.history.tolist(), block.is_known.tolist()) == ([2, 0], [True, False])
    assert block.lists(a_plan(ALS), ALS, split=1).tolist() == [[0, 1, -1], [-1, -1, -1]]
    assert block.lists(a_plan(ALS), ALS, split=0).tolist() == [[-1, -1, -1], [-1, -1, -1]]
    validation, test = block.truth
    assert (test.keys.tolist(), test.counts.tolist()) == ([0 * 5 + 0, 0 * 5 + 2], [2, 0])
    assert validation.counts.tolist() == [1, 0]


def test_items_beyond_the_longest_list_that_is_measured_are_not_looked_at():
    (block,) = read_blocks([travelling(user(1, "5-19"), made(1, 0, 10, 11, 12, 13))], a_plan(ALS))

    assert block.lists(a_plan(ALS), ALS, split=1).tolist() == [[0, 1, 2]]


def test_items_that_the_model_does_not_know_are_at_no_position_negative_ones_too():
    (block,) = read_blocks([travelling(user(1, "5-19"), made(1, 0, -3, 11, 99))], a_plan(ALS))

    assert block.lists(a_plan(ALS), ALS, split=1).tolist() == [[-1, 1, -1]]


def test_blocks_hold_as_many_users_as_fit_and_tear_none_apart():
    batch = travelling(*[made(ix, 0, *[10, 11, 12][: 1 + ix % 3]) for ix in range(7)])  # 1, 2, 3, 1, 2, 3, 1 entries

    blocks = [block.lists(a_plan(ALS), ALS, split=1).tolist() for block in read_blocks([batch], a_plan(ALS), 4)]

    one, two, three = [0, -1, -1], [0, 1, -1], [0, 1, 2]
    assert blocks == [[one, two], [three, one], [two], [three, one]]
    by_two = [batch.slice(begin, 2) for begin in range(0, 7, 2)]
    assert [block.lists(a_plan(ALS), ALS, split=1).tolist() for block in read_blocks(by_two, a_plan(ALS), 4)] == blocks
    assert list(read_blocks([], a_plan(ALS))) == []
    assert list(read_blocks([batch.slice(0, 0)], a_plan(ALS))) == []
