"""Rows read by the driver, against what Spark reads of the same tables."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.errors import ContractError, RebuildNeededError
from lakerec.lakehouse import Lakehouse
from lakerec.small_tables import collect_rows, frame_of

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)

PRICES = Table(
    name="silver.prices",
    comment="What things cost.",
    columns=(
        Column("item_id", T.StringType(), "Item.", nullable=False),
        Column("price", T.DecimalType(18, 4), "Price."),
        Column("seen_at", T.TimestampType(), "When; UTC."),
        Column("ranks", T.ArrayType(T.FloatType()), "A few numbers."),
        Column("shop", T.StringType(), "Where."),
    ),
    key=("shop", "item_id"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="shop",
)
LOG = Table("operations.log", "Lines.", (Column("n", T.IntegerType(), "Number."),), key=("n",), write=Write.APPEND)


def price(item: str, shop: str = "a shop/é") -> tuple[Any, ...]:
    return (item, Decimal("1.5000"), NOON, [0.5, 1.5], shop)


def put(lake: Lakehouse, shop: str, *items: str) -> None:
    frame = lake.spark.createDataFrame([price(item, shop) for item in items], PRICES.schema)
    lake.replace_partition(PRICES, shop, frame)


def test_rows_have_the_declared_types_and_their_times_are_in_utc(lake: Lakehouse) -> None:
    frame = lake.spark.createDataFrame([price("i1"), ("i2", None, None, None, "b")], PRICES.schema)
    lake.append(PRICES, frame)

    rows = {row["item_id"]: row for row in lake.rows(PRICES)}

    assert tuple(rows["i1"].values()) == price("i1")
    assert tuple(rows["i2"].values()) == ("i2", None, None, None, "b")


def test_a_partition_holds_what_replaced_it_and_no_row_of_another(lake: Lakehouse) -> None:
    put(lake, "a", "i1", "i2")
    put(lake, "b", "i3")
    put(lake, "a", "i4")

    assert [row["item_id"] for row in lake.rows(PRICES, "a")] == ["i4"]
    assert sorted(row["item_id"] for row in lake.rows(PRICES)) == ["i3", "i4"]
    assert lake.rows(PRICES, "c") == []


def test_partitions_are_those_that_hold_rows_under_the_names_they_were_given(lake: Lakehouse) -> None:
    put(lake, "a shop/é", "i1")
    put(lake, "b", "i2")

    before = lake.partitions(PRICES)
    lake.delete_partitions(PRICES, ["b"])

    assert (before, lake.partitions(PRICES)) == ({"a shop/é", "b"}, {"a shop/é"})
    assert lake.has_partition(PRICES, "a shop/é")
    assert not lake.has_partition(PRICES, "b")


def test_a_day_is_a_date_and_rows_without_one_have_none(lake: Lakehouse) -> None:
    days = Table(
        "silver.days",
        "Days.",
        (Column("event_date", T.DateType(), "Day."), Column("n", T.IntegerType(), "Number.")),
        key=("n",),
        write=Write.APPEND,
        partition_by="event_date",
    )
    lake.append(days, lake.spark.createDataFrame([(date(2026, 3, 2), 1), (None, 2)], days.schema))

    assert {row["n"]: row["event_date"] for row in lake.rows(days)} == {1: date(2026, 3, 2), 2: None}


def test_only_the_columns_and_as_many_rows_as_are_wanted_are_given(lake: Lakehouse) -> None:
    put(lake, "a", "i1", "i2")

    assert lake.rows(PRICES, columns=["shop"], at_most=1) == [{"shop": "a"}]


def test_a_table_without_partitions_has_none_to_read(lake: Lakehouse) -> None:
    lake.append(LOG, [(1,)])

    with pytest.raises(ContractError, match="has no partitions"):
        lake.rows(LOG, "a")


def test_a_table_that_was_never_written_has_no_rows(lake: Lakehouse) -> None:
    assert lake.rows(PRICES) == []
    assert lake.partitions(PRICES) == set()
    assert not lake.has_partition(PRICES, "a")


def test_an_older_version_has_its_own_rows_and_a_log_is_read_from_its_checkpoint_on(lake: Lakehouse) -> None:
    for number in range(13):
        lake.append(LOG, lake.spark.createDataFrame([(number,)], LOG.schema))

    rows_of_8 = collect_rows(LOG, lake.location(LOG), 8)
    Path(lake.location(LOG), "_delta_log", f"{3:020d}.json").unlink()
    rows = lake.rows(LOG)

    assert sorted(row["n"] for row in rows_of_8) == list(range(9))
    assert sorted(row["n"] for row in rows) == list(range(13))


def test_columns_declared_since_are_null_or_refused_where_they_may_not_be(lake: Lakehouse) -> None:
    put(lake, "a", "i1")
    more = (*PRICES.columns, Column("note", T.StringType(), "Since."))
    must = (*PRICES.columns, Column("note", T.StringType(), "Since.", nullable=False))

    def declared(columns: tuple[Column, ...]) -> Table:
        return Table(PRICES.name, "", columns, key=PRICES.key, write=PRICES.write, partition_by="shop")

    assert [row["note"] for row in lake.rows(declared(more))] == [None]
    with pytest.raises(RebuildNeededError, match=r"silver\.prices: stored without \['note'\]"):
        lake.rows(declared(must))


def test_what_was_read_is_kept_for_the_next_commit_to_tell(lake: Lakehouse) -> None:
    put(lake, "a", "i1")

    lake.rows(PRICES)

    assert lake.versions_read == {"silver.prices": 0}


def test_rows_beyond_those_of_one_task_come_in_several(spark: SparkSession) -> None:
    frame = frame_of(spark, ((n, "x" * 200) for n in range(9_000)), T.StructType.fromDDL("n int, text string"))

    assert sorted(row.n for row in frame.collect()) == list(range(9_000))
    assert frame.rdd.getNumPartitions() == 3 * 2
