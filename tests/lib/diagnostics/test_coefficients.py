"""diagnostics.coefficients: chosen and fitted numbers as rows."""

from lakerec.diagnostics.calibrations import Calibration, Knot
from lakerec.diagnostics.coefficients import (
    calibration_of,
    chosen_coefficients,
    fitted_coefficients,
    learned_coefficients,
)
from lakerec.model.action_weights import Estimate, LearnedWeights

SETTINGS = {
    "als": {"alpha": 40.0, "rank": 16, "implicit": True},
    "feedback": {"half_life_days": 30, "weights": {"cart": 3.0, "return": -4.0}},
    "split": {"relevant_actions": ["purchase"], "marks": [1, 5]},
}


def test_every_number_of_the_settings_is_a_row_with_its_unit_and_texts_and_switches_are_none():
    rows = chosen_coefficients(SETTINGS)

    assert [(row.part, row.name, row.position, row.value, row.unit) for row in rows] == [
        ("als", "alpha", 0, 40.0, "1"),
        ("als", "rank", 0, 16.0, "1"),
        ("feedback", "half_life_days", 0, 30.0, "days"),
        ("feedback", "weights.cart", 0, 3.0, "strength per event"),
        ("feedback", "weights.return", 0, -4.0, "strength per event"),
        ("split", "marks", 0, 1.0, "1"),
        ("split", "marks", 1, 5.0, "1"),
    ]


def test_learned_weights_are_rows_with_intervals_and_the_unit_has_none():
    log_odds = {"view": Estimate(0.4, 0.3, 0.5), "cart": Estimate(1.6, 1.5, 1.7)}
    weights = {"view": Estimate(1.0, None, None), "cart": Estimate(4.0, 3.2, 5.4)}

    rows = learned_coefficients(LearnedWeights(log_odds, weights, Estimate(-3.3, -3.5, -3.1), 900, None), "view")

    assert {row.part for row in rows} == {"learned_weights"}
    assert [(row.name, row.value, row.low, row.high, row.unit) for row in rows] == [
        ("log_odds.view", 0.4, 0.3, 0.5, "log-odds per event"),
        ("log_odds.cart", 1.6, 1.5, 1.7, "log-odds per event"),
        ("log_odds.base", -3.3, -3.5, -3.1, "log-odds"),
        ("weights.view", 1.0, None, None, "events of view"),
        ("weights.cart", 4.0, 3.2, 5.4, "events of view"),
        ("pair_count", 900.0, None, None, "pairs"),
    ]


def test_a_calibration_is_read_back_as_it_was_written():
    calibrations = {
        "als": Calibration(-4.0, 12.5, lowest_score=0.1, highest_score=0.7),
        "popularity": Calibration(None, None, "3 of 80 were bought"),
        "fold_in": Calibration(None, None, "the better one", (Knot(0.1, 0.01), Knot(0.5, 0.02))),
    }

    rows = [row._asdict() for row in fitted_coefficients(calibrations)]

    assert [(row["name"], row["value"]) for row in rows][:5] == [
        ("als.intercept", -4.0),
        ("als.slope", 12.5),
        ("als.lowest_score", 0.1),
        ("als.highest_score", 0.7),
        ("popularity.intercept", None),
    ]
    assert [(row["name"], row["position"], row["value"]) for row in rows[-2:]] == [
        ("fold_in.knot_score", 1, 0.5),
        ("fold_in.knot_probability", 1, 0.02),
    ]
    assert {name: calibration_of(rows, name) for name in calibrations} == calibrations


def test_a_recommender_without_stored_calibration_has_none():
    assert calibration_of([], "als") == Calibration(None, None, "no calibration of als is stored")
