"""Every picture can be drawn, also where there is nothing to show."""

import pytest

from lakerec.report import figures
from lakerec.report.facts import Facts, collect_facts
from tests.conftest import Shop

PICTURES = (figures.funnel, figures.against_baselines, figures.by_history, figures.reliability, figures.thresholds)


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_a_picture_is_one_svg_and_the_same_each_time(draw: object, shop: Shop) -> None:
    facts = collect_facts(shop.lake, shop.config.ranking.ks)

    drawn = draw(facts)

    assert drawn.startswith("<svg")
    assert drawn.rstrip().endswith("</svg>")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_a_picture_of_nothing_is_an_empty_one(draw: object) -> None:
    nothing = Facts("lake", [("lines delivered", 0)], [], None, 10, "v", {}, [], [], [], [])

    assert draw(nothing).startswith("<svg")
