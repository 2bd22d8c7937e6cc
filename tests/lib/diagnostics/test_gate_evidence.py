"""The rows that criteria name are found, and what cannot be there has a reason."""

from datetime import UTC, datetime

from pyspark.sql import SparkSession

from lakerec.diagnostics.calibration_metrics import CALIBRATION_METRICS
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.gate_evidence import collect_evidence, count_judged_users, excuses
from lakerec.diagnostics.gate_results import CHAMPION, Evidence, Key, Measure
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.model.runs import EVALUATION, Run

CUT = datetime(2026, 3, 10, 23, 59, tzinfo=UTC)
SPLIT = {"split": {"test_days": 3}}


def an_evaluation(model_id: str, as_of: datetime = CUT) -> Run:
    return Run(model_id, EVALUATION, model_id, as_of, SPLIT, {}, "1", "cg", None, None)


def test_rows_are_found_by_what_names_them_and_the_champion_by_its_model(spark: SparkSession) -> None:
    compared = [
        ("new", "als", "new", "popularity", "test", "all", "ndcg", 10, 0.2, 0.1, 0.3, "better", 50),
        ("new", "als", "live", "als", "test", "all", "ndcg", 10, -0.1, -0.2, 0.0, "not told apart", 40),
        ("new", "als", "older", "als", "test", "all", "ndcg", 10, 9.0, 9.0, 9.0, "better", 40),
    ]
    measured = [
        ("new", "als", "test", "all", "coverage", 10, 0.7, None, None, 50, 3),
        ("new", "als", "validation", "all", "coverage", 10, 0.6, None, None, 50, 3),
    ]
    calibrated = [("new", "als", "all", "brier_skill", 0.01, 0.0, 0.02, 900, 60)]
    tables = {
        Measure.COMPARISON: spark.createDataFrame(compared, COMPARISONS.schema),
        Measure.RANKING: spark.createDataFrame(measured, RANKING_METRICS.schema),
        Measure.CALIBRATION: spark.createDataFrame(calibrated, CALIBRATION_METRICS.schema),
    }
    expected = {
        Key("comparisons", "ndcg", "als", "popularity", "test", "all", 10): Evidence(0.2, 0.1, 0.3, 50),
        Key("comparisons", "ndcg", "als", CHAMPION, "test", "all", 10): Evidence(-0.1, -0.2, 0.0, 40),
        Key("ranking_metrics", "coverage", "als", "", "test", "all", 10): Evidence(0.7, None, None, 50),
        Key("calibration_metrics", "brier_skill", "als", "", "", "all", 0): Evidence(0.01, 0.0, 0.02, 60),
    }
    assert count_judged_users(tables[Measure.RANKING]) == 50
    assert count_judged_users(tables[Measure.RANKING].limit(0)) == 0
    absent = Key("ranking_metrics", "coverage", "als", "", "test", "all", 5)

    found = collect_evidence(tables, [*expected, absent], an_evaluation("live"))

    assert found == expected


def test_what_cannot_have_been_compared_or_calibrated_is_excused() -> None:
    calibrated = [Key(Measure.CALIBRATION, "brier_skill", "als", slice="all")]
    judged = an_evaluation("new")

    assert excuses([], judged, an_evaluation("live"), 10).keys() == {Measure.CALIBRATION.value}
    assert excuses(calibrated, judged, None, 10) == {CHAMPION: "nothing is live yet"}
    assert excuses(calibrated, judged, judged, 10)[CHAMPION] == "it is the evaluation model of what is live"
    later = an_evaluation("live", datetime(2026, 3, 11, tzinfo=UTC))
    assert excuses(calibrated, judged, later, 10) == {
        CHAMPION: "what is live knows purchases that this one is judged by"
    }
    assert excuses(calibrated, judged, an_evaluation("live"), 10) == {}


def test_too_few_users_excuse_missing_metrics_and_a_model_that_was_never_diagnosed_is_excused_nothing() -> None:
    judged, live = an_evaluation("new"), an_evaluation("live")
    calibrated = [Key(Measure.CALIBRATION, "brier_skill", "als", slice="all")]

    few = excuses(calibrated, judged, live, 9)

    assert few.keys() == {Measure.RANKING.value, Measure.COMPARISON.value}
    assert few[Measure.RANKING.value].startswith("9 known users bought anything")
    assert excuses([], judged, None, None) == {}
