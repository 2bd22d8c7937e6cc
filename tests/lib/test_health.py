"""Profiles of what a run wrote, from Delta's own statistics and a sample of the files."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import types as T

from lakerec import health
from lakerec.contract import Column, Table, Write
from lakerec.health import estimate_distinct, profile, written_by
from lakerec.lakehouse import Lakehouse
from lakerec.operations.table_health import TABLE_HEALTH

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDERS = Table(
    name="silver.orders",
    comment="One row per order.",
    columns=(
        Column("event_date", T.DateType(), "Day; UTC."),
        Column("order_id", T.StringType(), "Order."),
        Column("channel", T.StringType(), "Where it was placed."),
        Column("price", T.DecimalType(18, 4), "Price."),
        Column("ordered_at", T.TimestampType(), "When; UTC."),
        Column("tags", T.ArrayType(T.StringType()), "Words."),
    ),
    key=("event_date", "order_id"),
    write=Write.REPLACE_DAYS,
    partition_by="event_date",
)

CALLS = Table(
    name="silver.calls",
    comment="One row per call.",
    columns=(
        Column("called_at", T.TimestampType(), "When; UTC."),
        Column("caller", T.StringType(), "Who."),
        Column("call", T.IntegerType(), "Number."),
    ),
    key=("call",),
    write=Write.REPLACE,
)


def put(lake: Lakehouse, day: date | None, count: int) -> None:
    """Orders of one day at prices 1, 2, ..., every fifth by phone, the last without channel."""
    channels = ["phone" if n % 5 == 0 else "web" for n in range(count - 1)] + [None]
    rows = [(day, f"{day} {n}", channels[n], n + 1, NOON + timedelta(minutes=n), ["a"]) for n in range(count)]
    frame = lake.spark.createDataFrame(
        rows, "event_date date, order_id string, channel string, price int, ordered_at timestamp, tags array<string>"
    )
    lake.amend_days(ORDERS, [day], frame.withColumn("price", frame.price.cast("decimal(18,4)")))


def profiled(lake: Lakehouse, table: Table = ORDERS) -> dict[str, dict]:
    location, run_id = lake.location(table), lake.settings.run_id
    rows = profile(table, location, written_by(run_id, location), run_id, NOON + timedelta(hours=1))
    return {row["column_name"]: row for row in (dict(zip(TABLE_HEALTH.names, row, strict=True)) for row in rows)}


def test_what_a_run_wrote_is_profiled_column_by_column(lake: Lakehouse) -> None:
    put(lake, MONDAY, 21)

    rows = profiled(lake)

    assert list(rows) == ORDERS.names
    assert {row["row_count"] for row in rows.values()} == {21}
    assert (rows["channel"]["null_share"], rows["channel"]["distinct_count"]) == (1 / 21, 2)
    assert json.loads(rows["channel"]["top_values"]) == {"web": 16 / 21, "phone": 4 / 21}
    assert (rows["order_id"]["distinct_count"], rows["order_id"]["top_values"]) == (21, None)
    assert rows["price"]["quantiles"] == [1, 2, 6, 11, 16, 20, 21]
    assert (rows["ordered_at"]["newest_at"], rows["ordered_at"]["age_seconds"]) == (
        NOON + timedelta(minutes=20),
        40 * 60,
    )
    assert (rows["event_date"]["null_share"], rows["tags"]["distinct_count"]) == (0, None)


def test_only_what_the_run_wrote_and_left_in_place_counts(lake: Lakehouse, lake_settings) -> None:
    put(lake, MONDAY, 5)
    later = Lakehouse(lake.spark, lake_settings.model_copy(update={"run_id": "later"}))
    put(later, TUESDAY, 9)
    put(later, TUESDAY, 3)

    rows = profiled(later)

    assert (rows["order_id"]["row_count"], rows["order_id"]["version"]) == (3, 2)
    assert written_by("test", lake.location(ORDERS)) is None


def test_what_delta_does_not_count_comes_from_the_sample(lake: Lakehouse) -> None:
    rows = [(None, "a", 1), (NOON, None, 2), (NOON - timedelta(minutes=5), None, 3)]
    frame = lake.spark.createDataFrame(rows, "called_at timestamp, caller string, call int")
    lake.overwrite(CALLS, frame)

    at, caller, _ = profiled(lake, CALLS).values()

    assert (at["null_share"], at["newest_at"], at["age_seconds"]) == (1 / 3, NOON, 60 * 60)
    assert (caller["null_share"], caller["row_count"], caller["sample_count"]) == (2 / 3, 3, 3)


def test_a_large_table_is_profiled_on_a_sample(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SAMPLE_ROWS", 20)
    monkeypatch.setattr(health, "LEAST_OF_A_FILE", 20)
    put(lake, MONDAY, 80)

    rows = profiled(lake)

    assert (rows["price"]["row_count"], rows["price"]["sample_count"]) == (80, 20)
    assert rows["price"]["distinct_count"] == 20 * 2  # sqrt(80 / 20) = 2, all seen once


def test_an_emptied_table_has_no_rows_to_measure(lake: Lakehouse) -> None:
    put(lake, MONDAY, 5)
    lake.overwrite(ORDERS, lake.read(ORDERS).limit(0))

    row = profiled(lake)["channel"]

    assert (row["row_count"], row["null_share"], row["sample_count"], row["newest_at"]) == (0, None, 0, None)


@pytest.mark.parametrize(
    ("counts", "sampled", "rows", "estimate"),
    [([1, 1, 2], 4, 4, 3), ([1, 1, 2], 4, 16, 2 * 2 + 1), ([4], 4, 400, 1), ([], 0, 0, 0), ([1] * 10, 10, 12, 11)],
)
def test_distinct_values_are_scaled_from_those_seen_once(counts, sampled, rows, estimate) -> None:
    assert estimate_distinct(counts, sampled, rows) == estimate
