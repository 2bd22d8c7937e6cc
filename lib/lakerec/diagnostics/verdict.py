"""What the metrics say in one sentence, whoever wins."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

EVEN = 0.05


class Found(NamedTuple):
    """What the first k of the lists of one recommender found among one group of users."""

    users: int
    purchases: int
    hit_rate: float


def verdict(rows: Iterable[Mapping[str, Any]], k: int) -> str:
    """What the model does: against bestsellers on the test window, and for newcomers. Goes on from "the model".

    Precision at k times k times users is the number of later purchases found, so the ratio is one of purchases. Within
    5 percent of each other the two are called even: one window cannot tell them apart.

    Args:
        rows: diagnostics.ranking_metrics of one model (rows, or anything with their columns).
        k: length of the list to judge by; one of `ranking.ks`.
    """
    found = _found_by(rows, k)
    als, bestsellers = found.get(("als", "all")), found.get(("popularity", "all"))
    if als is None or bestsellers is None:
        return "cannot be judged: no known customer bought anything new in the test window"
    newcomers = _newcomers(found.get(("ladder", "history=new")), als)
    return f"{_against(als, bestsellers)} (first {k} of {als.users:,} customers who bought); {newcomers}"


def _found_by(rows: Iterable[Mapping[str, Any]], k: int) -> dict[tuple[str, str], Found]:
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if row["split"] == "test" and row["k"] == k and row["metric"] in ("precision", "hit_rate"):
            group = values.setdefault((row["recommender"], row["slice"]), {"users": row["user_count"]})
            group[row["metric"]] = row["value"]
    return {
        key: Found(int(v["users"]), round(v["precision"] * k * v["users"]), v["hit_rate"]) for key, v in values.items()
    }


def _against(als: Found, bestsellers: Found) -> str:
    counts = f"{als.purchases:,} against {bestsellers.purchases:,}"
    if als.purchases == bestsellers.purchases == 0:
        return "finds no later purchase, nor do bestsellers"
    if bestsellers.purchases == 0:
        return f"finds {als.purchases:,} later purchases where bestsellers find none"
    ratio = als.purchases / bestsellers.purchases
    if abs(ratio - 1) <= EVEN:
        return f"finds about as many later purchases as bestsellers do: {counts}"
    if ratio < 1:
        return f"loses to bestsellers: finds only {ratio:.2g}× as many later purchases, {counts}"
    return f"finds {ratio:.1f}× as many later purchases as bestsellers do: {counts}"


def _newcomers(newcomers: Found | None, known: Found) -> str:
    if newcomers is None:
        return "no newcomer bought, so nothing is known about newcomers"
    share = f"{newcomers.hit_rate:.0%} of {newcomers.users:,} newcomers find something they bought"
    if newcomers.hit_rate < known.hit_rate * (1 - EVEN):
        return f"poor for newcomers, who get bestsellers: {share}, against {known.hit_rate:.0%}"
    return f"newcomers, who get bestsellers, fare no worse: {share}, against {known.hit_rate:.0%}"
