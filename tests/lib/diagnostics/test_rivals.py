"""What is live makes its lists anew for the newer cut, and knows nothing of what they are judged by."""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import SparkSession

from lakerec.diagnostics.rivals import Audience, are_comparable, is_rival, list_in_place
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.model.runs import EVALUATION, Run

OLD_CUT, CUT = date(2026, 3, 10), date(2026, 3, 12)
NEWCOMER, SILENT, LATE = 1, 2, 3
SETTINGS = {
    "als": {"alpha": 1.0, "reg_param": 0.1},
    "feedback": {"weights": {"view": 1.0}, "cancels": {}, "half_life_days": 0, "window_days": 0},
    "split": {"test_days": 3},
}


def a_model(day: date, **split: int) -> Run:
    as_of = datetime.combine(day, time.max, UTC)
    settings = SETTINGS | ({"split": split} if split else {})
    return Run(str(day), EVALUATION, str(day), as_of, settings, {}, "1", "cg", None, None)


def viewed(day: date, user: int, item: int) -> tuple[object, ...]:
    noon = datetime.combine(day, time(12))
    return day, user, item, "view", 1, None, noon, noon


def test_users_are_folded_in_from_all_that_is_known_at_the_newer_cut_and_nothing_after_it(spark: SparkSession) -> None:
    after = CUT + timedelta(days=1)
    events = [viewed(CUT, NEWCOMER, 0), viewed(OLD_CUT, SILENT, 1), viewed(after, SILENT, 2), viewed(after, LATE, 0)]
    daily = spark.createDataFrame(events, DAILY_INTERACTIONS.schema)
    directions = [[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]]  # items 0 and 2 are alike, 1 and 3 are
    item_factors = spark.createDataFrame(list(enumerate(directions)), "item_ix int, factors array<float>")
    index = spark.createDataFrame([(f"i{ix}", ix) for ix in range(4)], "item_id string, item_ix int")
    users = spark.createDataFrame([(ix, True) for ix in (NEWCOMER, SILENT, LATE)], "user_ix int, is_known boolean")
    masked = spark.createDataFrame([(NEWCOMER, 0), (SILENT, 1)], "user_ix int, item_ix int")
    audience = Audience(users, masked, a_model(CUT).as_of)

    lists = list_in_place(a_model(OLD_CUT), item_factors, index, daily, audience, n=1)

    found = {(row.recommender, row.user_ix, row["rank"], row.item_ix) for row in lists.collect()}
    assert found == {("als", NEWCOMER, 1, 2), ("als", SILENT, 1, 3)}


def test_a_rival_has_an_earlier_cut_or_other_windows() -> None:
    judged = a_model(CUT)

    assert are_comparable(judged, a_model(CUT))
    assert is_rival(a_model(OLD_CUT), judged)
    assert is_rival(a_model(CUT, test_days=4), judged)
    assert not is_rival(a_model(CUT), judged)
    assert not is_rival(a_model(CUT + timedelta(days=1)), judged)
    assert not is_rival(None, judged)
