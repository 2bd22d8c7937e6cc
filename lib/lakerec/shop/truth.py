"""What the log hides, written beside it: tastes, styles, what was planted where, and what makes people buy.

    styles.parquet                 style_ix (from 0), style: the latent groups
    users.parquet                  user_id, arrives_on, is_bot, favourite_style, tastes (a share per style_ix; sum 1)
    items.parquet                  item_id, name, category, style, style_ix, listed_on
    action_weights.parquet         action, log_odds per one more event, weight (relative to view = 1)
    sessions/<day>.parquet         session_id, user_id (null: never signs in), sign_in, is_bot; visits begun that day
    planted_lines/<day>.parquet    path (below the landing folder), line_number (from 1), kind (malformed, duplicate,
                                   rejected), reason, event_id and event_date (null where a reader cannot know them)
    settings.json                  what the shop was made with

Days of `planted_lines` are days of delivery. A longer log has the same files and more of them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lakerec.shop.catalogue import Catalogue, item_id
from lakerec.shop.day import Sessions
from lakerec.shop.files import replace
from lakerec.shop.lines import event_id, session_id, user_id
from lakerec.shop.mess import REASONS
from lakerec.shop.people import People
from lakerec.shop.rows import DAY, NOBODY, Planted, Rows
from lakerec.shop.settings import NEVER, ShopSettings
from lakerec.shop.visits import SignIn
from lakerec.shop.wording import CATEGORIES, STYLES

PLANTED_LINES = pa.schema(
    {
        "path": pa.string(),
        "line_number": pa.int64(),
        "kind": pa.string(),
        "reason": pa.string(),
        "event_id": pa.string(),
        "event_date": pa.date32(),
    }
)


class TruthWriter:
    """Writes the truth of a shop into a folder; each file whole, replacing one of an earlier run."""

    def __init__(self, folder: Path, settings: ShopSettings) -> None:
        self._folder = folder
        self._settings = settings

    def write_shop(self, people: People, catalogue: Catalogue) -> None:
        """What does not depend on days: who people are, what items are, what makes people buy."""
        self._write("styles.parquet", _style_truth(self._settings))
        self._write("users.parquet", _user_truth(self._settings, people))
        self._write("items.parquet", _item_truth(self._settings, catalogue))
        self._write("action_weights.parquet", _weight_truth(self._settings))
        replace(self._folder / "settings.json", self._settings.model_dump_json(indent=2).encode() + b"\n")

    def write_sessions(self, day: date, sessions: Sessions) -> None:
        """Whose the visits are that begin on a day."""
        columns = {
            "session_id": [session_id(number) for number in sessions.session.tolist()],
            "user_id": pa.array([None if u == NOBODY else user_id(u) for u in sessions.user.tolist()], pa.string()),
            "sign_in": [SignIn(kind).name.lower() for kind in sessions.sign_in.tolist()],
            "is_bot": sessions.is_bot,
        }
        self._write(f"sessions/{day}.parquet", columns)

    def write_planted_lines(self, day: date, files: Sequence[tuple[str, Rows]]) -> None:
        """Which lines of a day's files are bad, and why.

        Args:
            day: Day of delivery.
            files: Path below the landing folder, and rows in order of lines.
        """
        lines = [line for path, rows in files for line in _planted_lines(path, rows)]
        table = pa.Table.from_pylist(lines, PLANTED_LINES)
        self._write(f"planted_lines/{day}.parquet", table)

    def _write(self, name: str, columns: Mapping[str, Any] | pa.Table) -> None:
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        replace(self._folder / name, sink.getvalue().to_pybytes())


def _style_truth(settings: ShopSettings) -> dict[str, Any]:
    names = [style.name for style in STYLES[: settings.style_count]]
    return {"style_ix": list(range(len(names))), "style": names}


def _user_truth(settings: ShopSettings, people: People) -> dict[str, Any]:
    offsets = np.arange(0, people.tastes.size + 1, settings.style_count, dtype=np.int32)
    return {
        "user_id": [user_id(user) for user in range(people.count)],
        "arrives_on": _dates(settings, people.arrival_day.tolist()),
        "is_bot": people.is_bot,
        "favourite_style": [STYLES[style].name for style in people.tastes.argmax(axis=1).tolist()],
        "tastes": pa.ListArray.from_arrays(offsets, people.tastes.ravel()),
    }


def _item_truth(settings: ShopSettings, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "item_id": [item_id(item) for item in range(catalogue.count)],
        "name": catalogue.names,
        "category": [CATEGORIES[category].name for category in catalogue.category.tolist()],
        "style": [STYLES[style].name for style in catalogue.style.tolist()],
        "style_ix": catalogue.style,
        "listed_on": _dates(settings, catalogue.listed_day.tolist()),
    }


def _weight_truth(settings: ShopSettings) -> dict[str, Any]:
    log_odds = settings.action_log_odds
    return {
        "action": list(log_odds),
        "log_odds": list(log_odds.values()),
        "weight": [value / log_odds["view"] for value in log_odds.values()],
    }


def _planted_lines(path: str, rows: Rows) -> list[dict[str, Any]]:
    """The planted ones among a file's rows."""
    lines = []
    for index in np.flatnonzero(rows["planted"]).tolist():
        row, planted = rows[index], Planted(int(rows["planted"][index]))
        is_read = REASONS[planted].kind != "malformed"
        is_dated = is_read and planted != Planted.UNREADABLE_TIME
        lines.append(
            {
                "path": path,
                "line_number": index + 1,
                "kind": REASONS[planted].kind,
                "reason": REASONS[planted].reason,
                "event_id": event_id(int(row["number"])) if is_read else None,
                "event_date": int(row["at"] // DAY) if is_dated else None,
            }
        )
    return lines


def _dates(settings: ShopSettings, days: list[int]) -> list[date | None]:
    """The dates of days counted from the first; None for never."""
    return [None if day >= NEVER else settings.start_date + timedelta(days=day) for day in days]
