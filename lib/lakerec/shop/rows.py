"""An event before it is written: one fixed-width row, so that a day of events is one array and no objects."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOBODY = -1


class Action(IntEnum):
    """What was done, in the order in which it usually happens."""

    IMPRESSION = 0
    VIEW = 1
    SCROLL = 2
    CART = 3
    PURCHASE = 4
    RETURN = 5


class Planted(IntEnum):
    """What is wrong with a line, if anything; each is wrong in exactly one way."""

    NOTHING = 0
    REPEATED = 1
    REDELIVERED = 2
    CUT = 3
    GARBLED = 4
    SPOILED_BYTE = 5
    ARRAY = 6
    STRING = 7
    UNKNOWN_ACTION = 8
    MISSING_ITEM = 9
    UNREADABLE_TIME = 10


ROW = np.dtype(
    [
        ("number", "i8"),  # makes event_id; unique but for repeated and redelivered lines
        ("session", "i8"),
        ("user", "i4"),  # NOBODY where the visit never signs in
        ("is_signed_in", "?"),  # whether the line carries the user
        ("item", "i4"),
        ("action", "i1"),
        ("at", "i8"),  # ms since 1970, UTC
        ("delivered_at", "i8"),  # ms; names the file
        ("quantity", "i2"),  # units; 0: not sent
        ("cents", "i4"),  # price of one unit; 0: not sent
        ("list", "i8"),  # 0: not from a list
        ("position", "i1"),  # from 1
        ("surface", "i1"),
        ("propensity", "f8"),  # probability that the shop showed this item at this position
        ("device", "i1"),
        ("referrer", "i1"),
        ("planted", "i1"),
    ]
)


class Numbers:
    """Gives each number once, from `first` on."""

    def __init__(self, first: int) -> None:
        self._next = first

    def take(self, count: int) -> Ints:
        """The next `count` numbers."""
        numbers = np.arange(self._next, self._next + count)
        self._next += count
        return numbers


def empty_rows(count: int) -> Rows:
    """`count` rows of zeros: no list, no price, nothing planted."""
    return np.zeros(count, ROW)


def take_due(rows: Rows, before: int) -> tuple[Rows, Rows]:
    """Rows delivered before the time `before` (ms), and the rest."""
    is_due = rows["delivered_at"] < before
    return rows[is_due], rows[~is_due]


def pick(upper: Floats, points: Floats) -> Ints:
    """Index of the interval that each point falls in, given the intervals' upper edges.

    A point that rounding put on the last edge stays in the last interval.
    """
    return np.minimum(np.searchsorted(upper, points, side="right"), len(upper) - 1)
