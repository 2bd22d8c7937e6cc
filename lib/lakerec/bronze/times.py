"""Delivered times to UTC: one rule, applied to a column at a time; what cannot be read is null, never a failure."""

import re
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lakerec.bronze.mapping import TimeRule

UTC_TIMES = pa.timestamp("us", "UTC")
LOCAL_TIMES = pa.timestamp("us")
MICROSECONDS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
# Power of ten of the first digit, up to the year 9999 and beyond; what is larger would not fit into 64 bits.
LARGEST_EXPONENT = {"epoch_s": 11, "epoch_ms": 14, "epoch_us": 17}
# What Python, Spark and Parquet readers all can hold.
EARLIEST = pa.scalar(datetime(1, 1, 1, tzinfo=UTC), UTC_TIMES)
LATEST = pa.scalar(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), UTC_TIMES)


def days_of(times: pa.Array) -> pa.Array:
    """Days (date32, UTC) of times; null where there is none."""
    return pc.floor_temporal(times, unit="day").cast(pa.date32())


def parse_times(texts: pa.Array, rule: TimeRule) -> pa.Array:
    """Times (timestamp in microseconds, UTC) of an array of strings; null where a string is not of the rule's format.

    A local time that occurs twice is taken as its first; one that the clocks skip, as the moment of the change.
    """
    if rule.format == "iso":
        times = _parse_iso(texts, UTC_TIMES)
    elif rule.format in MICROSECONDS:
        times = _parse_epoch(texts, rule.format)
    elif "%z" in rule.format:
        times = _parse_exactly(texts, rule)
    else:
        local = _parse_iso(texts, LOCAL_TIMES) if rule.format == "iso_local" else _parse_local(texts, rule)
        zoned = pc.assume_timezone(local, rule.zone, ambiguous="earliest", nonexistent="latest")
        times = zoned.cast(UTC_TIMES)
    is_in_range = pc.and_(pc.greater_equal(times, EARLIEST), pc.less_equal(times, LATEST))
    return pc.if_else(is_in_range, times, pa.scalar(None, UTC_TIMES))


def _parse_iso(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Arrow's strict parser reads an array or fails as a whole, so halve until the culprits stand alone.

    A culprit may be but too exact: what is beyond microseconds is left off.
    """
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            shorter = pc.replace_substring_regex(texts, r"(\.[0-9]{6})[0-9]+", r"\1")
            return pa.nulls(1, kind) if shorter == texts else _parse_iso(shorter, kind)
        half = len(texts) // 2
        return pa.concat_arrays([_parse_iso(texts[:half], kind), _parse_iso(texts[half:], kind)])


def _parse_epoch(texts: pa.Array, name: str) -> pa.Array:
    """Whole numbers at once, what is left (fractions, exponents) one by one; microseconds are rounded down."""
    unit, digits = MICROSECONDS[name], LARGEST_EXPONENT[name] + 1
    is_whole = pc.fill_null(pc.match_substring_regex(texts, f"^-?[0-9]{{1,{digits}}}$"), False)
    whole = pc.if_else(is_whole, texts, pa.scalar(None, pa.string())).cast(pa.int64())
    odd = pc.if_else(is_whole, pa.scalar(None, pa.string()), texts).to_pylist()
    others = pa.array([None if text is None else _micros(text, unit, digits) for text in odd], pa.int64())
    micros = pc.coalesce(pc.multiply(whole, unit), others)
    return micros.cast(pa.timestamp("us")).cast(UTC_TIMES)


def _micros(text: str, unit: int, digits: int) -> int | None:
    number = Decimal(text) if NUMBER.fullmatch(text) else None
    if number is None or number.adjusted() >= digits:
        return None
    return int((number * unit).to_integral_value(ROUND_FLOOR))


def _parse_local(texts: pa.Array, rule: TimeRule) -> pa.Array:
    """Arrow's strptime is fast but takes 30 February and blanks: what it does not write back alike, Python decides."""
    fast = pc.strptime(texts, format=rule.format, unit="s", error_is_null=True)
    is_exact = pc.fill_null(pc.equal(pc.strftime(fast, format=rule.format), texts), False)
    doubtful = pc.if_else(is_exact, pa.scalar(None, pa.string()), texts)
    return pc.if_else(is_exact, fast.cast(LOCAL_TIMES), _parse_exactly(doubtful, rule))


def _parse_exactly(texts: pa.Array, rule: TimeRule) -> pa.Array:
    kind = LOCAL_TIMES if rule.zone else UTC_TIMES
    return pa.array([None if text is None else _strptime(text, rule.format) for text in texts.to_pylist()], kind)


def _strptime(text: str, time_format: str) -> datetime | None:
    try:
        return datetime.strptime(text, time_format)  # noqa: DTZ007  the zone is the rule's
    except (ValueError, OverflowError):
        return None
