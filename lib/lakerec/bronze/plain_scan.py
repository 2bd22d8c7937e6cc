"""Where the parts of a plain JSON object end, in compiled loops; what a plain object is stands in `plain_objects`.

All loops read on until a line feed stops them: the text has one behind each object.
"""

import numpy as np
import numpy.typing as npt
from numba import int64, types, uint8

from lakerec.compiled import SUMS_IN_ORDER, compiled, read_only

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

TEXT = read_only(uint8)
PLACES = read_only(int64)

NOT_PLAIN = -1
_BLANK, _TAB, _RETURN, _TILDE, _BACKSLASH = (ord(sign) for sign in " \t\r~\\")
QUOTE, COMMA, COLON, OPEN, CLOSE = (ord(sign) for sign in '",:{}')
_MINUS, POINT, ZERO, _NINE, _SMALL_E, _LARGE_E = (ord(sign) for sign in "-.09eE")
TRUE, FALSE, NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))
_GOES_ON = np.array([_BLANK <= sign <= _TILDE and sign not in (QUOTE, _BACKSLASH) for sign in range(256)])


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def after_blanks(text: Bytes, at: int) -> int:
    """The next place that holds no blank, tab or carriage return."""
    while text[at] == _BLANK or text[at] == _TAB or text[at] == _RETURN:
        at += 1
    return at


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def after_string(text: Bytes, at: int) -> int:
    """Where a string ends, or not plain."""
    if text[at] != QUOTE:
        return NOT_PLAIN
    at += 1
    while _GOES_ON[text[at]]:
        at += 1
    return at + 1 if text[at] == QUOTE else NOT_PLAIN


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def _after_digits(text: Bytes, at: int) -> int:
    while ZERO <= text[at] <= _NINE:
        at += 1
    return at


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def _after_number(text: Bytes, at: int) -> int:
    """Such a number is written by any parser as it stands, but for zeros at its end."""
    first = at + 1 if text[at] == _MINUS else at
    point = stop = _after_digits(text, first)
    is_fraction = text[first] == ZERO
    if point == first or (is_fraction and point > first + 1):
        return NOT_PLAIN
    if text[point] != POINT:
        is_odd = point > first + 18 or (is_fraction and first > at)
    else:
        stop, zeros = _after_digits(text, point + 1), point + 1
        while text[zeros] == ZERO:
            zeros += 1
        is_tiny = is_fraction and zeros > point + 4 and zeros < stop  # it would be written with an exponent
        is_odd = stop == point + 1 or stop > first + 16 or is_tiny
    return NOT_PLAIN if is_odd or text[stop] == _SMALL_E or text[stop] == _LARGE_E else stop


@compiled(int64(TEXT, int64, TEXT), SUMS_IN_ORDER)
def _after_word(text: Bytes, at: int, word: Bytes) -> int:
    for letter in word:
        if text[at] != letter:
            return NOT_PLAIN
        at += 1
    return at


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def after_value(text: Bytes, at: int) -> int:
    """Where a value ends, or not plain: also of what is an object or array."""
    first = text[at]
    if first == QUOTE:
        return after_string(text, at)
    if first == TRUE[0]:
        return _after_word(text, at, TRUE)
    if first == FALSE[0]:
        return _after_word(text, at, FALSE)
    if first == NULL[0]:
        return _after_word(text, at, NULL)
    return _after_number(text, at)


@compiled(int64(TEXT, int64), SUMS_IN_ORDER)
def after_colon(text: Bytes, at: int) -> int:
    """Where the value behind a name begins, or not plain."""
    at = after_blanks(text, at)
    return after_blanks(text, at + 1) if text[at] == COLON else NOT_PLAIN


@compiled(types.UniTuple(int64, 4)(TEXT, int64), SUMS_IN_ORDER)
def find_member(text: Bytes, at: int) -> tuple[int, int, int, int]:
    """Where a member's name begins and ends, and its value; the value ends at not plain where there is none."""
    name = after_blanks(text, at)
    name_stop = after_string(text, name)
    value = after_colon(text, name_stop) if name_stop != NOT_PLAIN else NOT_PLAIN
    stop = after_value(text, value) if value != NOT_PLAIN else NOT_PLAIN
    return name, name_stop, value, stop
