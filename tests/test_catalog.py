"""Every declaration keeps the house's rules."""

from pathlib import Path

import pytest
from pyspark.sql import types as T

from lakerec.catalog import TABLES, as_markdown
from lakerec.contract import Table, Write

REPOSITORY = Path(__file__).parents[1]
UNITS = {"_at": T.TimestampType, "_date": T.DateType, "_ix": T.IntegerType, "_id": T.StringType, "_count": T.LongType}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_found_from_its_name(table: Table) -> None:
    assert (REPOSITORY / "lib" / "lakerec" / f"{table.path}.py").is_file()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_says_what_a_row_and_each_column_is(table: Table) -> None:
    assert table.comment.startswith("One row per")
    assert all(column.comment.endswith((".", ")")) for column in table.columns)
    assert len(set(table.names)) == len(table.columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_its_key_and_partition_are_columns_of_it(table: Table) -> None:
    assert set(table.key) <= set(table.names)
    assert table.partition_by is None or table.partition_by in table.names
    assert (table.write is Write.REPLACE_DAYS) <= (table.partition_by == "event_date")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_column_s_suffix_tells_its_type(table: Table) -> None:
    as_delivered = (
        {"occurred_at", "changed_at"} if table.layer == "bronze" or table.name == "silver.rejected_events" else set()
    )
    wrong = [
        column.name
        for column in table.columns
        for suffix, kind in UNITS.items()
        if column.name.endswith(suffix) and column.name not in as_delivered and not isinstance(column.type, kind)
    ]

    assert wrong == []


def test_the_documentation_of_the_tables_is_fresh() -> None:
    assert (REPOSITORY / "TABLES.md").read_text() == as_markdown() + "\n"
