from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakerec.shop.catalogue import make_catalogue
from lakerec.shop.day import Sessions
from lakerec.shop.people import make_people
from lakerec.shop.rows import DAY, NOBODY, Planted, empty_rows
from lakerec.shop.settings import ShopSettings
from lakerec.shop.truth import TruthWriter
from tests.lib.shop.shops import a_shop

MONDAY = date(2025, 3, 3)


def test_weights_are_relative_to_a_view(tmp_path: Path) -> None:
    settings = a_shop(view_log_odds=0.4, scroll_log_odds=0.1, cart_log_odds=2.0)

    TruthWriter(tmp_path, settings).write_shop(make_people(settings), make_catalogue(settings))

    weights = pd.read_parquet(tmp_path / "action_weights.parquet").set_index("action")
    assert weights["log_odds"].to_dict() == {"view": 0.4, "scroll": 0.1, "cart": 2.0}
    assert weights["weight"].to_dict() == pytest.approx({"view": 1.0, "scroll": 1 / 4, "cart": 5.0})


def test_users_and_items_are_told_by_the_ids_of_the_log(tmp_path: Path) -> None:
    settings = a_shop(start_date=MONDAY, opening_share=0.5, daily_arrival_share=0.25, user_count=60)
    people, catalogue = make_people(settings), make_catalogue(settings)

    TruthWriter(tmp_path, settings).write_shop(people, catalogue)

    users, items, styles = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("users", "items", "styles"))
    assert users["user_id"].iloc[[0, 59]].tolist() == ["u000000", "u000059"]
    assert users["arrives_on"].iloc[[0, 30, 45]].tolist() == [MONDAY, date(2025, 3, 4), date(2025, 3, 5)]
    assert users["tastes"].iloc[3].tolist() == people.tastes[3].tolist()
    assert users["favourite_style"].iloc[3] == styles["style"][people.tastes[3].argmax()]
    assert items["name"].tolist() == catalogue.names
    assert items["style"].tolist() == [styles["style"][ix] for ix in items["style_ix"]]


def test_a_planted_line_is_told_with_its_place_and_reason(tmp_path: Path) -> None:
    rows = empty_rows(5)
    rows["number"], rows["at"] = np.arange(5), 20_150 * DAY
    codes = (Planted.NOTHING, Planted.CUT, Planted.MISSING_ITEM, Planted.UNREADABLE_TIME, Planted.REPEATED)
    rows["planted"] = codes

    TruthWriter(tmp_path, a_shop()).write_planted_lines(MONDAY, [("events/2025-03-03/07.jsonl.gz", rows)])

    lines = pd.read_parquet(tmp_path / "planted_lines" / "2025-03-03.parquet")
    assert set(lines["path"]) == {"events/2025-03-03/07.jsonl.gz"}
    assert lines["line_number"].tolist() == [2, 3, 4, 5]
    assert lines["kind"].tolist() == ["malformed", "rejected", "rejected", "duplicate"]
    assert lines["reason"].tolist() == ["not JSON", "has an item", "has a readable time", "repeated in its file"]
    assert lines["event_id"].tolist() == [None, "e0000000000002", "e0000000000003", "e0000000000004"]
    assert lines["event_date"].tolist() == [None, date(2025, 3, 3), None, date(2025, 3, 3)]


def test_a_day_without_planted_lines_has_the_same_columns(tmp_path: Path) -> None:
    TruthWriter(tmp_path, a_shop()).write_planted_lines(MONDAY, [])

    lines = pd.read_parquet(tmp_path / "planted_lines" / "2025-03-03.parquet")
    assert lines.columns.tolist() == ["path", "line_number", "kind", "reason", "event_id", "event_date"]
    assert len(lines) == 0


def test_a_session_is_told_with_whose_it_is(tmp_path: Path) -> None:
    sessions = Sessions(np.array([1, 2]), np.array([7, NOBODY]), np.array([1, 3]), np.array([False, False]))

    TruthWriter(tmp_path, a_shop()).write_sessions(MONDAY, sessions)

    told = pd.read_parquet(tmp_path / "sessions" / "2025-03-03.parquet")
    assert told["session_id"].tolist() == ["s000000000001", "s000000000002"]
    assert told["user_id"].tolist() == ["u000007", None]
    assert told["sign_in"].tolist() == ["half_way", "never"]


def test_the_settings_are_told_so_that_the_shop_can_be_made_again(tmp_path: Path) -> None:
    settings = a_shop(seed=99)

    TruthWriter(tmp_path, settings).write_shop(make_people(settings), make_catalogue(settings))

    assert ShopSettings.model_validate_json((tmp_path / "settings.json").read_bytes()) == settings
