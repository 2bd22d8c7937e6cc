"""The page: self-contained, complete, and safe against what stands in a log."""

from lakerec.report.facts import Reject, collect_facts
from lakerec.report.page import draw_page
from tests.conftest import Shop


def test_the_page_holds_every_picture_and_needs_nothing_else(shop: Shop) -> None:
    page = draw_page(collect_facts(shop.lake, shop.config.ranking.ks))

    assert page.count("<svg") == 5
    assert "<script" not in page
    assert "href=" not in page.replace("xlink:href=", "")


def test_bytes_from_the_log_are_shown_and_not_obeyed(shop: Shop) -> None:
    facts = collect_facts(shop.lake, shop.config.ranking.ks)
    hostile = facts._replace(rejects=[Reject("bronze.malformed_lines", "not JSON", 1, "<script>alert(1)</script>")])

    page = draw_page(hostile)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
