"""What goes wrong on a log's way: late, repeated, redelivered, unreadable and unbelievable lines.

Planted bad lines come in addition to the shop's own events, with ids of their own, so that what people did stays
whole; each is wrong in exactly one way.
"""

from typing import NamedTuple

import numpy as np

from lakerec.shop.rows import DAY, HOUR, Ints, Planted, Rows
from lakerec.shop.settings import ShopSettings

EARLIEST_LATE, LATEST_LATE = HOUR, 2 * DAY
MALFORMED = (Planted.CUT, Planted.GARBLED, Planted.SPOILED_BYTE, Planted.ARRAY, Planted.STRING)


class Reason(NamedTuple):
    """How truth names what was planted; reasons are those of bronze.malformed_lines and silver.rejected_events."""

    kind: str
    reason: str


REASONS = {
    Planted.REPEATED: Reason("duplicate", "repeated in its file"),
    Planted.REDELIVERED: Reason("duplicate", "delivered again in a later file"),
    Planted.CUT: Reason("malformed", "not JSON"),
    Planted.GARBLED: Reason("malformed", "not UTF-8"),
    Planted.SPOILED_BYTE: Reason("malformed", "not UTF-8"),
    Planted.ARRAY: Reason("malformed", "not an object"),
    Planted.STRING: Reason("malformed", "not an object"),
    Planted.UNKNOWN_ACTION: Reason("rejected", "is a known action"),
    Planted.MISSING_ITEM: Reason("rejected", "has an item"),
    Planted.UNREADABLE_TIME: Reason("rejected", "has a readable time"),
}


def deliver(rng: np.random.Generator, settings: ShopSettings, rows: Rows) -> None:
    """Set `delivered_at` (in place): when it happened, but for the late ones."""
    is_late = rng.random(len(rows)) < settings.late_share
    rows["delivered_at"] = rows["at"] + np.where(is_late, _delay(rng, len(rows)), 0)


def plant(rng: np.random.Generator, settings: ShopSettings, rows: Rows, first_number: int) -> Rows:
    """Lines to deliver in addition to a day's ordinary `rows`: copies of some of them, each spoiled in its way.

    Repeated and redelivered lines keep their number, so that their bytes are the same; the others are numbered
    from `first_number`.
    """
    repeated = _copy_some(rng, rows, settings.repeated_share, Planted.REPEATED)
    redelivered = _copy_some(rng, rows, settings.redelivered_share, Planted.REDELIVERED)
    redelivered["delivered_at"] += _delay(rng, len(redelivered))
    spoiled = np.concatenate(
        [
            *(_copy_some(rng, rows, settings.malformed_share / len(MALFORMED), planted) for planted in MALFORMED),
            _copy_some(rng, rows, settings.unknown_action_share, Planted.UNKNOWN_ACTION),
            _copy_some(rng, rows, settings.missing_item_share, Planted.MISSING_ITEM),
            _copy_some(rng, rows, settings.unreadable_time_share, Planted.UNREADABLE_TIME),
        ]
    )
    spoiled["number"] = first_number + np.arange(len(spoiled))
    return np.concatenate([repeated, redelivered, spoiled])


def order_lines(rng: np.random.Generator, settings: ShopSettings, rows: Rows) -> Rows:
    """A day's rows by hour of delivery, within the hour by time, but for those at a random place."""
    hour_at = rows["delivered_at"] // HOUR * HOUR
    is_astray = rng.random(len(rows)) < settings.out_of_order_share
    place = np.where(is_astray, rng.integers(0, HOUR, len(rows)), rows["delivered_at"] - hour_at)
    return rows[np.lexsort((rows["planted"], rows["number"], place, hour_at))]


def _delay(rng: np.random.Generator, count: int) -> Ints:
    return rng.integers(EARLIEST_LATE, LATEST_LATE, count)


def _copy_some(rng: np.random.Generator, rows: Rows, share: float, planted: Planted) -> Rows:
    copies = rows[rng.random(len(rows)) < share].copy()
    copies["planted"] = planted
    return copies
