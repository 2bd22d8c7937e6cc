import numpy as np

from lakerec.shop.mess import REASONS, deliver, order_lines, plant
from lakerec.shop.rows import DAY, HOUR, Planted, empty_rows
from tests.lib.shop.shops import a_shop, a_tidy_shop


def some_rows(count: int = 5_000):
    rows = empty_rows(count)
    rows["number"] = np.arange(count)
    rows["at"] = DAY + np.arange(count) * (10 * HOUR // count)
    rows["delivered_at"] = rows["at"]
    return rows


def test_late_events_are_delivered_one_to_48_hours_late_and_the_others_at_once() -> None:
    rows = some_rows()

    deliver(np.random.default_rng(0), a_tidy_shop(late_share=0.1), rows)

    delay = rows["delivered_at"] - rows["at"]
    assert 0.07 < (delay > 0).mean() < 0.13
    assert delay[delay > 0].min() >= HOUR
    assert delay.max() < 2 * DAY


def test_planted_lines_are_additional_and_in_their_shares() -> None:
    settings = a_tidy_shop(malformed_share=0.1, unknown_action_share=0.05, repeated_share=0.02)

    planted = plant(np.random.default_rng(0), settings, some_rows(), first_number=5_000)

    kinds = {REASONS[Planted(code)] for code in planted["planted"].tolist()}
    assert {reason.reason for reason in kinds} == {
        "not JSON", "not UTF-8", "not an object", "is a known action", "repeated in its file",
    }  # fmt: skip
    assert 0.15 < len(planted) / 5_000 < 0.19


def test_duplicates_keep_their_number_and_bad_lines_get_their_own() -> None:
    planted = plant(np.random.default_rng(0), a_shop(), some_rows(), first_number=5_000)

    is_duplicate = planted["planted"] <= Planted.REDELIVERED
    own = planted["number"][~is_duplicate]
    assert (planted["number"][is_duplicate] < 5_000).all()
    assert own.tolist() == list(range(5_000, 5_000 + len(own)))


def test_a_redelivered_line_is_in_a_later_file_and_a_repeated_one_in_the_same() -> None:
    rows = some_rows()

    planted = plant(np.random.default_rng(0), a_shop(), rows, first_number=5_000)

    again = planted[planted["planted"] == Planted.REDELIVERED]
    twice = planted[planted["planted"] == Planted.REPEATED]
    assert (again["delivered_at"] // HOUR > rows["delivered_at"][again["number"]] // HOUR).all()
    assert (twice["delivered_at"] // HOUR == rows["delivered_at"][twice["number"]] // HOUR).all()


def test_lines_stand_in_order_but_for_those_astray_which_stay_in_their_hour() -> None:
    rows = some_rows()
    np.random.default_rng(1).shuffle(rows)

    tidy = order_lines(np.random.default_rng(0), a_tidy_shop(), rows)
    astray = order_lines(np.random.default_rng(0), a_tidy_shop(out_of_order_share=0.2), rows)

    assert (np.diff(tidy["delivered_at"]) >= 0).all()
    assert (np.diff(astray["delivered_at"]) < 0).any()
    assert (np.diff(astray["delivered_at"] // HOUR) >= 0).all()
