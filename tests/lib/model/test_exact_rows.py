"""The compiled exact solution against the formula by hand, and equations that have none."""

import numpy as np

from lakerec.model.exact_rows import solve_rows


def solved(strengths: list[float], spectrum: list[float], reg_param: float) -> list[float]:
    """The factors of one row whose strengths are about (1, 0), (0, 1), and so on."""
    count = len(strengths)
    factors = np.full((1, 2), 9.0)
    solve_rows(
        np.array([0, count]),
        np.arange(count, dtype=np.uint32),
        np.array(strengths, np.float32),
        np.eye(2),
        np.array(spectrum),
        reg_param,
        1.0,
        factors,
    )
    return [float(factor) for factor in factors[0]]


def test_fewer_strengths_than_factors_and_as_many_are_solved_as_the_formula_says() -> None:
    np.testing.assert_allclose(solved([3.0], [1.0, 1.0], 0.5), [(1 + 3) / (1 + 0.5 + 3), 0])
    both = [(1 + 3) / (1 + 0.5 + 3), 0 / (1 + 0.5 + 2)]  # the second was returned: n is 1, and it pulls to 0
    np.testing.assert_allclose(solved([3.0, -2.0], [1.0, 1.0], 0.5), both)


def test_an_equation_without_a_solution_gives_no_number() -> None:
    assert np.isnan(solved([3.0], [1.0, 0.0], 0.0)).any()
    assert np.isnan(solved([3.0, 1.0], [1.0, 0.0], 0.0)).any()
