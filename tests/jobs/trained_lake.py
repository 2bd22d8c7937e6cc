"""A tiny lake with two trained models, written out by hand: what diagnose_model and its followers start from.

Six items i0 .. i5; the model likes i0 best and i5 least, for everybody. ann, ben and cat are known to it; dan came
after the cut, and eve only glanced at items, which says nothing of her taste. One day of calibration, one day of test.
"""

import shutil
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

from lakerec.config import Config, load
from lakerec.contract import Table
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings, project_interactions
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY, rank_popularity
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import RUNS, sorted_json
from lakerec.model.split import last_moment
from lakerec.model.user_factors import USER_FACTORS
from lakerec.silver.items import ITEMS

ANN, BEN, CAT, DAN, EVE = range(5)
USERS = ["ann", "ben", "cat", "dan", "eve"]
TRAIN, CALIBRATE, TEST_DAY = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
TASTE = [0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
SETTINGS = {
    "als": {"alpha": 10.0, "rank": 1, "reg_param": 0.1},
    "feedback": {
        "weights": {"glance": 0.0, "view": 1.0, "purchase": 6.0},
        "cancels": {},
        "half_life_days": 0,
        "window_days": 0,
    },
    "split": {"calibrate_days": 1, "test_days": 1, "relevant_actions": ["purchase"]},
}
EVENTS = [
    (TRAIN, ANN, 0, "view"),
    (TRAIN, BEN, 1, "view"),
    (TRAIN, CAT, 0, "view"),
    *[(TRAIN, EVE, item, "glance") for item in range(2, 6)],
    (CALIBRATE, ANN, 1, "purchase"),
    (CALIBRATE, BEN, 0, "purchase"),
    (TEST_DAY, ANN, 2, "purchase"),
    (TEST_DAY, CAT, 0, "purchase"),  # she knew it before: finding it again is no merit
    (TEST_DAY, DAN, 0, "purchase"),
]


def lake_at(spark: SparkSession, root: Path) -> Lakehouse:
    """A lake below that folder."""
    return Lakehouse(spark, LakeSettings(root=str(root), run_id="test", rebuild=(), wait_seconds=0))


def copy_of(lake: Lakehouse, root: Path) -> Lakehouse:
    """All that a lake holds, below a folder of one's own."""
    return lake_at(lake.spark, shutil.copytree(lake.root, root))


def configuration(lake: Lakehouse, **flags: object) -> Config:
    """The test profile on that lake, with windows and thresholds that fit six items."""
    small = {
        "lake.root": lake.settings.root,
        "lake.run_id": lake.settings.run_id,
        "ranking.ks": [1, 2],
        "calibration.minimum_positives": 1,
        "threshold.minimum_lift": 1.5,
        "recommend.mask_actions": ["view", "purchase"],
        "recommend.top_n": 3,
    }
    return load("test", {**small, **{name.replace("__", "."): value for name, value in flags.items()}})


def fill(lake: Lakehouse) -> None:
    """Gold, the catalogue, and an evaluation and a serving model."""
    put(lake, USER_INDEX, [(name, ix) for ix, name in enumerate(USERS)])
    put(lake, ITEM_INDEX, [(f"i{ix}", ix) for ix in range(len(TASTE))])
    daily = lake.frame(DAILY_INTERACTIONS, [_daily(*event) for event in EVENTS])
    lake.append(DAILY_INTERACTIONS, daily)
    interactions = project_interactions(daily, last_moment(TEST_DAY), FeedbackSettings(**SETTINGS["feedback"]))
    lake.overwrite(ITEM_POPULARITY, rank_popularity(interactions, lake.read(ITEM_INDEX)))
    put(lake, ITEMS, [_item(ix) for ix in range(len(TASTE))])
    add_models(lake, "evaluation-1", "serving-1", known=[ANN, BEN, CAT])


def add_models(lake: Lakehouse, evaluation: str, serving: str, known: list[int]) -> None:
    """A pair of models that know these users."""
    for model_id, days in ((evaluation, [TRAIN]), (serving, [TRAIN, CALIBRATE, TEST_DAY])):
        users = [(model_id, user, [solved(user, days)]) for user in known]
        items = [(model_id, item, [taste]) for item, taste in enumerate(TASTE)]
        lake.replace_partition(USER_FACTORS, model_id, lake.frame(USER_FACTORS, users))
        lake.replace_partition(ITEM_FACTORS, model_id, lake.frame(ITEM_FACTORS, items))
    put(
        lake,
        RUNS,
        [
            _run(lake, evaluation, "evaluation", evaluation, last_moment(TRAIN)),
            _run(lake, serving, "serving", evaluation, last_moment(TEST_DAY)),
        ],
    )


def solved(user: int, days: list[date]) -> float:
    """The one factor that ALS would give the user for what happened on those days; see lakerec.model.fold_in."""
    weights = SETTINGS["feedback"]["weights"]
    strength = dict.fromkeys(range(len(TASTE)), 0.0)
    for day, who, item, action in EVENTS:
        strength[item] += weights[action] if who == user and day in days else 0.0
    alpha, liked = SETTINGS["als"]["alpha"], [item for item in strength if strength[item] > 0]
    a = sum(taste**2 * (1 + alpha * strength[item]) for item, taste in enumerate(TASTE))
    b = sum(TASTE[item] * (1 + alpha * strength[item]) for item in liked)
    return b / (a + SETTINGS["als"]["reg_param"] * len(liked))


def put(lake: Lakehouse, table: Table, rows: list[tuple]) -> None:
    """Append rows as they are."""
    lake.append(table, lake.frame(table, rows))


def _daily(day: date, user: int, item: int, action: str) -> tuple:
    noon = datetime.combine(day, time(12))
    return (day, user, item, action, 1, None, noon, noon)


def _item(ix: int) -> tuple:
    values = {"item_id": f"i{ix}", "name": f"item {ix}", "price": Decimal(10), "is_available": ix != 4}
    return tuple(values.get(name) for name in ITEMS.names)


def _run(lake: Lakehouse, model_id: str, purpose: str, evaluated_by: str, as_of: datetime) -> tuple:
    values = {
        "model_id": model_id,
        "purpose": purpose,
        "evaluated_by": evaluated_by,
        "trained_at": lake.now,
        "as_of": as_of,
        "settings": sorted_json(SETTINGS),
    }
    return tuple(values.get(name) for name in RUNS.names)
