"""judge_fit on the tiny shop."""

import shutil
from pathlib import Path

import pytest

from jobs.judge_fit import main
from lakerec.config import load
from lakerec.diagnostics.fit_curves import FIT_CURVES, FITS, NOT_TOLD, OVERFIT, UNDERFIT
from lakerec.lakehouse import Lakehouse
from tests.conftest import TINY_SHOP, Shop


def test_without_a_model_there_is_nothing_to_do(lake: Lakehouse) -> None:
    counts = main(lake.spark, load("test", {"lake.root": lake.root, "lake.run_id": "test"}))

    assert counts == {"rows_in": 0, "rows_out": 0}
    assert not lake.exists(FIT_CURVES)


@pytest.mark.slow
def test_a_fit_is_judged_at_its_iterations_and_its_training_loss_falls(shop: Shop, tmp_path: Path) -> None:
    shutil.copytree(shop.lake.root, tmp_path / "lake")
    config = load("test", {**TINY_SHOP, "lake.root": str(tmp_path / "lake"), "lake.run_id": "fit"})

    main(shop.lake.spark, config)
    again = main(shop.lake.spark, config)

    rows = Lakehouse(shop.lake.spark, config.lake).read(FIT_CURVES).orderBy("iteration").collect()
    losses = [row.train_loss for row in rows]
    assert [row.iteration for row in rows] == [1, 2, 3]  # als.max_iter is 3
    assert losses == sorted(losses, reverse=True)
    assert [row.verdict is None for row in rows] == [True, True, False]
    assert rows[-1].verdict in {FITS, NOT_TOLD, OVERFIT, UNDERFIT}
    assert rows[-1].ndcg_low <= rows[-1].ndcg <= rows[-1].ndcg_high
    assert again["rows_out"] == 0
