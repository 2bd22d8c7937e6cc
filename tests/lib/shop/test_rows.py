import numpy as np

from lakerec.shop.rows import Numbers, empty_rows, pick, take_due


def test_numbers_are_given_once() -> None:
    numbers = Numbers(5)

    first, second = numbers.take(3), numbers.take(2)

    assert first.tolist() == [5, 6, 7]
    assert second.tolist() == [8, 9]


def test_rows_delivered_at_the_end_of_a_day_belong_to_the_next() -> None:
    rows = empty_rows(3)
    rows["delivered_at"] = [99, 100, 101]

    due, rest = take_due(rows, before=100)

    assert due["delivered_at"].tolist() == [99]
    assert rest["delivered_at"].tolist() == [100, 101]


def test_a_point_on_an_edge_belongs_to_the_interval_above_but_for_the_last() -> None:
    upper = np.array([0.25, 0.75, 1.0])

    picked = pick(upper, np.array([0.0, 0.25, 0.7, 0.75, 1.0]))

    assert picked.tolist() == [0, 1, 1, 2, 2]
