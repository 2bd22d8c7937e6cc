"""The generated shop, day by day: catalogue and event files into the landing folder, the truth beside it.

Days are drawn one after the other and state flows forward only: prices, sessions that go on tomorrow, and rows that
wait for their delivery (purchases and returns to come, late and redelivered lines: at most two weeks of them). So
memory does not grow with the length of the log, and one more day leaves the files of the days before as they are.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from lakerec.shop.catalogue import Offer, catalogue_records, change_offer, make_catalogue, open_offer
from lakerec.shop.crowd import Shop
from lakerec.shop.day import NOBODY_RESUMES, draw_day
from lakerec.shop.files import write_once
from lakerec.shop.lines import event_lines
from lakerec.shop.mess import REASONS, order_lines
from lakerec.shop.people import make_people
from lakerec.shop.rows import DAY, HOUR, SECOND, Action, Planted, Rows, empty_rows, take_due
from lakerec.shop.settings import ShopSettings
from lakerec.shop.truth import TruthWriter

DELIVERY_STREAM = 5


class DayDone(NamedTuple):
    """What is told of a day when its files are there."""

    day: date
    counts: Counter[str]


def generate_shop(
    settings: ShopSettings, landing: Path, truth: Path, on_day: Callable[[DayDone], None]
) -> dict[str, int]:
    """Write the shop's files, or leave those that are there already.

    Args:
        settings: The shop.
        landing: Gets `items/<day>.jsonl.gz` and `events/<day>/<hour>.jsonl.gz`; an hour without lines has no file.
        truth: Gets what `lakerec.shop.truth` lists.
        on_day: Called after each day.

    Returns:
        How many lines of each kind the landing folder holds of these days, and how many files were written and kept.

    Raises:
        SettingsError: A file is there with other content; neither it nor any other was overwritten.
    """
    shop = Shop(settings, make_people(settings), make_catalogue(settings))
    offer, resuming, pending = open_offer(shop.catalogue), NOBODY_RESUMES, empty_rows(0)
    writer, total = TruthWriter(truth, settings), Counter[str]()
    for nth in range(settings.days):
        day = settings.start_date + timedelta(days=nth)
        day_at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
        counts = _write_catalogue(landing, shop, offer, nth, day)
        drawn = draw_day(shop, offer, resuming, nth, day_at)
        resuming = drawn.resuming
        due, pending = take_due(np.concatenate([pending, drawn.rows]), day_at + DAY)
        rng = np.random.default_rng([settings.seed, DELIVERY_STREAM, nth])
        files = _hour_files(order_lines(rng, settings, due), day)
        counts += _write_events(landing, files)
        if nth == 0:
            writer.write_shop(shop.people, shop.catalogue)
        writer.write_sessions(day, drawn.sessions)
        writer.write_planted_lines(day, files)
        total += counts
        on_day(DayDone(day, counts))
    return dict(total)


def _write_catalogue(landing: Path, shop: Shop, offer: Offer, nth: int, day: date) -> Counter[str]:
    """Bring the offer (in place) to the day, and write what changed; a day without change has no file."""
    changed = change_offer(shop.settings, shop.catalogue, offer, nth)
    records = catalogue_records(shop.catalogue, offer, changed, f"{day}T00:00:00.000Z")
    lines = [orjson.dumps(record) for record in records]
    counts = Counter({"item_lines": len(lines)})
    if lines:
        counts += _written(write_once(landing / "items" / f"{day}.jsonl.gz", lines))
    return counts


def _write_events(landing: Path, files: list[tuple[str, Rows]]) -> Counter[str]:
    """Write a day's hour files; see `generate_shop` about files that are there."""
    counts: Counter[str] = Counter()
    for path, rows in files:
        counts += _written(write_once(landing / path, event_lines(rows)))
        counts += _line_counts(rows)
    return counts


def _hour_files(rows: Rows, day: date) -> list[tuple[str, Rows]]:
    """Path below the landing folder and rows of each hour that has any; `rows` are one day's, in order of hours."""
    hours = rows["delivered_at"] % DAY // HOUR
    present, first = np.unique(hours, return_index=True)
    parts = np.split(rows, first[1:])
    return [(f"events/{day}/{hour:02d}.jsonl.gz", part) for hour, part in zip(present.tolist(), parts, strict=True)]


def _written(is_new: bool) -> Counter[str]:
    return Counter({"files_written" if is_new else "files_kept": 1})


def _line_counts(rows: Rows) -> Counter[str]:
    """Lines of a file, by what they are."""
    is_own = rows["planted"] == Planted.NOTHING
    is_late = is_own & (rows["delivered_at"] // HOUR > rows["at"] // HOUR)
    counts = Counter({"event_lines": len(rows), "events": int(is_own.sum()), "late_events": int(is_late.sum())})
    for action, count in zip(*np.unique(rows["action"][is_own], return_counts=True), strict=True):
        counts[f"{Action(action).name.lower()}_events"] += int(count)
    for planted, count in zip(*np.unique(rows["planted"][~is_own], return_counts=True), strict=True):
        counts[f"{REASONS[Planted(planted)].kind}_lines"] += int(count)
    return counts
