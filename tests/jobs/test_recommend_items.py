"""recommend_items: a batch for everybody, by hand."""

import pytest

from jobs import diagnose_model, recommend_items
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.errors import TrainingDataError
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.recommendations.user_items import USER_ITEMS
from tests.jobs.trained_lake import EVE, configuration, fill


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """One lake for the module with a first batch; later batches stand beside it."""
    settings = LakeSettings(root=str(tmp_path_factory.mktemp("lake")), run_id="test", rebuild=(), wait_seconds=0)
    lake = Lakehouse(spark, settings)
    fill(lake)
    diagnose_model.main(spark, configuration(lake))
    lake.counts = recommend_items.main(spark, configuration(lake))
    lake.batch = lake.read(USER_ITEMS).first()["batch_id"]
    return lake


def rows_of(lake, user_id, batch=None):
    return (
        lake.read_partition(USER_ITEMS, batch or lake.batch).where(f"user_id = '{user_id}'").orderBy("rank").collect()
    )


def test_known_users_get_the_best_items_that_they_do_not_know_and_that_are_available(lake):
    # ann viewed i0 and bought i1 and i2; i4 is not available
    assert [row["item_id"] for row in rows_of(lake, "ann")] == ["i3", "i5"]
    assert [row["item_id"] for row in rows_of(lake, "cat")] == ["i1", "i2", "i3"]
    assert [row["score"] for row in rows_of(lake, "cat")] == pytest.approx([0.5, 0.4, 0.3])
    assert {row["source"] for row in rows_of(lake, "ann") + rows_of(lake, "cat")} == {"als"}


def test_users_without_factors_get_bestsellers_in_order_of_strength(lake):
    # strengths: i0 has two views and three purchases, i1 a view and a purchase, i2 a purchase
    strength = {"i0": 2 * 1 + 3 * 6, "i1": 1 + 6, "i2": 6}
    total = sum(strength.values())

    assert [(row["item_id"], row["score"]) for row in rows_of(lake, "eve")] == [
        (item, pytest.approx(strength[item] / total)) for item in ("i0", "i1", "i2")
    ]
    assert [row["item_id"] for row in rows_of(lake, "dan")] == ["i1", "i2"]  # he bought i0 already
    assert {row["source"] for row in rows_of(lake, "eve")} == {"popularity"}


def test_probabilities_are_those_of_the_evaluation_and_null_where_it_could_fit_none(lake):
    calibration = calibration_of([row.asDict() for row in lake.read(COEFFICIENTS).collect()], "als")
    threshold = lake.read(THRESHOLDS).where("is_chosen").first()["threshold"]

    for row in rows_of(lake, "cat"):
        assert row["probability"] == pytest.approx(calibration.of(row["score"]))
        assert row["is_recommended"] == (row["probability"] >= threshold)
    assert {(row["probability"], row["is_recommended"]) for row in rows_of(lake, "eve")} == {(None, False)}


def test_every_row_names_its_serving_model_and_when_it_was_made(lake):
    stamps = lake.read(USER_ITEMS).where(f"batch_id = '{lake.batch}'").select("model_id").distinct().collect()

    assert [row["model_id"] for row in stamps] == ["serving-1"]
    assert lake.counts == {"rows_in": EVE + 1, "rows_out": 2 + 3 + 3 + 2 + 3}


def test_a_second_run_commits_nothing(lake):
    before = lake.version(USER_ITEMS)

    counts = recommend_items.main(lake.spark, configuration(lake))

    assert (set(counts.values()), lake.version(USER_ITEMS)) == ({0}, before)


def test_other_settings_make_another_batch_beside_the_first(lake):
    everything = configuration(lake, recommend__mask_actions=["purchase"], recommend__only_available=False)
    before = lake.read_partition(USER_ITEMS, lake.batch).count()

    diagnose_model.main(lake.spark, everything)
    recommend_items.main(lake.spark, everything)

    batches = {row["batch_id"] for row in lake.read(USER_ITEMS).select("batch_id").distinct().collect()}
    (second,) = batches - {lake.batch}
    assert [row["item_id"] for row in rows_of(lake, "ann", second)] == ["i0", "i3", "i4"]  # her view masks no more
    assert lake.read_partition(USER_ITEMS, lake.batch).count() == before


def test_a_model_that_nobody_judged_is_not_served(spark, tmp_path):
    unjudged = Lakehouse(spark, LakeSettings(root=str(tmp_path), run_id="test", rebuild=(), wait_seconds=0))
    fill(unjudged)

    with pytest.raises(TrainingDataError, match="Run diagnose_model first"):
        recommend_items.main(spark, configuration(unjudged))
