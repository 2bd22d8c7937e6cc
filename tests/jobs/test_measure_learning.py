"""measure_learning on the tiny shop."""

import shutil
from pathlib import Path

import pytest

from jobs.measure_learning import main
from lakerec.config import load
from lakerec.diagnostics.learning_curves import LEARNING_CURVES
from lakerec.lakehouse import Lakehouse
from tests.conftest import TINY_SHOP, Shop


def test_without_a_model_there_is_nothing_to_do(lake: Lakehouse) -> None:
    counts = main(lake.spark, load("test", {"lake.root": lake.root, "lake.run_id": "test"}))

    assert counts == {"rows_in": 0, "rows_out": 0}
    assert not lake.exists(LEARNING_CURVES)


@pytest.mark.slow
def test_every_share_is_judged_on_the_same_customers_and_continued(shop: Shop, tmp_path: Path) -> None:
    shutil.copytree(shop.lake.root, tmp_path / "lake")
    own = {"learning.shares": "[0.25, 0.5, 0.75, 1.0]", "learning.parts": "2", "als.solver": "cg"}
    config = load("test", {**TINY_SHOP, **own, "lake.root": str(tmp_path / "lake"), "lake.run_id": "curve"})

    counts = main(shop.lake.spark, config)
    again = main(shop.lake.spark, config)

    lake = Lakehouse(shop.lake.spark, config.lake)
    rows = lake.read(LEARNING_CURVES).orderBy("user_share").collect()
    assert [row.user_share for row in rows] == [0.25, 0.5, 0.75, 1.0, 2.0]
    assert [row.is_measured for row in rows] == [True] * 4 + [False]
    assert [row.fit_count for row in rows] == [2, 1, 1, 1, 0]
    assert len({row.judged_count for row in rows}) == 1
    assert rows[0].user_count < rows[1].user_count < rows[2].user_count < rows[3].user_count
    assert (rows[3].gain, rows[3].gain_low, rows[3].gain_high) == (0, 0, 0)
    assert rows[4].verdict
    assert rows[4].low <= rows[4].value <= rows[4].high
    assert (counts["fits"], again["rows_out"]) == (5, 0)
