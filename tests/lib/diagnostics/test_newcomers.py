"""Newcomers of a window: who they are, what is known of them, and what they are listed."""

from datetime import UTC, date, datetime, time

import numpy as np

from lakerec.diagnostics.evidence import EvaluatedModel
from lakerec.diagnostics.newcomers import (
    find_newcomers,
    fit_newcomer_candidates,
    judge_newcomers,
    label,
    list_for_newcomers,
)
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings
from lakerec.model.fold_in import Histories, Space, Weights
from lakerec.model.scorer import ItemSide
from lakerec.model.split import SplitSettings
from tests.records import unkept

SPACE = Space(
    ItemSide(np.array([10, 11, 12], np.int32), np.array([[1.0], [0.5], [0.2]], np.float32)), Weights(1.0, 0.1)
)
MODEL = EvaluatedModel(
    as_of=datetime(2026, 3, 10, 23, 59, tzinfo=UTC),
    split=SplitSettings(calibrate_days=2, test_days=2, relevant_actions=("purchase",)),
    feedback=FeedbackSettings(weights={"view": 1.0, "purchase": 6.0}, cancels={}, half_life_days=0, window_days=0),
    user_factors=None,
    item_factors=None,
)


def daily(spark, *events):
    rows = []
    for day, user, item, action in events:
        noon = datetime.combine(date(2026, 3, day), time(12))
        rows.append((noon.date(), user, item, action, 1, None, noon, noon))
    return spark.createDataFrame(rows, DAILY_INTERACTIONS.schema)


def test_newcomers_are_listed_by_what_they_did_before_the_window_and_by_nothing_later(spark):
    # trained until the 10th; calibrate 11 and 12, test 13 and 14
    events = daily(
        spark,
        (1, 1, 10, "view"),  # here for long
        (9, 2, 10, "view"),  # new to the calibrate window
        (11, 2, 11, "purchase"),
        (11, 3, 11, "view"),  # new to the test window
        (12, 3, 10, "view"),
        (13, 3, 12, "purchase"),
        (13, 4, 10, "view"),  # came in the test window itself
    )
    relevant = spark.createDataFrame([("validation", 2, 11), ("test", 3, 12)], "split string, user_ix int, item_ix int")

    newcomers = find_newcomers(events, MODEL, unkept)
    lists = list_for_newcomers("fold_in", newcomers, MODEL, SPACE, ["view", "purchase"], 5)
    rows = label(lists, relevant).orderBy("user_ix", "rank").collect()

    assert sorted(map(tuple, newcomers.users.collect())) == [(2, "validation"), (3, "test")]
    assert [(row.user_ix, row.split, row.item_ix, row.is_relevant) for row in rows] == [
        (2, "validation", 11, True),
        (2, "validation", 12, False),
        (3, "test", 12, True),
    ]
    factor = SPACE.solve(Histories(np.array([[0, 1]]), np.array([[1.0, 1.0]])))[0, 0]
    assert rows[2].score == np.float64(np.float32(factor)) * np.float64(np.float32(0.2))
    judged = judge_newcomers(newcomers, relevant, unkept)
    assert sorted(map(tuple, judged.users.collect())) == [(2, True, "new"), (3, True, "new")]
    assert sorted((row.split, row.user_ix, row.item_ix) for row in judged.relevant.collect()) == [
        ("test", 3, 12),
        ("validation", 2, 11),
    ]
    found = fit_newcomer_candidates("fold_in", label(lists, relevant))
    assert found["fold_in", "test"].is_bought.tolist() == [1.0]
    assert sorted(found["fold_in", "validation"].is_bought.tolist()) == [0.0, 1.0]
