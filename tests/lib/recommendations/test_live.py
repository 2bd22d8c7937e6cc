"""Views of the live release."""

from lakerec.recommendations.live import LIVE_VIEWS
from lakerec.recommendations.releases import RELEASES
from tests.jobs.batches import add_batch
from tests.outside import ask_duckdb


def test_each_view_is_of_one_table_and_follows_the_release():
    assert all(RELEASES in view.tables for view in LIVE_VIEWS)
    assert [view.name for view in LIVE_VIEWS][:2] == ["live.user_items", "live.explanations"]


def test_spark_and_duckdb_read_the_same_live_rows(lake):
    for hours, batch in enumerate(("b1", "b2")):
        add_batch(lake, batch, hours)
    rows = [("000001-b1", "b1", "m", "publish", lake.now, "live", None)]
    lake.overwrite(RELEASES, lake.spark.createDataFrame(rows, RELEASES.schema))

    lake.register_views(LIVE_VIEWS)

    outside = ask_duckdb(lake.root, {table.name: table for view in LIVE_VIEWS for table in view.tables}.values())
    for view in LIVE_VIEWS[:2]:
        assert [row.batch_id for row in lake.spark.table(view.name).collect()] == ["b1"]
        assert [row[0] for row in outside.sql(view.query).select("batch_id").fetchall()] == ["b1"]
    assert lake.spark.table("live.thresholds").collect() == []
