"""make_sample on the tiny shop: whole customers stand for it, single rows do not."""

from pathlib import Path

import pytest
from pyspark.sql import functions as F

from jobs import aggregate_feedback, clean_events
from jobs.make_sample import main
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES
from lakerec.config import Config
from lakerec.diagnostics.sample_certificates import SAMPLE_CERTIFICATES
from lakerec.errors import LakeError, SettingsError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.silver.events import EVENTS
from tests.conftest import Shop


def sampling(shop: Shop, root: Path, **changes: object) -> Config:
    sample = shop.config.sample.model_copy(update={"root": str(root), "share": 0.5, "max_distance": 0.2, **changes})
    return shop.config.model_copy(update={"sample": sample})


def test_a_sample_needs_a_folder_of_its_own(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sample\.root: name a new folder"):
        main(shop.lake.spark, sampling(shop, Path(shop.lake.root)))
    with pytest.raises(SettingsError, match=r"sample\.root"):
        main(shop.lake.spark, shop.config)


@pytest.mark.slow
def test_whole_customers_are_a_lake_in_which_they_are_what_they_were(shop: Shop, tmp_path: Path) -> None:
    config = sampling(shop, tmp_path / "small")
    counts = main(shop.lake.spark, config)
    small = config.model_copy(update={"lake": config.lake.model_copy(update={"root": config.sample.root})})
    sample = Lakehouse(shop.lake.spark, small.lake)
    written = sample.source_versions(FILES, RAW_EVENTS, SAMPLE_CERTIFICATES)
    again = main(shop.lake.spark, config)
    assert sample.source_versions(FILES, RAW_EVENTS, SAMPLE_CERTIFICATES) == written

    clean_events.main(shop.lake.spark, small)
    aggregate_feedback.main(shop.lake.spark, small)

    names = [name for name in EVENTS.names if name != "is_bot"]  # a bot is a share of its day, which is smaller here
    events, all_events = (lake.read(EVENTS).select(names) for lake in (sample, shop.lake))
    users = events.select("user_id").where("user_id IS NOT NULL").distinct()
    theirs = all_events.join(users, on="user_id", how="left_semi").select(names)
    verdict = {row.dimension: row for row in sample.read(SAMPLE_CERTIFICATES).collect()}
    assert again == {"rows_in": 0, "rows_out": 0}
    assert 0.3 < counts["rows_out"] / counts["rows_in"] < 0.7
    assert events.where("user_id IS NOT NULL").exceptAll(theirs).isEmpty()
    assert theirs.exceptAll(events).isEmpty()
    assert sample.read(DAILY_INTERACTIONS).limit(1).count() == 1
    unbalanced = sample.read(FILES).where(
        "line_count != header_count + blank_count + malformed_line_count + accepted_line_count"
    )
    assert unbalanced.isEmpty()
    assert sample.read(FILES).agg(F.sum("accepted_record_count")).first()[0] > counts["rows_out"]  # and the catalogue
    assert verdict["events_per_user"].is_met
    assert "ndcg of the first 10, model of the sample" in verdict
    with pytest.raises(LakeError, match="already holds another"):
        main(shop.lake.spark, sampling(shop, tmp_path / "small", seed=8))


@pytest.mark.slow
def test_a_plain_row_sample_fails_the_certificate(shop: Shop, tmp_path: Path) -> None:
    config = sampling(shop, tmp_path / "rows", method="rows", share=0.2)

    main(shop.lake.spark, config)

    lake = Lakehouse(shop.lake.spark, config.lake.model_copy(update={"root": config.sample.root}))
    found = {row.dimension: row for row in lake.read(SAMPLE_CERTIFICATES).collect()}
    assert not found["all"].is_met
    assert not found["events_per_user"].is_met
    assert found["events_per_user"].distance > found["events_per_user"].chance
