"""Delivered times to UTC: one rule, applied to a column at a time; what cannot be read is null, never a failure."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from lakerec.bronze.mapping import TimeRule

UTC_TIMES = pa.timestamp("us", "UTC")
LOCAL_TIMES = pa.timestamp("us")
# What Python, Spark and Parquet readers all can hold.
EARLIEST = pa.scalar(datetime(1, 1, 1, tzinfo=UTC), UTC_TIMES)
LATEST = pa.scalar(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), UTC_TIMES)


def parse_times(texts: pa.Array, rule: TimeRule) -> pa.Array:
    """Times (timestamp in microseconds, UTC) of an array of strings; null where a string is not of the rule's format.

    A local time that occurs twice is taken as its first; one that the clocks skip, as the moment of the change.
    """
    if rule.format == "iso":
        times = _parse_iso(texts)
    elif "%z" in rule.format:
        times = _parse_exactly(texts, rule)
    else:
        local = _parse_local(texts, rule)
        zoned = pc.assume_timezone(local, rule.zone, ambiguous="earliest", nonexistent="latest")
        times = zoned.cast(UTC_TIMES)
    is_in_range = pc.and_(pc.greater_equal(times, EARLIEST), pc.less_equal(times, LATEST))
    return pc.if_else(is_in_range, times, pa.scalar(None, UTC_TIMES))


def _parse_iso(texts: pa.Array) -> pa.Array:
    """Arrow's strict parser reads an array or fails as a whole, so halve until the culprits stand alone."""
    try:
        return texts.cast(UTC_TIMES)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return pa.nulls(1, UTC_TIMES)
        half = len(texts) // 2
        return pa.concat_arrays([_parse_iso(texts[:half]), _parse_iso(texts[half:])])


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
