"""The closing words on the console."""

import re
import shlex

from lakerec.report.facts import Customer, Facts, Listed, Reject, collect_facts
from lakerec.report.summary import summarise
from tests.conftest import Shop


def test_the_summary_tells_events_rejects_metrics_verdict_customers_and_what_next(shop: Shop) -> None:
    facts = collect_facts(shop.lake, shop.config.ranking.ks)

    text = summarise(facts, "report.html", " --lake here")

    titles = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert [title.split(",")[0].split(" (")[0] for title in titles] == [
        "events",
        "set aside",
        "later purchases found",
        "verdict",
        "three customers",
        "where it is",
        "look next",
    ]
    assert facts.verdict in text
    assert "bestsellers" in text


def test_the_next_commands_are_queries_that_work(shop: Shop) -> None:
    text = summarise(collect_facts(shop.lake, shop.config.ranking.ks), "report.html", "")
    commands = [shlex.split(line) for line in text.splitlines() if "./spark-submit.sh sql" in line]
    names = [name for command in commands for name in re.findall(r"\b(?:FROM) (\w+\.\w+)", command[-1])]
    from lakerec.catalog import TABLES

    shop.lake.register([table for table in TABLES if table.name in names])

    assert len(commands) == 6
    assert all(shop.lake.spark.sql(command[-1]).count() for command in commands)


def test_a_purchase_is_ticked_and_a_missing_probability_is_a_dash() -> None:
    customer = Customer(
        "u1", ["view 3× (Hat)"], [Listed("Scarf", 0.0312, True), Listed("Boots", None, False)], ["Scarf", "Mug"]
    )
    facts = Facts(
        "lake", [("lines delivered", 5)], [Reject("t", "not JSON", 1, "{")], None, 10, "v", {}, [], [], [], [customer]
    )

    lines = summarise(facts, "report.html", "").splitlines()

    assert "      1.   3.1%  ✓ Scarf" in lines
    assert "      2.      -    Boots" in lines
    assert "      bought later: Scarf; Mug" in lines
