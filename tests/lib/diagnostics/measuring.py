"""A few lists to be measured, small enough to be worked by hand.

Users 1 and 3 are known with 5-19 training events, 2 is known with 1-4; 9 is a newcomer.
"""

from datetime import date

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.item_facts import ItemFacts, KnownItems, describe_items
from lakerec.diagnostics.list_blocks import CODE_BITS, LIST_CODE, PLACE_BITS, TRUTH_CODE, USER_CODE, Maker, Plan
from lakerec.model.scorer import ItemSide

Fact = tuple[int, int, int, int]
"""user_ix, code, place, item_ix: see `list_blocks`."""

HISTORIES = ("new", "1-4", "5-19")
ITEMS = np.arange(10, 15, dtype=np.int32)


def some_facts() -> ItemFacts:
    """Items 10 .. 14; half, a quarter, ... of 16 training users had them; 10 and 11 are hats, the others shoes."""
    known = KnownItems(
        ITEMS, np.array([8, 4, 2, 4, 1]), 16, ["hat", "hat", "shoe", "shoe", "shoe"], [date(2026, 3, 1)] * 5
    )
    return describe_items(known, ItemSide(ITEMS, np.eye(5, dtype=np.float32)), date(2026, 3, 10), (7,), 5)


def a_plan(*makers: Maker, ks: tuple[int, ...] = (1, 3), replicates: int = 20) -> Plan:
    """A plan for lists over those items."""
    return Plan(makers, ks, replicates, 7, HISTORIES, some_facts())


def user(user_ix: int, history: str, is_known: bool = True) -> list[Fact]:
    """What is known of a user."""
    return [(user_ix, USER_CODE, HISTORIES.index(history), int(is_known))]


def truth(user_ix: int, *items: int, split: int = 1) -> list[Fact]:
    """What was relevant."""
    return [(user_ix, TRUTH_CODE, split, item) for item in items]


def made(user_ix: int, maker: int, *items: int, split: int = 1) -> list[Fact]:
    """What is known of a list."""
    return [(user_ix, LIST_CODE + 2 * maker + split, rank, item) for rank, item in enumerate(items, start=1)]


def travelling(*facts: list[Fact]) -> pa.RecordBatch:
    """Everything that is known, a row per user, in their order."""
    entries: dict[int, list[int]] = {}
    for user_ix, code, place, item in sorted(fact for some in facts for fact in some):
        entry = (code << CODE_BITS) | (place << PLACE_BITS) | (item & 0xFFFFFFFF)
        entries.setdefault(user_ix, []).append(entry)
    columns = [pa.array(list(entries), pa.int64()), pa.array(list(entries.values()), pa.list_(pa.int64()))]
    return pa.RecordBatch.from_arrays(columns, ["user", "entries"])
