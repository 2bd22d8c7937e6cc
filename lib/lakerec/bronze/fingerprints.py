"""Fingerprints of plain JSON objects: alike where names and types of members are, in their order.

FNV-1a (Fowler, Noll, Vo) of 64 bits: two that differ have the same one by a chance of 2⁻⁶⁴. Importing this module
imports numba: only where records are read.
"""

import numpy as np
import numpy.typing as npt
from numba import int64, types, uint8, uint64

from lakerec.bronze.plain_scan import (
    CLOSE,
    COMMA,
    FALSE,
    NOT_PLAIN,
    NULL,
    OPEN,
    PLACES,
    QUOTE,
    TEXT,
    TRUE,
    ZERO,
    Bytes,
    Ints,
    after_blanks,
    find_member,
)
from lakerec.compiled import SUMS_IN_ORDER, compiled

Fingerprints = npt.NDArray[np.uint64]

NONE = np.uint64(0)
_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)


@compiled(uint8(uint8), SUMS_IN_ORDER)
def _kind(first: int) -> int:
    """One sign for each type, by what a value begins with."""
    if first == QUOTE:
        return QUOTE
    return TRUE[0] if first == TRUE[0] or first == FALSE[0] else ZERO


@compiled(uint64(TEXT, int64, int64), SUMS_IN_ORDER)
def _fingerprint(text: Bytes, at: int, end: int) -> np.uint64:
    mark = _BASIS
    if text[at] != OPEN:
        return NONE
    while True:
        at, name_stop, value, stop = find_member(text, at + 1)
        if stop == NOT_PLAIN:
            return NONE
        if text[value] != NULL[0]:
            for place in range(at, name_stop):
                mark = (mark ^ text[place]) * _PRIME
            mark = (mark ^ _kind(text[value])) * _PRIME
        at = after_blanks(text, stop)
        if text[at] == CLOSE:
            return mark if after_blanks(text, at + 1) == end else NONE
        if text[at] != COMMA:
            return NONE


@compiled(types.void(TEXT, PLACES, uint64[::1]), SUMS_IN_ORDER)
def take_fingerprints(text: Bytes, feeds: Ints, fingerprints: Fingerprints) -> None:
    """Fingerprints of records; null members leave no trace, as null has no type.

    Args:
        text: records, each with a line feed behind it.
        feeds: (records), where these stand.
        fingerprints: (records), out; 0 for what is no plain object.
    """
    begin = 0
    for record in range(len(feeds)):
        fingerprints[record] = _fingerprint(text, after_blanks(text, begin), feeds[record])
        begin = feeds[record] + 1
