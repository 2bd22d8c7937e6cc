"""Continuing a learning curve, and saying what that is worth."""

import numpy as np
import pytest

from lakerec.diagnostics.learning_curves import (
    ENOUGH,
    HELPS,
    NOT_TOLD,
    LearningSettings,
    continue_curve,
    judge_gain,
    power_law,
)
from lakerec.diagnostics.user_metrics import Means

SHARES = (0.1, 0.25, 0.5, 1.0)


def settings(shares: tuple[float, ...] = SHARES, parts: int = 4) -> LearningSettings:
    return LearningSettings(shares=shares, parts=parts, worthwhile_gain=0.05)


def noisy(values: np.ndarray, noise: float) -> Means:
    rng = np.random.default_rng(7)
    return Means(values, values + rng.normal(0, noise, (40, len(values))), 500)


def test_every_share_has_whole_parts_for_the_same_judged_customers() -> None:
    chosen = settings()

    assert chosen.judged_share == pytest.approx(4 / 10)
    assert [len(chosen.parts_of(share)) for share in SHARES] == [4, 2, 1, 1]
    assert chosen.parts_of(0.25) == [(0.0, 0.25), (0.25, 0.5)]


def test_a_share_that_does_not_divide_the_customers_bounds_who_is_judged() -> None:
    chosen = settings((0.1, 0.3, 0.7, 1.0), parts=10)

    assert chosen.judged_share == pytest.approx(0.7)  # the second part of 70 % would lack customers
    assert [len(chosen.parts_of(share)) for share in chosen.shares] == [7, 3, 1, 1]


def test_shares_have_to_end_with_everybody() -> None:
    with pytest.raises(ValueError, match="end with 1"):
        settings((0.1, 0.2, 0.3, 0.5))


def test_a_curve_that_follows_the_law_is_continued_along_it() -> None:
    values = power_law(np.array(SHARES), 0.4, 0.1, 0.5)

    found = continue_curve(SHARES, noisy(values, 1e-5), 2.0)

    assert found.value == pytest.approx(0.4 - 0.1 / 2**0.5, abs=1e-3)
    assert found.gain == pytest.approx(0.1 - 0.1 / 2**0.5, abs=1e-3)
    assert found.replicates == pytest.approx(found.value, abs=2e-3)
    assert found.gain_replicates == pytest.approx(found.gain, abs=2e-3)


def test_a_flat_curve_goes_on_flat_and_noise_makes_the_continuation_unsure() -> None:
    flat = np.full(4, 0.2)

    sure, unsure = (continue_curve(SHARES, noisy(flat, noise), 2.0) for noise in (1e-5, 0.02))

    assert sure.value == pytest.approx(0.2, abs=1e-3)
    assert sure.gain == pytest.approx(0, abs=1e-3)
    assert unsure.replicates.std() > 100 * sure.replicates.std()


def test_twice_the_customers_are_worth_what_the_interval_says() -> None:
    assert judge_gain(0.02, 0.04, value=0.2, worthwhile=0.05).startswith(f"{HELPS}: twice as many bring 0.0200")
    assert judge_gain(-0.01, 0.005, value=0.2, worthwhile=0.05).startswith(ENOUGH)
    assert judge_gain(0.005, 0.04, value=0.2, worthwhile=0.05).startswith(NOT_TOLD)
    assert judge_gain(None, None, value=0.2, worthwhile=0.05) == f"{NOT_TOLD}: too few customers"
