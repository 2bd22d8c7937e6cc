"""Machine code that keeps its promises about numbers, and works where it cannot be kept on disk."""

import numpy as np
import pytest
from numba import types

from lakerec.compiled import SUMS_IN_ANY_ORDER, SUMS_IN_ORDER, compiled, read_only

ADD_UP = types.void(read_only(types.float32), types.float32[::1])


def add_up(numbers: np.ndarray, total: np.ndarray) -> None:
    for number in numbers:
        total[0] += number


@pytest.mark.parametrize("arithmetic", [SUMS_IN_ORDER, SUMS_IN_ANY_ORDER], ids=["in order", "in any order"])
def test_what_is_no_number_stays_none_and_a_function_of_no_file_is_compiled_too(arithmetic: set[str]) -> None:
    source: dict = {}
    exec("def add_up(numbers, total):\n    for number in numbers:\n        total[0] += number\n", source)
    add = compiled(ADD_UP, arithmetic)(source["add_up"])  # numba finds no file beside which to keep it
    frozen = np.array([1, np.nan, 2], np.float32)
    frozen.flags.writeable = False

    total = np.zeros(1, np.float32)
    add(frozen, total)

    assert np.isnan(total[0])


def test_sums_in_order_round_as_one_addition_after_the_other_does() -> None:
    numbers = np.random.default_rng(1).standard_normal(10_000).astype(np.float32)
    expected, total = np.zeros(1, np.float32), np.zeros(1, np.float32)
    add_up(numbers, expected)

    compiled(ADD_UP, SUMS_IN_ORDER)(add_up)(numbers, total)

    assert total.tobytes() == expected.tobytes()
