"""Verdicts on fits, from curves that are written out."""

import numpy as np
import pytest

from lakerec.diagnostics.fit_curves import FITS, NOT_TOLD, OVERFIT, UNDERFIT, FitSettings, Stages, judge_fit
from lakerec.diagnostics.user_metrics import Means


def means(*values: float, noise: float = 0.001, users: int = 500) -> Means:
    """Means by iteration; replicates differ by noise that iterations share but for a tenth of it."""
    rng = np.random.default_rng(7)
    common, own = rng.normal(0, noise, (100, 1)), rng.normal(0, noise / 10, (100, len(values)))
    return Means(np.array(values), np.array(values) + common + own, users)


def stages(train: list[float], validation: Means, ndcg: Means) -> Stages:
    return Stages([1, 2, 4, 8], np.array(train), validation, ndcg)


FALLING = [9.0, 8.0, 7.0, 6.0]


def test_a_fit_that_still_gets_better_on_what_it_has_not_seen_is_underfit() -> None:
    verdict, reason = judge_fit(stages(FALLING, means(9, 8, 7, 6), means(0.1, 0.2, 0.3, 0.4)), 0.01)

    assert verdict == UNDERFIT
    assert reason == "NDCG still rises: NDCG 0.1 at 1, 0.2 at 2, 0.3 at 4, 0.4 at 8"


def test_a_loss_that_still_falls_where_ndcg_tells_nothing_is_underfit() -> None:
    verdict, reason = judge_fit(stages(FALLING, means(9, 8, 7, 6), means(0.4, 0.4, 0.4, 0.4)), 0.01)

    assert verdict == UNDERFIT
    assert "validation loss still falls" in reason


def test_a_fit_that_learns_by_heart_is_overfit() -> None:
    by_ndcg = judge_fit(stages(FALLING, means(9, 8, 8, 8), means(0.1, 0.4, 0.35, 0.3)), 0.01)
    by_loss = judge_fit(stages(FALLING, means(9, 8, 8.5, 9), means(0.3, 0.3, 0.3, 0.3)), 0.01)

    assert (by_ndcg[0], by_loss[0]) == (OVERFIT, OVERFIT)
    assert "while NDCG does" in by_ndcg[1]
    assert "validation loss rises" in by_loss[1]


def test_a_fit_that_has_come_to_rest_fits_and_small_changes_do_not_count() -> None:
    verdict, _ = judge_fit(stages(FALLING, means(9, 8, 7.99, 7.97), means(0.1, 0.3, 0.3, 0.3)), 0.01)

    assert verdict == FITS


def test_lists_decide_where_they_get_better_though_the_loss_rises() -> None:
    verdict, _ = judge_fit(stages(FALLING, means(7, 8, 8.5, 9), means(0.1, 0.2, 0.3, 0.4)), 0.01)

    assert verdict == UNDERFIT


def test_what_is_not_told_from_chance_is_no_verdict() -> None:
    unsure = means(0.30, 0.29, 0.28, 0.29, noise=0.5)
    nobody = Means(np.array([0.1, 0.2, 0.3, 0.4]), np.empty((0, 4)), 3)

    assert judge_fit(stages(FALLING, means(8, 8, 8, 8), unsure), 0.01)[0] == FITS
    assert judge_fit(stages(FALLING, means(8, 8, 8, 8), nobody), 0.01) == (
        NOT_TOLD,
        "only 3 users did something relevant in the window",
    )


def test_a_fit_is_looked_at_before_its_end_and_at_its_end() -> None:
    settings = FitSettings(iterations=(1, 2, 4, 8), max_users=10, tolerance=0.01)

    assert settings.until(10) == [1, 2, 4, 8, 10]
    assert settings.until(4) == [1, 2, 4]
    assert settings.until(1) == [1]


def test_iterations_have_to_ascend() -> None:
    with pytest.raises(ValueError, match="ascend"):
        FitSettings(iterations=(2, 1), max_users=10, tolerance=0.01)
