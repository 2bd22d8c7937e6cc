"""diagnostics.thresholds: the rule is applied on one window and measured on the next."""

import numpy as np
import pytest

from lakerec.diagnostics.thresholds import Kept, Outcomes, Rule, ThresholdSettings, fit_thresholds, keep


def outcomes(probability, is_bought):
    return Outcomes(np.array(probability, dtype=float), np.array(is_bought, dtype=float))


def chosen(thresholds):
    (only,) = [row for row in thresholds if row.is_chosen]
    return only


VALIDATION = outcomes([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1])  # half of all candidates were bought
TEST = outcomes([0.1, 0.25, 0.3, 0.9], [1, 0, 0, 1])
SETTINGS = ThresholdSettings(
    rule="lift", minimum_lift=1.5, minimum_precision=0.9, gain=10.0, cost=2.0, candidate_count=4
)


def test_keeping_counts_candidates_at_the_threshold_itself():
    kept = keep(TEST, 0.3)

    assert kept == Kept(precision=1 / 2, recall=1 / 2, share=2 / 4)


def test_what_has_no_denominator_is_null():
    assert keep(TEST, 0.95) == Kept(precision=None, recall=0 / 2, share=0 / 4)
    assert keep(outcomes([0.5], [0]), 0.1) == Kept(precision=0 / 1, recall=None, share=1 / 1)
    assert keep(outcomes([], []), 0.1) == Kept(None, None, None)


def test_the_lowest_threshold_that_reaches_the_lift_on_validation_is_chosen():
    thresholds = fit_thresholds(VALIDATION, TEST, SETTINGS)

    assert [row.threshold for row in thresholds] == [0.1, 0.2, 0.3, 0.4]
    assert [row.fitted_precision for row in thresholds] == [2 / 4, 2 / 3, 2 / 2, 1 / 1]
    assert chosen(thresholds).threshold == 0.3  # 2 / 2 is the first at or above 1.5 * 2 / 4
    assert chosen(thresholds).reason == (
        "lowest threshold with a precision of 0.7500 (1.5 times the 0.5000 of all candidates) on the calibrate window"
    )


def test_precision_recall_and_share_come_from_the_test_window():
    thresholds = fit_thresholds(VALIDATION, TEST, SETTINGS)

    assert [(row.precision, row.recall, row.share) for row in thresholds] == [
        (2 / 4, 2 / 2, 4 / 4),
        (1 / 3, 1 / 2, 3 / 4),
        (1 / 2, 1 / 2, 2 / 4),
        (1 / 1, 1 / 2, 1 / 4),
    ]


def test_the_test_window_has_no_say_in_the_choice():
    other = outcomes([0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0])

    assert chosen(fit_thresholds(VALIDATION, other, SETTINGS)).threshold == 0.3


def test_where_nothing_reaches_the_lift_the_largest_f1_is_taken_and_said():
    upside_down = outcomes([0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0])

    thresholds = fit_thresholds(upside_down, TEST, SETTINGS)

    assert chosen(thresholds).threshold == 0.1  # F1 is 2 * (1/2) * 1 / (1/2 + 1) = 2/3 there, less above
    assert "no threshold reaches" in chosen(thresholds).reason
    assert "largest F1" in chosen(thresholds).reason


def test_with_no_purchase_at_all_there_is_still_exactly_one_choice():
    thresholds = fit_thresholds(outcomes([0.1, 0.2], [0, 0]), TEST, SETTINGS)

    assert "no threshold reaches" in chosen(thresholds).reason


def test_equal_probabilities_make_one_threshold_and_no_candidates_make_none():
    assert [row.threshold for row in fit_thresholds(outcomes([0.2] * 5, [0, 1, 0, 0, 0]), TEST, SETTINGS)] == [0.2]
    assert fit_thresholds(outcomes([], []), TEST, SETTINGS) == []


def test_a_lift_of_one_is_refused_because_it_would_recommend_everything():
    with pytest.raises(ValueError, match="greater than 1"):
        ThresholdSettings(minimum_lift=1.0, candidate_count=4)


def test_a_precision_may_be_asked_for_outright():
    thresholds = fit_thresholds(VALIDATION, TEST, SETTINGS.model_copy(update={"rule": Rule.PRECISION}))

    assert chosen(thresholds).threshold == 0.3
    assert chosen(thresholds).reason == "lowest threshold with a precision of 0.9 on the calibrate window"


def test_the_expected_value_is_what_purchases_gain_less_what_showing_costs():
    thresholds = fit_thresholds(VALIDATION, TEST, SETTINGS.model_copy(update={"rule": Rule.VALUE}))

    # kept 4, 3, 2, 1 of 4 candidates, bought 2, 2, 2, 1 of them
    assert [row.fitted_value for row in thresholds] == [
        1000 * (10 * 2 - 2 * 4) / 4,
        1000 * (10 * 2 - 2 * 3) / 4,
        1000 * (10 * 2 - 2 * 2) / 4,
        1000 * (10 * 1 - 2 * 1) / 4,
    ]
    assert thresholds[0].expected_value == 1000 * (10 * 2 - 2 * 4) / 4
    assert chosen(thresholds).threshold == 0.3
    assert chosen(thresholds).reason == (
        "largest expected value on the calibrate window, at a gain of 10 a purchase and a cost of 2 an item"
    )
