"""Small systems against numpy's solution."""

import numpy as np

from lakerec.model.cholesky import solve


def test_every_column_is_solved_in_its_place_with_the_penalty_on_the_diagonal() -> None:
    rng = np.random.default_rng(1)
    rows, right = rng.standard_normal((9, 6)), rng.standard_normal((6, 3))
    matrix, found = rows.T @ rows, right.copy()

    solve(np.tril(matrix), 0.5, np.empty((6, 6)), found)

    np.testing.assert_allclose(found, np.linalg.solve(matrix + 0.5 * np.eye(6), right), rtol=1e-10)


def test_one_number_is_divided() -> None:
    found = np.array([[6.0]])

    solve(np.array([[1.0]]), 2.0, np.empty((1, 1)), found)

    np.testing.assert_allclose(found, [[6 / (1 + 2)]], rtol=1e-15)


def test_a_matrix_that_is_not_positive_definite_gives_no_number() -> None:
    found = np.ones((2, 1))

    solve(np.array([[1.0, 0.0], [2.0, 1.0]]), 0.0, np.empty((2, 2)), found)

    assert np.isnan(found).any()
