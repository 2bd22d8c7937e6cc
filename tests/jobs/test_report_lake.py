"""report_lake: telling what a lake holds."""

from jobs import report_lake
from lakerec.catalog import TABLES
from tests.conftest import Shop


def test_the_summary_is_printed_and_the_page_drawn_without_a_commit(shop: Shop, capsys) -> None:
    before = shop.lake.source_versions(*TABLES)

    report_lake.main(shop.lake.spark, shop.config)

    assert "verdict" in capsys.readouterr().out
    assert (shop.folder / "report.html").read_text().startswith("<!doctype html>")
    assert shop.lake.source_versions(*TABLES) == before
