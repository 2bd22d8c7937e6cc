"""The figures that are told agree with the tables they come from."""

from pyspark.sql import functions as F

from lakerec.bronze.files import FILES
from lakerec.diagnostics.rankings import RANKINGS
from lakerec.report.facts import collect_facts
from lakerec.silver.events import EVENTS
from tests.conftest import Shop


def test_the_funnel_only_narrows_and_begins_with_every_delivered_line(shop: Shop) -> None:
    facts = collect_facts(shop.lake, shop.config.ranking.ks)

    counts = [count for _, count in facts.funnel]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == shop.lake.read(FILES).agg(F.sum("line_count")).first()[0]
    assert dict(facts.funnel)["events believed, each once"] == shop.lake.read(EVENTS).count()


def test_every_reason_comes_with_the_bytes_of_an_example(shop: Shop) -> None:
    rejects = {reject.reason: reject for reject in collect_facts(shop.lake, shop.config.ranking.ks).rejects}

    assert {"not JSON", "not UTF-8", "is a known action", "has an item", "has a readable time"} <= rejects.keys()
    assert "\\x" in rejects["not UTF-8"].example
    assert all(reject.example and reject.rows > 0 for reject in rejects.values())


def test_customers_are_those_who_bought_with_their_lists_in_order(shop: Shop) -> None:
    facts = collect_facts(shop.lake, shop.config.ranking.ks)
    lists = shop.lake.read(RANKINGS).where("split = 'test' AND recommender = 'als'").select("user_ix").distinct()

    assert len(facts.customers) == min(3, lists.count())
    for customer in facts.customers:
        probabilities = [item.probability for item in customer.listed if item.probability is not None]
        assert customer.did
        assert probabilities == sorted(probabilities, reverse=True)
