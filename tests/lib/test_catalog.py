"""The list of tables."""

import pytest

from lakerec.catalog import TABLES, as_markdown, table_named


def test_no_name_is_listed_twice() -> None:
    assert len({table.name for table in TABLES}) == len(TABLES)


def test_a_table_is_found_by_its_name() -> None:
    assert table_named("silver.events").name == "silver.events"
    with pytest.raises(KeyError):
        table_named("silver.nothing")


def test_the_documentation_has_a_section_for_every_table_and_a_row_for_every_column() -> None:
    text = as_markdown()

    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [table.name for table in TABLES]
    assert all(f"| {column.name} | " in text for table in TABLES for column in table.columns)
