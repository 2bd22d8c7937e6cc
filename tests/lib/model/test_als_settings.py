"""Settings of ALS."""

import pytest
from pydantic import ValidationError

from lakerec.model.als_settings import AlsSettings, unsolvable
from tests.lib.model.test_als import MLLIB


def test_there_are_two_solvers() -> None:
    with pytest.raises(ValidationError, match="'mllib' or 'cg'"):
        AlsSettings(**{**MLLIB.model_dump(), "solver": "sgd"})


def test_a_warm_start_needs_the_solver_that_can() -> None:
    with pytest.raises(ValidationError, match="warm_start needs"):
        AlsSettings(**{**MLLIB.model_dump(), "warm_start": True})


def test_what_cannot_be_solved_names_the_settings_to_change() -> None:
    assert "als.rank 3, als.reg_param 0.1 and als.alpha 10.0" in str(unsolvable(MLLIB))
