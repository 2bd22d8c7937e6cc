"""recommend_items: a batch for everybody, by hand."""

import json

import pytest

from jobs import diagnose_model, publish_release, recommend_items
from lakerec import releasing
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of
from lakerec.diagnostics.gate_results import Verdict
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.errors import TrainingDataError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.coefficients import COEFFICIENTS as USED_COEFFICIENTS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import RELEASES, of_live_release
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.user_items import USER_ITEMS
from tests.jobs.batches import judge_model
from tests.jobs.trained_lake import EVE, TASTE, USERS, configuration, copy_of, fill, lake_at


@pytest.fixture(scope="module")
def lake(spark, diagnosed, tmp_path_factory):
    """One lake for the module with a first batch; later batches stand beside it."""
    lake = copy_of(diagnosed, tmp_path_factory.mktemp("recommended") / "lake")
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
    a = sum(taste**2 for taste in TASTE) + 10 * (1 + 6) * 0.6**2 + 0.1  # cat viewed i0 and bought it
    cat = (1 + 10 * (1 + 6)) * 0.6 / a
    assert [row["score"] for row in rows_of(lake, "cat")] == pytest.approx([0.5 * cat, 0.4 * cat, 0.3 * cat])
    assert {row["source"] for row in rows_of(lake, "ann") + rows_of(lake, "cat")} == {"als"}


def test_whoever_came_after_the_training_is_folded_in(lake):
    a = sum(taste**2 for taste in TASTE) + 10 * 6 * 0.6**2 + 0.1  # dan bought i0
    dan = (1 + 10 * 6) * 0.6 / a
    assert [(row["item_id"], row["source"]) for row in rows_of(lake, "dan")] == [
        (i, "fold_in") for i in ("i1", "i2", "i3")
    ]
    assert [row["score"] for row in rows_of(lake, "dan")] == pytest.approx([0.5 * dan, 0.4 * dan, 0.3 * dan])


def test_every_explained_score_is_the_sum_of_its_rows(lake):
    parts = lake.read_partition(EXPLANATIONS, lake.batch).collect()
    scores = {(row["user_id"], row["item_id"]): row["score"] for name in USERS for row in rows_of(lake, name)}

    explained = {(row["user_id"], row["item_id"]) for row in parts}
    assert explained == {pair for pair in scores if pair[0] != "eve"}  # who gets bestsellers
    for pair in explained:
        own = [row["contribution"] for row in parts if (row["user_id"], row["item_id"]) == pair]
        assert abs(sum(own) - scores[pair]) <= 1e-5 * max(1, abs(scores[pair]))
    assert {(row["because_item_id"], row["strength"]) for row in parts if row["user_id"] == "cat"} == {("i0", 7.0)}


def test_what_a_rule_took_off_a_list_is_named_and_the_raw_rank_stays(lake):
    refused = lake.read_partition(RULED_OUT, lake.batch).where("user_id = 'ann'").collect()

    assert [(row["item_id"], row["raw_rank"], row["rule"]) for row in refused] == [("i4", 2, "not available")]
    assert [(row["rank"], row["raw_rank"]) for row in rows_of(lake, "ann")] == [(1, 1), (2, 3)]


def test_the_row_of_the_batch_says_what_it_was_made_of_and_its_numbers_are_kept(lake):
    (batch,) = lake.read(BATCHES).where(f"batch_id = '{lake.batch}'").collect()
    used = lake.read_partition(USED_COEFFICIENTS, lake.batch).where("part = 'threshold'").collect()

    assert (batch["model_id"], batch["evaluated_by"]) == ("serving-1", "evaluation-1")
    assert batch["row_count"] == lake.read_partition(USER_ITEMS, lake.batch).count()
    assert json.loads(batch["source_versions"])["gold.daily_interactions"] == 0
    assert json.loads(batch["settings"])["recommend"]["top_n"] == 3
    assert [row["value"] for row in used] == [lake.read(THRESHOLDS).where("is_chosen").first()["threshold"]]


def test_users_without_factors_get_bestsellers_in_order_of_strength(lake):
    # strengths: i0 has two views and three purchases, i1 a view and a purchase, i2 a purchase
    strength = {"i0": 2 * 1 + 3 * 6, "i1": 1 + 6, "i2": 6}
    total = sum(strength.values())

    assert [(row["item_id"], row["score"]) for row in rows_of(lake, "eve")] == [
        (item, pytest.approx(strength[item] / total)) for item in ("i0", "i1", "i2")
    ]
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
    assert (lake.counts["rows_in"], lake.counts["rows_out"]) == (EVE + 1, 2 + 3 + 3 + 3 + 3)


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
    unjudged = lake_at(spark, tmp_path)
    fill(unjudged)

    with pytest.raises(TrainingDataError, match="Run diagnose_model first"):
        recommend_items.main(spark, configuration(unjudged))


class PowerCutError(Exception):
    """The process dies."""


@pytest.mark.slow
def test_killed_between_any_two_writes_readers_see_all_old_or_all_new(spark, tmp_path, monkeypatch):
    lake = lake_at(spark, tmp_path)
    config = configuration(lake)
    fill(lake)
    diagnose_model.main(spark, config)
    judge_model(lake, "serving-1", Verdict.MET)
    for job in (recommend_items, publish_release):
        job.main(spark, config)
    old = live_batches(lake)
    new = configuration(lake, recommend__top_n=2, release__keep_releases=1)
    monkeypatch.setattr(releasing, "point_champion", lambda *_: None)
    diagnose_model.main(spark, new)
    write, seen = Lakehouse._write, []
    for writes in range(20):
        left = iter(range(writes))

        def dying_write(self, *arguments, left=left, **named):
            if next(left, None) is None:
                raise PowerCutError
            return write(self, *arguments, **named)

        monkeypatch.setattr(Lakehouse, "_write", dying_write)
        try:
            for job in (recommend_items, publish_release):
                job.main(spark, new)
        except PowerCutError:
            monkeypatch.setattr(Lakehouse, "_write", write)
            seen.append(live_batches(lake))
            continue
        break
    monkeypatch.setattr(Lakehouse, "_write", write)

    publish_release.main(spark, new)

    (batch,) = live_batches(lake)
    assert len(seen) >= 6
    assert all(batches in (old, {batch}) for batches in seen)
    assert {row.release_id.split("-")[1] for row in lake.read(SHOWN).collect()} == {batch}


def live_batches(lake):
    """Batches that a reader of the live release finds, which has to be one, in all tables."""
    tables = (USER_ITEMS, EXPLANATIONS, USED_COEFFICIENTS, BATCHES)
    found = [
        {row.batch_id for row in of_live_release(lake.read(table), lake.read(RELEASES)).collect()} for table in tables
    ]
    assert all(batches == found[0] for batches in found)
    return found[0]
