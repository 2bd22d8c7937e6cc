"""diagnose_model: one tiny evaluation, worked by hand."""

import pytest

from jobs import diagnose_model
from lakerec.diagnostics.calibrations import Calibration
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import RANKINGS
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.diagnostics.verdict import verdict
from lakerec.errors import SettingsError, TrainingDataError
from lakerec.model.runs import RUNS
from tests.jobs.trained_lake import ANN, BEN, DAN, SETTINGS, configuration, copy_of, fill, lake_at

TABLES = (RANKINGS, RANKING_METRICS, COMPARISONS, COEFFICIENTS, PROBABILITIES, THRESHOLDS)


@pytest.fixture(scope="module")
def lake(diagnosed):
    """To be read; what judges anew does so in a copy."""
    return diagnosed


def listed(lake, recommender, split, user_ix):
    rows = lake.read(RANKINGS).where(f"recommender = '{recommender}' AND split = '{split}' AND user_ix = {user_ix}")
    return [(row["item_ix"], row["is_relevant"]) for row in rows.orderBy("rank").collect()]


def test_a_known_user_is_listed_everything_but_training_items_with_what_came_true(lake):
    assert listed(lake, "als", "test", ANN) == [(1, False), (2, True), (3, False), (4, False), (5, False)]
    assert listed(lake, "als", "validation", ANN) == [(1, True), (2, False), (3, False), (4, False), (5, False)]
    assert listed(lake, "popularity", "test", ANN) == [(1, False)]  # bestsellers are what was wanted before the cut
    assert {item for item, _ in listed(lake, "random", "test", ANN)} == {1, 2, 3, 4, 5}


def test_a_newcomer_is_listed_bestsellers_by_the_ladder_alone(lake):
    assert listed(lake, "ladder", "test", DAN) == [(0, True), (1, False)]
    assert listed(lake, "als", "test", DAN) == []
    assert listed(lake, "popularity", "test", DAN) == []


def test_newcomers_are_folded_in_and_get_what_the_model_lists_for_them(lake):
    assert listed(lake, "fold_in", "validation", ANN) == listed(lake, "als", "validation", ANN)


def test_only_users_who_did_something_relevant_are_judged_and_the_ladder_serves_them_all(lake):
    judged = lake.read(RANKINGS).select("recommender", "split", "user_ix").distinct().collect()

    known = {("validation", ANN), ("validation", BEN), ("test", ANN)}
    expected = {(name, *user) for name in ("als", "popularity", "random", "ladder") for user in known}
    folded_in = {("fold_in", "validation", ANN), ("fold_in", "validation", BEN)}  # they came on the day before
    assert {tuple(row) for row in judged} >= expected | folded_in | {("ladder", "test", DAN)}
    assert {tuple(row)[1:] for row in judged} == known | {("test", DAN)}


def test_metrics_count_what_the_lists_found(lake):
    rows = lake.read(RANKING_METRICS).where("split = 'test'").collect()

    value = {(row["recommender"], row["slice"], row["metric"], row["k"]): row["value"] for row in rows}
    assert value["als", "all", "recall", 1] == 0 / 1
    assert value["als", "all", "recall", 2] == 1 / 1
    assert value["popularity", "all", "recall", 2] == 0 / 1
    assert value["ladder", "all", "hit_rate", 1] == (0 + 1) / 2
    assert value["ladder", "history=new", "hit_rate", 1] == 1 / 1
    assert value["ladder", "history=1-4", "hit_rate", 1] == 0 / 1
    assert value["als", "all", "coverage", 2] == 2 / 6  # ann is listed i1 and i2 of six items
    assert verdict(rows, [], k=2).startswith("finds 1 against 0 later purchases of bestsellers, with too few customers")


def test_every_baseline_is_measured_and_compared_and_own_items_are_not_listed_where_they_are_masked(lake):
    measured = {row[0] for row in lake.read(RANKING_METRICS).select("recommender").distinct().collect()}
    compared = lake.read(COMPARISONS).where("recommender = 'als' AND slice = 'all' AND split = 'test'").collect()

    baselines = {"popularity", "recent_popularity", "item_knn_cosine", "item_knn_bm25", "random"}
    assert measured == {"als", "ladder", "fold_in", *baselines}
    assert {row["baseline"] for row in compared} == baselines
    recall = next(row for row in compared if (row["baseline"], row["metric"], row["k"]) == ("popularity", "recall", 2))
    assert (recall["value"], recall["user_count"], recall["verdict"]) == (1 / 1 - 0 / 1, 1, "not told apart")


def test_the_model_is_calibrated_on_all_known_users_and_newcomers_have_too_few_to_be(lake):
    coefficients = [row.asDict() for row in lake.read(COEFFICIENTS).collect()]

    als, popularity = calibration_of(coefficients, "als"), calibration_of(coefficients, "popularity")
    assert als.slope > 0
    assert popularity == Calibration(None, None, "0 of 0 candidates were bought, fewer than 1")
    assert {row["recommender"] for row in lake.read(PROBABILITIES).collect()} == {"als"}
    bins = lake.read(PROBABILITIES).where("slice = 'all'").collect()
    # also cat, who bought nothing new; without what ann and ben discovered on the day of calibration
    assert sum(row["count"] for row in bins) == 3 * 5 - 2
    assert sum(row["count"] * row["observed"] for row in bins) == pytest.approx(1)


def test_one_threshold_is_chosen_and_the_settings_are_among_the_coefficients(lake):
    chosen = lake.read(THRESHOLDS).where("is_chosen").collect()

    assert len(chosen) == 1
    assert chosen[0]["reason"].startswith("lowest threshold with a precision of 0.2000")  # 1.5 times 2 of 15 candidates
    weights = lake.read(COEFFICIENTS).where("name = 'weights.purchase'").collect()
    assert [(row["part"], row["value"], row["unit"]) for row in weights] == [("feedback", 6.0, "strength per event")]


def test_what_actions_are_worth_is_learned_from_before_the_cut_or_says_why_not(lake):
    rows = lake.read(COEFFICIENTS).where("part = 'learned_weights'").collect()

    found = {row["name"]: row for row in rows}
    assert {"log_odds.view", "log_odds.base", "weights.scroll", "weights.cart", "pair_count"} <= found.keys()
    assert found["weights.cart"]["value"] is None
    # the shop's only day before the cut begins no seven days that are over
    assert found["weights.cart"]["reason"] == "0 of 0 pairs were bought, fewer than 30 are or are not"


def test_counts_say_how_many_candidates_went_in_and_how_many_rows_came_out(lake):
    # als on both windows, but for two that were discovered before the test window; dan's two bestsellers there; three
    # newcomers of the calibrate window folded in
    assert lake.counts["rows_in"] == 2 * 3 * 5 - 2 + 2 + 3 * 5
    assert lake.counts["rows_out"] == lake.read(RANKINGS).count()
    assert lake.counts["calibrated"] == 2


def test_a_second_run_commits_nothing(lake):
    before = lake.source_versions(*TABLES)

    counts = diagnose_model.main(lake.spark, configuration(lake))

    assert set(counts.values()) == {0}
    assert lake.source_versions(*TABLES) == before


@pytest.mark.slow
def test_other_settings_judge_the_same_model_anew_and_replace_its_rows(spark, diagnosed, tmp_path):
    lake = copy_of(diagnosed, tmp_path / "lake")

    diagnose_model.main(spark, configuration(lake, ranking__ks=[3]))

    assert {row["k"] for row in lake.read(RANKING_METRICS).select("k").distinct().collect()} == {3}
    assert lake.read(THRESHOLDS).where("is_chosen").count() == 1


def test_without_a_model_it_says_what_to_run_first(spark, tmp_path):
    empty = lake_at(spark, tmp_path)
    trained_by_another = spark.createDataFrame([], RUNS.schema)
    empty.append(RUNS, trained_by_another)

    with pytest.raises(TrainingDataError, match="Run train_model first"):
        diagnose_model.main(spark, configuration(empty))


def test_windows_of_two_lengths_are_refused_because_probabilities_would_mean_two_things(spark, tmp_path, monkeypatch):
    uneven = lake_at(spark, tmp_path)
    monkeypatch.setitem(SETTINGS["split"], "test_days", 2)
    fill(uneven)

    with pytest.raises(SettingsError, match=r"split\.test_days: is 2, but split\.calibrate_days 1"):
        diagnose_model.main(spark, configuration(uneven))
