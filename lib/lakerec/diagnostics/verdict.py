"""What the metrics say in one sentence, whoever wins."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lakerec.diagnostics.rankings import ALS, LADDER, NEW, POPULARITY, TEST
from lakerec.diagnostics.summaries import BETTER, WORSE

EVEN = 0.05
"""Newcomers within this share of known customers fare no worse."""


class Found(NamedTuple):
    """What the first k of the lists of one recommender found among one group of users."""

    users: int
    purchases: int
    hit_rate: float


class Difference(NamedTuple):
    """Purchases that the model finds more than bestsellers, with the 95 % interval, null for too few users."""

    low: int | None
    high: int | None
    verdict: str


def verdict(rows: Iterable[Mapping[str, Any]], differences: Iterable[Mapping[str, Any]], k: int) -> str:
    """What the model does: against bestsellers on the test window, and for newcomers. Goes on from "the model".

    Precision at k times k times users is the number of later purchases found, so the ratio is one of purchases. Who
    wins is said by the paired interval of the difference; where that holds 0, the two cannot be told apart.

    Args:
        rows: diagnostics.ranking_metrics of one model (rows, or anything with their columns).
        differences: diagnostics.comparisons of the same model.
        k: length of the list to judge by; one of `ranking.ks`.
    """
    found = _found_by(rows, k)
    als, bestsellers = found.get((ALS, "all")), found.get((POPULARITY, "all"))
    if als is None or bestsellers is None:
        return "cannot be judged: no known customer bought anything new in the test window"
    difference = _difference(differences, k, als.users)
    newcomers = _newcomers(found.get((LADDER, f"history={NEW}")), als)
    return f"{_against(als, bestsellers, difference)} (first {k} of {als.users:,} customers who bought); {newcomers}"


def _found_by(rows: Iterable[Mapping[str, Any]], k: int) -> dict[tuple[str, str], Found]:
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if row["split"] == TEST and row["k"] == k and row["metric"] in ("precision", "hit_rate"):
            group = values.setdefault((row["recommender"], row["slice"]), {"users": row["user_count"]})
            group[row["metric"]] = row["value"]
    return {
        key: Found(int(v["users"]), round(v["precision"] * k * v["users"]), v["hit_rate"]) for key, v in values.items()
    }


def _difference(differences: Iterable[Mapping[str, Any]], k: int, users: int) -> Difference | None:
    wanted = {"recommender": ALS, "baseline": POPULARITY, "split": TEST, "slice": "all", "metric": "precision", "k": k}
    for row in differences:
        if all(row[name] == value for name, value in wanted.items()):
            low, high = (None if row[end] is None else round(row[end] * k * users) for end in ("low", "high"))
            return Difference(low, high, row["verdict"])
    return None


def _against(als: Found, bestsellers: Found, difference: Difference | None) -> str:
    counts = f"{als.purchases:,} against {bestsellers.purchases:,}"
    if als.purchases == bestsellers.purchases == 0:
        return "finds no later purchase, nor do bestsellers"
    if difference is None or difference.low is None:
        return f"finds {counts} later purchases of bestsellers, with too few customers to tell skill from chance"
    sure = f"{counts}, a difference of {difference.low:+,} to {difference.high:+,} at 95 %"
    ratio = als.purchases / bestsellers.purchases if bestsellers.purchases else float("inf")
    if difference.verdict == BETTER:
        times = f"{ratio:.1f}× as many" if bestsellers.purchases else "more"
        return f"beats bestsellers: finds {times} later purchases, {sure}"
    if difference.verdict == WORSE:
        return f"loses to bestsellers: finds only {ratio:.2g}× as many later purchases, {sure}"
    return f"does not beat bestsellers: the later purchases found do not tell them apart, {sure}"


def _newcomers(newcomers: Found | None, known: Found) -> str:
    if newcomers is None:
        return "no newcomer bought, so nothing is known about newcomers"
    share = f"{newcomers.hit_rate:.0%} of {newcomers.users:,} newcomers find something they bought"
    if newcomers.hit_rate < known.hit_rate * (1 - EVEN):
        return f"poor for newcomers, who get bestsellers: {share}, against {known.hit_rate:.0%}"
    return f"newcomers, who get bestsellers, fare no worse: {share}, against {known.hit_rate:.0%}"
