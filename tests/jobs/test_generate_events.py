from pathlib import Path

import pytest

from jobs import generate_events
from lakerec.config import load
from lakerec.errors import SettingsError

TINY = {"shop.user_count": 60, "shop.item_count": 60, "shop.events_per_day": 300, "shop.days": 2}


def test_a_shop_is_delivered_with_its_truth_beside_and_a_rerun_leaves_it(tmp_path: Path) -> None:
    config = load("test", {**TINY, "landing.root": str(tmp_path / "landing")})

    first = generate_events.main(None, config)
    second = generate_events.main(None, config)

    assert first["rows_out"] == first["event_lines"] + first["item_lines"]
    assert first["files_written"] == second["files_kept"]
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["landing", "truth"]
    assert not list((tmp_path / "landing").rglob("*.parquet"))


def test_the_truth_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    config = load("test", {**TINY, "landing.root": str(tmp_path / "a"), "shop.truth": str(tmp_path / "b")})

    generate_events.main(None, config)

    assert (tmp_path / "b" / "users.parquet").exists()


def test_a_landing_folder_elsewhere_is_refused() -> None:
    config = load("test", {**TINY, "landing.root": "s3://bucket/landing"})

    with pytest.raises(SettingsError, match=r"landing\.root: the shop is generated into a local folder"):
        generate_events.main(None, config)
