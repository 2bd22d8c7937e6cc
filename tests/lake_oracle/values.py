"""Delivered texts as values."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from unicodedata import normalize

from lakerec.bronze.mapping import Source


def filled(text: str | None) -> str | None:
    """A text that is not blank."""
    return text if text is not None and text.strip(" ") else None


def tidy(text: str | None) -> str | None:
    """An id without white space around it, in Unicode's normal form C."""
    return normalize("NFC", text.strip()) or None if text is not None else None


def in_namespace(text: str | None, source: Source) -> str | None:
    """A tidy id, with its source's namespace."""
    found = tidy(text)
    return f"{source.id_namespace}:{found}" if found and source.id_namespace else found


def decimal(text: str | None, digits: int, scale: int) -> Decimal | None:
    """A number with so many digits, so many of them after the point; None where it is none or too large."""
    try:
        number = Decimal((text or "").strip()).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return number if number.is_finite() and len(number.as_tuple().digits) <= digits else None


def whole(number: Decimal | None) -> int | None:
    """A whole number of 32 bits."""
    if number is None or number != int(number) or not -(2**31) <= number < 2**31:
        return None
    return int(number)


def finite(text: str | None) -> float | None:
    """A number that is neither infinite nor none at all."""
    if text is None or not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text):
        return None
    return float(text)
