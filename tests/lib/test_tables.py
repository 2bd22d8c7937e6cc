"""Reading tables, on real Delta."""

from lakerec.lakehouse import Lakehouse
from tests.lib.test_lakehouse import DAILY_PAGES, MONDAY, VISITS, visits


def test_a_table_that_was_never_written_reads_as_empty_with_its_declared_columns(lake: Lakehouse) -> None:
    frame = lake.read(VISITS)

    assert (frame.columns, frame.count()) == (VISITS.names, 0)
    assert not lake.exists(VISITS)


def test_tables_are_read_in_sql_by_their_names(lake: Lakehouse) -> None:
    lake.overwrite(VISITS, visits(lake.spark, (MONDAY, "a", 7)))

    names = lake.register([VISITS, DAILY_PAGES])

    assert names == ["silver.visits"]
    assert lake.spark.sql("SELECT pages FROM silver.visits").first().pages == 7
