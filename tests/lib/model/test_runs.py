"""Names of models, and finding the newest."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lakerec.errors import TrainingDataError
from lakerec.model.runs import EVALUATION, RUNS, SERVING, Run, find_parent, model_id, newest_run, sorted_json

NOON = datetime(2026, 4, 10, 12, 0, 0, 123456, tzinfo=UTC)
SETTINGS: dict[str, Any] = {"als": {"rank": 8, "alpha": 1.0}}
VERSIONS = {"gold.daily_interactions": 3}
ONE = model_id(SERVING, NOON, SETTINGS, VERSIONS, "1.0")


def runs(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in RUNS.names} for row in rows]


def test_a_models_id_is_16_hex_digits_and_does_not_depend_on_the_order_of_settings() -> None:
    same = model_id(SERVING, NOON, {"als": {"alpha": 1.0, "rank": 8}}, VERSIONS, "1.0")

    assert same == ONE
    assert len(ONE) == 16
    assert set(ONE) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        model_id(EVALUATION, NOON, SETTINGS, VERSIONS, "1.0"),
        model_id(SERVING, NOON.replace(hour=13), SETTINGS, VERSIONS, "1.0"),
        model_id(SERVING, NOON, {"als": {"rank": 9, "alpha": 1.0}}, VERSIONS, "1.0"),
        model_id(SERVING, NOON, SETTINGS, {"gold.daily_interactions": 4}, "1.0"),
        model_id(SERVING, NOON, SETTINGS, VERSIONS, "1.1"),
    ],
    ids=["purpose", "as_of", "settings", "source versions", "code version"],
)
def test_whatever_shapes_a_model_changes_its_id(other: str) -> None:
    assert other != ONE


def test_the_newest_run_of_a_purpose_is_found_with_its_time_in_utc() -> None:
    versions = sorted_json(VERSIONS)
    shared = {"evaluated_by": "e", "as_of": NOON, "settings": sorted_json(SETTINGS), "source_versions": versions}
    shared |= {"code_version": "1.0", "solver": "cg", "parent_id": "old", "spark_version": "4"}
    early, late = datetime(2026, 4, 11, tzinfo=UTC), datetime(2026, 4, 12, tzinfo=UTC)
    rows = runs(
        {"model_id": "old", "purpose": SERVING, "trained_at": early, **shared},
        {"model_id": "new", "purpose": SERVING, "trained_at": late, **shared},
        {"model_id": "e", "purpose": EVALUATION, "trained_at": late, **shared},
    )

    assert newest_run(rows, SERVING) == Run("new", SERVING, "e", NOON, SETTINGS, VERSIONS, "1.0", "cg", "old", "4")
    assert newest_run(rows, EVALUATION).model_id == "e"


def test_a_parent_is_the_newest_of_its_purpose_and_rank_that_knows_nothing_later() -> None:
    trained = [datetime(2026, 4, day, tzinfo=UTC) for day in (11, 12, 13, 14, 15)]
    eight, nine = (sorted_json({"als": {"rank": rank}}) for rank in (8, 9))
    later = NOON.replace(hour=13)
    models = [
        ("old", SERVING, NOON, eight),
        ("parent", SERVING, NOON, eight),
        ("other rank", SERVING, NOON, nine),
        ("other purpose", EVALUATION, NOON, eight),
        ("knows more", SERVING, later, eight),
    ]
    keys = ("model_id", "purpose", "as_of", "settings")
    known = runs(
        *[{**dict(zip(keys, m, strict=True)), "trained_at": at} for m, at in zip(models, trained, strict=True)]
    )

    assert find_parent(known, SERVING, NOON, rank=8) == "parent"
    assert find_parent(known, SERVING, later, rank=8) == "knows more"
    assert find_parent(known, SERVING, NOON, rank=10) is None


def test_without_a_model_the_remedy_is_named() -> None:
    with pytest.raises(TrainingDataError, match=r"model\.runs: holds no serving model\. Run train_model first\."):
        newest_run(runs(), SERVING)
