"""The closing words of a run on the console."""

from collections.abc import Iterable

from lakerec.catalog import TABLES
from lakerec.diagnostics.rankings import (
    ALS,
    ITEM_KNN_BM25,
    ITEM_KNN_COSINE,
    POPULARITY,
    RANDOM,
    RECENT_POPULARITY,
    REPEAT,
)
from lakerec.report.facts import Customer, Facts

METRICS = ("recall", "ndcg", "hit_rate", "coverage", "novelty")
JUDGED_BY = "ndcg"
LABELS = {
    ALS: "model",
    POPULARITY: "bestsellers",
    RECENT_POPULARITY: "bestsellers lately",
    ITEM_KNN_COSINE: "item-kNN, cosine",
    ITEM_KNN_BM25: "item-kNN, BM25",
    REPEAT: "own items again",
    RANDOM: "random",
}


def summarise(facts: Facts, page: str, options: str) -> str:
    """The summary as text.

    Args:
        facts: what the tables hold.
        page: path of the report page.
        options: flags that the next commands need to find this lake, such as ` --lake /data/lake`; may be empty.
    """
    parts = [
        _section("events", (f"{step:<28} {count:>12,}" for step, count in facts.funnel)),
        _section("set aside, with reasons", (f"{r.rows:>12,}  {r.table}: {r.reason}" for r in facts.rejects)),
        _section(f"later purchases found, first {facts.k} of each list (test window)", _metrics(facts)),
        _section("verdict", [f"the model {facts.verdict}"]),
        _section(
            "three customers, as the model saw them before the cut (✓: bought later)", _customers(facts.customers)
        ),
        _section("where it is", [f"tables   {facts.lake}/{{{','.join(_layers())}}}/<table>", f"page     {page}"]),
        _section("look next", _look_next(options)),
    ]
    return "\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"\n{title}", *(f"  {line}" for line in lines)])


def _metrics(facts: Facts) -> Iterable[str]:
    yield f"{'':<20}" + "".join(f"{metric:>10}" for metric in METRICS) + f"   {f'{JUDGED_BY} at 95 %':<15}  model"
    for recommender, label in LABELS.items():
        judged = facts.measured(recommender, JUDGED_BY, facts.k)
        if judged is None:
            continue
        values = (facts.metric(recommender, metric, facts.k) for metric in METRICS)
        shown = "".join(f"{'-':>10}" if value is None else f"{value:>10.4f}" for value in values)
        interval = "too few" if judged.low is None else f"{judged.low:.4f}-{judged.high:.4f}"
        against = "" if recommender == ALS else facts.verdict_on(ALS, JUDGED_BY, recommender) or ""
        yield f"{label:<20}{shown}   {interval:<15}  {against}".rstrip()


def _customers(customers: Iterable[Customer]) -> Iterable[str]:
    for customer in customers:
        yield f"{customer.user_id}"
        yield from (f"    {done}" for done in customer.did)
        for nth, item in enumerate(customer.listed, start=1):
            probability = "     -" if item.probability is None else f"{item.probability:>6.1%}"
            yield f"    {nth}. {probability}  {'✓' if item.is_bought else ' '} {item.name}"
        yield f"    bought later: {'; '.join(customer.bought)}"


def _layers() -> list[str]:
    return list(dict.fromkeys(table.layer for table in TABLES))


def _look_next(options: str) -> Iterable[str]:
    queries = (
        "SELECT * FROM recommendations.shown ORDER BY user_id, rank LIMIT 10",
        "SELECT recommender, slice, k, value, low, high FROM diagnostics.ranking_metrics WHERE metric = 'ndcg'",
        "SELECT recommender, baseline, metric, k, verdict FROM diagnostics.comparisons WHERE slice = 'all'",
        "SELECT model_id, criterion, verdict, reason FROM diagnostics.gate_results",
        "SELECT threshold, precision, recall, is_chosen FROM diagnostics.thresholds",
        "SELECT reason, count(*) FROM bronze.malformed_lines GROUP BY reason",
    )
    yield from (f'./spark-submit.sh sql{options} "{query}"' for query in queries)
    yield f"./spark-submit.sh notebook{options}"
