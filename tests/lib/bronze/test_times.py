from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.mapping import TimeRule
from lakerec.bronze.times import parse_times

ISO = TimeRule(format="iso")
LONDON = TimeRule(format="%Y-%m-%d %H:%M:%S", zone="Europe/London")


def parse(rule: TimeRule, *texts: str | None) -> list[datetime | None]:
    return parse_times(pa.array(texts, pa.string()), rule).to_pylist()


@pytest.mark.parametrize(
    "text", ["2024-03-01T10:00:00.25Z", "2024-03-01 11:00:00.25+01:00", "2024-03-01T05:00:00.250000-0500"]
)
def test_iso_times_are_read_with_their_offset(text):
    assert parse(ISO, text) == [datetime(2024, 3, 1, 10, 0, 0, 250_000, UTC)]


def test_a_time_that_is_more_exact_than_a_microsecond_is_rounded_down():
    assert parse(ISO, "2024-03-01T10:00:00.123456789Z", "2024-03-01T10:00:00Z") == [
        datetime(2024, 3, 1, 10, 0, 0, 123_456, UTC),
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("name", "text", "micros"),
    [
        ("epoch_s", "1511848894", 1_511_848_894_000_000),
        ("epoch_s", "1511848894.25", 1_511_848_894_250_000),
        ("epoch_s", "1.511848894E9", 1_511_848_894_000_000),
        ("epoch_s", "-1", -1_000_000),
        ("epoch_s", "253402300799", 253_402_300_799_000_000),
        ("epoch_ms", "1659304800025", 1_659_304_800_025_000),
        ("epoch_us", "1659304800025123.9", 1_659_304_800_025_123),
    ],
)
def test_a_time_may_be_counted_since_1970(name, text, micros):
    assert parse(TimeRule(format=name), text) == [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)]


@pytest.mark.parametrize(
    "text", ["", " 5", "5 ", "1_000", "٣", "x", "NaN", "Infinity", "1e400", "9" * 30, "253402300800", "0x10", "1."]
)
def test_what_is_no_count_since_1970_is_null(text):
    assert parse(TimeRule(format="epoch_s"), text, "1") == [None, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]


def test_iso_times_without_an_offset_are_read_in_the_stated_zone():
    rule = TimeRule(format="iso_local", zone="Europe/London")

    assert parse(rule, "2011-06-01T00:30:00.5", "2011-06-01", "2011-06-01T00:30:00Z") == [
        datetime(2011, 5, 31, 23, 30, 0, 500_000, UTC),
        datetime(2011, 5, 31, 23, tzinfo=UTC),
        None,
    ]


NO_TIMES = [
    "2010-13-45T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-03-01T10:00:00",
    "2024-03-01",
    "now",
    " ",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-05:00",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_or_has_no_offset_is_null_and_spoils_no_other(text):
    good = "2024-03-01T10:00:00Z"

    assert parse(ISO, good, text, None, good) == [
        datetime(2024, 3, 1, 10, tzinfo=UTC),
        None,
        None,
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    ]


def test_local_times_are_read_in_their_zone():
    winter, summer = parse(LONDON, "2010-12-01 08:26:00", "2011-06-01 00:30:00")

    assert winter == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert summer == datetime(2011, 5, 31, 23, 30, tzinfo=UTC)


def test_a_local_time_that_occurs_twice_is_its_first_and_one_that_never_was_is_the_change():
    twice, never = parse(LONDON, "2011-10-30 01:30:00", "2011-03-27 01:30:00")

    assert twice == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)
    assert never == datetime(2011, 3, 27, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2010-13-45 00:00:00", "2010-02-30 00:00:00", "2010-12-01 08:26:61", "2010-12-01", "x"]
)
def test_a_local_time_that_is_on_no_calendar_is_null(text):
    assert parse(LONDON, text, "2010-12-01 08:26:00") == [None, datetime(2010, 12, 1, 8, 26, tzinfo=UTC)]


def test_a_format_may_leave_out_zeros_state_fractions_or_carry_an_offset():
    unpadded = parse(TimeRule(format="%d/%m/%Y %H:%M", zone="UTC"), "1/2/2010 8:26")
    fraction = parse(TimeRule(format="%Y-%m-%d %H:%M:%S.%f", zone="UTC"), "2010-02-01 08:26:00.5")
    offset = parse(TimeRule(format="%Y-%m-%d %H:%M %z"), "2010-02-01 08:26 +0200")

    assert unpadded == [datetime(2010, 2, 1, 8, 26, tzinfo=UTC)]
    assert fraction == [datetime(2010, 2, 1, 8, 26, 0, 500_000, UTC)]
    assert offset == [datetime(2010, 2, 1, 6, 26, tzinfo=UTC)]


def test_no_times_are_no_times():
    assert parse(ISO) == parse(LONDON) == []
    assert parse(ISO, None) == parse(LONDON, None) == [None]


@given(st.lists(st.datetimes() | st.text(max_size=20)))
def test_each_time_is_read_as_if_it_stood_alone(values):
    texts = [value.isoformat() + "Z" if isinstance(value, datetime) else value for value in values]

    assert parse(ISO, *texts) == [time for text in texts for time in parse(ISO, text)]
