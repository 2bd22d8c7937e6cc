"""What may be changed: ranges, what is tried first, and the file that training takes."""

import tomllib

import pytest
from pydantic import ValidationError

from lakerec.config import load
from lakerec.diagnostics.search_space import (
    Candidate,
    Dimension,
    TuningSettings,
    as_toml,
    clipped,
    dimensions,
    values_of,
    with_values,
)
from lakerec.errors import SettingsError

CONFIG = load("test", {"als.rank": 16, "feedback.half_life_days": 30})
TUNING = CONFIG.tuning.model_copy(
    update={"rank": (8, 64), "max_iter": (), "reg_param": (0.01, 1.0), "alpha": (), "weights": {"cart": (1.0, 10.0)}}
)
GIVEN = Candidate(CONFIG.als, CONFIG.feedback)


def settings(**changes):
    return TuningSettings(**{**CONFIG.tuning.model_dump(), **changes})


def with_cart(weight):
    weights = {**CONFIG.feedback.weights, "cart": weight}
    return GIVEN._replace(feedback=CONFIG.feedback.model_copy(update={"weights": weights}))


def test_every_range_is_a_dimension_and_an_empty_one_leaves_what_is_configured():
    space = dimensions(TUNING, [GIVEN], with_feedback=True)

    assert space == [
        Dimension("als.rank", 8, 64, True),
        Dimension("als.reg_param", 0.01, 1.0, False),
        Dimension("feedback.half_life_days", *CONFIG.tuning.half_life_days, True),
        Dimension("feedback.weights.cart", 1.0, 10.0, False),
    ]
    of_als = dimensions(TUNING, [GIVEN], with_feedback=False)
    assert [each.name for each in of_als] == ["als.rank", "als.reg_param"]


def test_ranges_are_widened_to_hold_what_is_tried_first():
    small = GIVEN._replace(als=CONFIG.als.model_copy(update={"rank": 4}))

    space = {
        each.name: each for each in dimensions(TUNING, [small, with_cart(12.0), with_cart(0.0)], with_feedback=True)
    }

    assert (space["als.rank"].low, space["als.rank"].high) == (4, 64)
    assert (space["feedback.weights.cart"].low, space["feedback.weights.cart"].high) == (1.0, 12.0)


def test_what_has_no_logarithm_is_refused_by_name():
    forever = GIVEN._replace(feedback=CONFIG.feedback.model_copy(update={"half_life_days": 0}))

    with pytest.raises(SettingsError, match=r"range of feedback\.half_life_days cannot hold what is configured \(0\)"):
        dimensions(TUNING, [forever], with_feedback=True)


def test_a_weight_of_an_unknown_action_is_refused_by_name():
    unknown = TUNING.model_copy(update={"weights": {"wave": (1.0, 2.0)}})

    with pytest.raises(SettingsError, match=r"tuning\.weights\.wave: feedback\.weights has no such action"):
        dimensions(unknown, [GIVEN], with_feedback=True)


def test_values_go_into_a_candidate_and_come_out_again():
    space = dimensions(TUNING, [GIVEN], with_feedback=True)
    values = {"als.rank": 12, "als.reg_param": 0.2, "feedback.half_life_days": 9, "feedback.weights.cart": 4.5}

    candidate = with_values(GIVEN, values)

    assert values_of(candidate, space) == values
    assert candidate.als.alpha == CONFIG.als.alpha
    assert candidate.feedback.weights["view"] == CONFIG.feedback.weights["view"]
    assert with_values(GIVEN, values_of(GIVEN, space)) == GIVEN


def test_values_beyond_a_range_are_put_at_its_end():
    space = [Dimension("feedback.weights.scroll", 0.05, 2.0, False), Dimension("als.rank", 8, 64, True)]

    assert clipped({"feedback.weights.scroll": 0.0, "als.rank": 16}, space) == {
        "feedback.weights.scroll": 0.05,
        "als.rank": 16,
    }


def test_the_file_says_the_same_to_a_reader_of_toml_below_its_remarks():
    text = as_toml({"als.rank": 12, "als.reg_param": 1e-05, "feedback.weights.cart": 4.5}, ["Trial 3.", "Good."])

    assert text.startswith("# Trial 3.\n# Good.\n")
    assert tomllib.loads(text) == {"als": {"rank": 12, "reg_param": 1e-05}, "feedback": {"weights": {"cart": 4.5}}}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rank": (8,)}, r"rank: \[8\] is not \[lowest, highest\]"),
        ({"alpha": (2.0, 1.0)}, r"alpha: \[2\.0, 1\.0\] is not"),
        ({"weights": {"cart": (1.0, 2.0, 3.0)}}, r"weights\.cart: "),
        ({"rank": (8, 2000)}, "rank goes up to 1024"),
        ({"reg_param": (0.0, 1.0)}, "greater than 0"),
    ],
)
def test_a_range_is_two_ascending_positive_numbers(wrong, message):
    with pytest.raises(ValidationError, match=message):
        settings(**wrong)
