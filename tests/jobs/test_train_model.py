"""train_model on a lake with a little gold: two models, recorded once."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from jobs.train_model import main
from lakerec.config import Config, load
from lakerec.diagnostics.data_checks import DATA_CHECKS
from lakerec.errors import DataMinimumError, TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import EVALUATION, RUNS, SERVING
from lakerec.model.split import last_moment
from lakerec.model.user_factors import USER_FACTORS
from lakerec.silver.events import EVENTS

DAYS = [date(2026, 3, day) for day in range(1, 6)]
LATE_USER = 9


def configuration(lake: Lakehouse, **flags: Any) -> Config:
    """One day to calibrate and one to test, so that the evaluation model learns from the first three days."""
    small = {
        "lake.root": lake.settings.root,
        "lake.run_id": "test",
        "as_of": "2026-03-05T12:00:00Z",
        "split.calibrate_days": 1,
        "split.test_days": 1,
        "als.rank": 2,
        "als.max_iter": 1,
        "als.user_blocks": 1,
        "als.item_blocks": 1,
        "tracking.uri": "http://127.0.0.1:9",  # nobody listens there
        "tracking.timeout_seconds": 1,
    }
    return load("test", small | {name.replace("__", "."): value for name, value in flags.items()})


def act(lake: Lakehouse, *rows: tuple[date, int, int]) -> None:
    """Views: day, user_ix, item_ix."""
    noons = [(day, user, item, datetime.combine(day, time(12), UTC)) for day, user, item in rows]
    views = [(day, user, item, "view", 1, None, noon, noon) for day, user, item, noon in noons]
    lake.append(DAILY_INTERACTIONS, lake.spark.createDataFrame(views, DAILY_INTERACTIONS.schema))


@pytest.fixture
def gold(lake: Lakehouse) -> Lakehouse:
    """Users 0 to 3 view items 0 to 3 on the first three days; user 9 and item 9 appear on the last."""
    act(lake, *[(DAYS[n % 3], n % 4, n // 4) for n in range(12)], (DAYS[4], LATE_USER, 9))
    return lake


def runs_of(lake: Lakehouse) -> dict[str, Any]:
    return {row.purpose: row for row in lake.read(RUNS).collect()}


def versions(lake: Lakehouse) -> dict[str, int]:
    return lake.source_versions(RUNS, USER_FACTORS, ITEM_FACTORS)


def users_of(lake: Lakehouse, model_id: str) -> set[int]:
    return {row.user_ix for row in lake.read_partition(USER_FACTORS, model_id).collect()}


def test_two_models_are_recorded_even_without_a_tracking_server_and_a_rerun_does_nothing(gold: Lakehouse) -> None:
    config = configuration(gold)

    counts = main(gold.spark, config)
    runs, after = runs_of(gold), versions(gold)
    again = main(gold.spark, config)

    evaluation, serving = runs[EVALUATION], runs[SERVING]
    assert counts == {"rows_in": 12 + 13, "rows_out": 4 + 3 + 5 + 4, "users": 5, "items": 4, "parameters": (5 + 4) * 2}
    assert users_of(gold, evaluation.model_id) == {0, 1, 2, 3}
    assert users_of(gold, serving.model_id) == {0, 1, 2, 3, LATE_USER}
    assert {run.evaluated_by for run in runs.values()} == {evaluation.model_id}
    assert {run.mlflow_run_id for run in runs.values()} == {None}
    assert serving.as_of.astimezone(UTC) == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert evaluation.as_of.astimezone(UTC) == last_moment(DAYS[2])
    assert serving.source_versions == '{"gold.daily_interactions": 0}'
    assert (serving.user_count, serving.item_count, serving.pair_count, serving.parameter_count) == (5, 4, 13, 18)
    assert set(again.values()) == {0}
    assert versions(gold) == after


def test_other_settings_make_other_models_and_going_back_makes_the_first_the_newest_again(gold: Lakehouse) -> None:
    first, second = configuration(gold), configuration(gold, als__seed=8)

    main(gold.spark, first)
    before = runs_of(gold)[SERVING].model_id
    main(gold.spark, second)
    main(gold.spark, first)

    runs = gold.read(RUNS).where("purpose = 'serving'").orderBy("trained_at").collect()
    assert [run.model_id for run in runs][-1] == before
    assert len({run.model_id for run in runs}) == len(runs) == 2


def test_a_warm_start_names_its_parent_and_a_rerun_does_nothing(gold: Lakehouse) -> None:
    warm = configuration(gold, als__solver="cg", als__warm_start=True)

    main(gold.spark, warm)
    first = runs_of(gold)
    act(gold, (DAYS[4], 0, 9))
    main(gold.spark, warm)
    after = versions(gold)
    again = main(gold.spark, warm)

    by_parent = {run.parent_id: run for run in gold.read(RUNS).collect() if run.parent_id}
    assert {run.parent_id for run in first.values()} == {None}
    assert {parent: by_parent[parent].purpose for parent in by_parent} == {
        first[purpose].model_id: purpose for purpose in (EVALUATION, SERVING)
    }
    assert {run.solver for run in gold.read(RUNS).collect()} == {"cg"}
    assert set(again.values()) == {0}
    assert versions(gold) == after


def test_as_of_is_the_newest_event_where_none_is_given(gold: Lakehouse) -> None:
    half_past_seven = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
    event = {"source": "shop", "event_id": "e", "item_id": "i", "event_date": DAYS[3], "occurred_at": half_past_seven}
    row = tuple(event.get(name) for name in EVENTS.names)
    gold.append(EVENTS, gold.spark.createDataFrame([row], EVENTS.schema))

    main(gold.spark, configuration(gold, as_of=""))

    assert runs_of(gold)[SERVING].as_of.astimezone(UTC) == half_past_seven
    assert users_of(gold, runs_of(gold)[SERVING].model_id) == {0, 1, 2, 3}


def test_too_little_data_is_said_and_with_strict_nothing_is_trained(
    gold: Lakehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    others = ("minimum_active_users", "minimum_established_items", "maximum_cold_share")
    asked = {"data__minimum_pairs": 14, **{f"data__{name}": 0 for name in others}}

    with pytest.raises(DataMinimumError) as refused:
        main(gold.spark, configuration(gold, **asked, data__strict=True))
    assert not gold.exists(RUNS)
    main(gold.spark, configuration(gold, **asked))

    line = "data.minimum_pairs: pairs 13 (pairs of user and item), asked for at least 14: too little."
    checks = {row.measure: row for row in gold.read(DATA_CHECKS).collect()}
    assert (str(refused.value), refused.value.exit_code) == (line, 4)
    assert f"warning: {line}" in capsys.readouterr().out
    assert (checks["pairs"].value, checks["pairs"].minimum, checks["pairs"].verdict) == (13, 14, "too little")
    assert checks["cold_share"].value == 1  # only user 9 came after the cut
    assert checks["pairs"].model_id == runs_of(gold)[SERVING].model_id


def test_without_anything_before_the_cut_nothing_is_recorded(lake: Lakehouse) -> None:
    act(lake, (DAYS[4], 0, 0))

    with pytest.raises(TrainingDataError, match=r"before the cut.*set shorter split.calibrate_days"):
        main(lake.spark, configuration(lake))

    assert not lake.exists(RUNS)


def test_an_empty_lake_says_what_to_run_first(lake: Lakehouse) -> None:
    with pytest.raises(TrainingDataError, match=r"silver\.events: holds no event"):
        main(lake.spark, configuration(lake, as_of=""))
