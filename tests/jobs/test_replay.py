"""replay: the same model again, whatever has come in since, or the reason why not."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from jobs import aggregate_feedback, clean_events, generate_events, ingest_events, replay, train_model
from lakerec.config import load
from lakerec.errors import RebuildNeededError, ReplayError, SettingsError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.replays import REPLAYS
from lakerec.model.runs import RUNS, SERVING, newest_run
from tests.conftest import TINY_SHOP, Shop
from tests.jobs.test_train_model import DAYS, act, configuration, gold

__all__ = ["gold"]


def serving_of(lake: Lakehouse) -> str:
    return newest_run(lake.rows(RUNS), SERVING).model_id


def differences(lake: Lakehouse) -> dict[str, float]:
    return {row.model_id: row.max_difference for row in lake.read(REPLAYS).collect()}


def test_a_model_that_began_with_another_is_the_same_again_with_its_parent_after_days_were_replaced(
    gold: Lakehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    warm = {"als__solver": "cg", "als__warm_start": True}
    train_model.main(gold.spark, configuration(gold, **warm))
    parent = serving_of(gold)
    act(gold, (DAYS[4], 0, 9))
    train_model.main(gold.spark, configuration(gold, **warm))
    child = serving_of(gold)
    first_days = gold.read(DAILY_INTERACTIONS, DAYS[:3]).withColumn("event_count", F.lit(7).cast("long"))
    gold.amend_days(DAILY_INTERACTIONS, DAYS[:3], first_days.localCheckpoint())
    other_blocks = configuration(gold, **warm, als__user_blocks=2, replay__model_id=child)

    counts = replay.main(gold.spark, other_blocks)

    assert differences(gold) == {parent: 0.0, child: 0.0}
    assert counts["rows_out"] == 2
    assert "als.user_blocks is 2 here and was 1 then: replayed as then" in capsys.readouterr().out


def test_what_cannot_be_made_again_is_refused_with_the_reason(gold: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    train_model.main(gold.spark, configuration(gold))
    model_id = serving_of(gold)
    named = configuration(gold, replay__model_id=model_id)

    with pytest.raises(SettingsError, match=r"replay\.model_id: model\.runs holds no model 'nobody'"):
        replay.main(gold.spark, configuration(gold, replay__model_id="nobody"))
    monkeypatch.setattr(replay, "__version__", "99.0")
    with pytest.raises(ReplayError, match=r"was trained by lakerec .*, this is lakerec 99\.0; other versions may give"):
        replay.main(gold.spark, named)
    monkeypatch.undo()

    factors = gold.read_partition(ITEM_FACTORS, model_id)
    moved = F.transform("factors", lambda factor: factor + F.lit(0.25).cast("float"))
    gold.replace_partition(ITEM_FACTORS, model_id, factors.withColumn("factors", moved).localCheckpoint())
    with pytest.raises(ReplayError, match=r"largest difference of a factor 0\.25"):
        replay.main(gold.spark, named)
    assert differences(gold)[model_id] == pytest.approx(0.25, abs=1e-6)

    files = [*Path(gold.location(DAILY_INTERACTIONS)).rglob("event_date=*/*.parquet")]
    act(gold, (date(2026, 3, 9), 0, 0))  # a newer version, which does not need the file that is lost
    files[0].unlink()
    with pytest.raises(RebuildNeededError, match=r"gold\.daily_interactions: version 0 cannot be read any more"):
        replay.main(gold.spark, named)


@pytest.mark.slow
def test_after_five_more_days_of_a_shop_the_factors_are_the_same_to_the_last_bit(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(shop.folder, folder)
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing")}
    lake = Lakehouse(shop.lake.spark, load("test", {**TINY_SHOP, **places}).lake)
    model_id, version = serving_of(lake), lake.version(DAILY_INTERACTIONS)
    for days in range(9, 14):
        config = load("test", {**TINY_SHOP, **places, "shop.days": days, "lake.run_id": f"day {days}"})
        for job in (generate_events, ingest_events, clean_events, aggregate_feedback):
            job.main(lake.spark, config)

    replay.main(lake.spark, load("test", {**TINY_SHOP, **places, "replay.model_id": model_id}))

    assert lake.version(DAILY_INTERACTIONS) == version + 5
    assert differences(lake) == {model_id: 0.0}
    shop.lake.spark.catalog.clearCache()
