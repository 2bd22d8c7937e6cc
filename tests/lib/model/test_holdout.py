"""Splits by user: the last items of each by hand, and whole users."""

from datetime import date, datetime, time

from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.model.holdout import hold_out_last, hold_out_users


def at(day, hour):
    return datetime.combine(date(2026, 4, day), time(hour))


def daily(spark, *rows):
    """gold.daily_interactions of April 2026: day, user, item, action, and the hours of the first and last of them."""
    values = [
        (date(2026, 4, day), user, item, action, 1, None, at(day, first), at(day, last))
        for day, user, item, action, first, last in rows
    ]
    return spark.createDataFrame(values, DAILY_INTERACTIONS.schema)


def pairs(frame):
    return sorted((row.user_ix, row.item_ix) for row in frame.collect())


def test_the_newest_item_is_the_test_the_one_before_validation_and_nothing_later_is_training(spark):
    rows = daily(
        spark,
        (1, 1, 10, "purchase", 9, 9),
        (2, 1, 11, "purchase", 9, 9),
        (3, 1, 12, "purchase", 9, 9),
        (4, 1, 10, "purchase", 9, 9),  # again: as new as its first time, but later than what is held out
        (2, 1, 13, "view", 8, 8),  # before the held-out items: training
        (2, 1, 14, "view", 8, 10),  # on both sides of that moment: in no part
        (3, 1, 15, "view", 9, 9),  # after it
        (1, 2, 10, "purchase", 9, 9),
        (2, 2, 11, "purchase", 9, 9),  # user 2 has too few
    )

    split = hold_out_last(rows, 1, ["purchase"])

    assert pairs(split.test) == [(1, 12)]
    assert pairs(split.validation) == [(1, 11)]
    assert pairs(split.train) == [(1, 10), (1, 13), (2, 10), (2, 11)]
    assert split.train.columns == rows.columns


def test_of_equally_new_items_the_smallest_is_the_newest(spark):
    rows = daily(spark, *[(1, 1, item, "purchase", 9, 9) for item in (12, 10, 11)], (1, 1, 13, "purchase", 8, 8))

    split = hold_out_last(rows, 1, ["purchase"])

    assert (pairs(split.test), pairs(split.validation), pairs(split.train)) == ([(1, 10)], [(1, 11)], [(1, 13)])


def test_whole_users_are_held_out_and_their_wanted_items_are_nowhere_else(spark):
    rows = [(1, user, item, "purchase", 9, 9) for user in range(200) for item in range(10)]
    rows += [(2, user, item, "view", 9, 9) for user in range(200) for item in range(10, 12)]

    split = hold_out_users(daily(spark, *rows), 0.1, 0.2, 7, ["purchase"])

    users = [{user for user, _ in pairs(frame)} for frame in (split.train, split.validation_known, split.test_known)]
    assert sum(map(len, users)) == len(users[0] | users[1] | users[2]) == 200
    assert all(10 <= len(held) <= 32 for held in users[1:])  # 20 are expected
    for known, wanted, own in (
        (split.validation_known, split.validation, users[1]),
        (split.test_known, split.test, users[2]),
    ):
        assert not {*pairs(known)} & {*pairs(wanted)}
        assert len({*pairs(known)} | {*pairs(wanted)}) == 12 * len(own)
        assert {item for _, item in pairs(wanted)} <= set(range(10))  # views are not to be found
        assert 1 <= len(pairs(wanted)) / len(own) <= 3  # 2 are expected


def test_more_rows_move_nobody_and_another_seed_draws_others(spark):
    few = [(1, user, 10, "purchase", 9, 9) for user in range(40)]
    more = [*few, *[(2, user, 11, "purchase", 9, 9) for user in range(30, 90)]]

    before, after, other = (
        {user for user, _ in pairs(hold_out_users(daily(spark, *rows), 0.25, 0.5, seed, ["purchase"]).train)}
        for rows, seed in ((few, 7), (more, 7), (few, 8))
    )

    assert before == after & set(range(40))
    assert other != before
