"""Small shops for the tests."""

import gzip
from pathlib import Path
from typing import Any

from lakerec.config import read_toml
from lakerec.shop.settings import ShopSettings

MESS = (
    "bot_share",
    "malformed_share",
    "unknown_action_share",
    "missing_item_share",
    "unreadable_time_share",
    "repeated_share",
    "redelivered_share",
    "late_share",
    "out_of_order_share",
)


def a_shop(**changes: Any) -> ShopSettings:
    """The shop of conf/base.toml, small, with changes."""
    small = {"user_count": 60, "item_count": 60, "days": 2, "events_per_day": 300}
    return ShopSettings(**{**read_toml("base.toml")["shop"], **small, **changes})


def a_tidy_shop(**changes: Any) -> ShopSettings:
    """The same without any mess."""
    return a_shop(**{**dict.fromkeys(MESS, 0.0), **changes})


def delivered_lines(landing: Path, kind: str = "events") -> dict[str, list[bytes]]:
    """Lines of each delivered file, by path below the landing folder, in order of paths."""
    files = sorted((landing / kind).rglob("*.gz"))
    return {str(f.relative_to(landing)): gzip.decompress(f.read_bytes()).split(b"\n")[:-1] for f in files}
