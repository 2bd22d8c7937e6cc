"""Newcomers folded in against bestsellers, on what they bought next.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/cold_start.py --lake lake [--k 10]

The evaluation model knows nothing after its cut. Newcomers came after it, in the days before the test window, and
bought something new in that window. Folding in knows what they did until the window begins; the bestsellers are those
of the same days, so that both know what was to be known. The interval is 95 % over users, paired.
"""

import argparse
import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from lakerec.model.fold_in import Histories, Space, Weights
from lakerec.model.scorer import ItemSide, Masked, best_items


def main() -> None:
    """Read the tables, make both lists for each newcomer, and print how many find what was bought."""
    options = _options()
    run = _newest_evaluation(options.lake)
    settings = json.loads(run["settings"])
    daily = pl.read_delta(f"{options.lake}/gold/daily_interactions")
    first, last = _test_window(run["as_of"], settings["split"])
    space = _space(options.lake, run["model_id"], settings["als"])
    known = daily.filter(pl.col("event_date") < first)
    newcomers = _newcomers(daily, run["as_of"].date(), first)
    bought = daily.filter(
        pl.col("event_date").is_between(first, last) & pl.col("action").is_in(settings["split"]["relevant_actions"])
    )
    strengths = _strengths(known.join(newcomers, on="user_ix"), settings["feedback"])
    popular = (
        _strengths(known, settings["feedback"])
        .group_by("item_ix")
        .agg(pl.col("strength").sum())
        .sort("strength", "item_ix", descending=[True, False])
    )
    hits = [
        (_hit(_folded(space, own, options.k), new), _hit(_popular(popular, own, options.k), new))
        for own, new in _each(strengths, known, bought)
    ]
    _report(np.array(hits, dtype=float), options.k)


def _each(strengths: pl.DataFrame, known: pl.DataFrame, bought: pl.DataFrame):
    """Each newcomer's strengths, and the items bought in the window that were not had before."""
    for (user,), own in strengths.group_by("user_ix", maintain_order=True):
        had = set(known.filter(pl.col("user_ix") == user)["item_ix"])
        new = set(bought.filter(pl.col("user_ix") == user)["item_ix"]) - had
        if new and (own["strength"] > 0).any():
            yield own, new


def _folded(space: Space, own: pl.DataFrame, k: int) -> list[int]:
    positions = space.items.positions(own["item_ix"].to_numpy())
    strengths = np.where(positions >= 0, own["strength"].to_numpy(), 0.0)
    factors = space.solve(Histories(positions[np.newaxis], strengths[np.newaxis])).astype(np.float32)
    if np.isnan(factors).any():
        return []
    seen = np.sort(positions[positions >= 0])
    best = best_items(factors, space.items.factors, Masked(np.zeros(len(seen), np.int64), seen), k)
    return space.items.item_ix[best.positions].tolist()


def _popular(popular: pl.DataFrame, own: pl.DataFrame, k: int) -> list[int]:
    return popular.filter(~pl.col("item_ix").is_in(own["item_ix"].to_list()))["item_ix"].head(k).to_list()


def _hit(listed: list[int], new: set[int]) -> bool:
    return bool(set(listed) & new)


def _report(hits: np.ndarray, k: int) -> None:
    if not len(hits):
        print("no newcomer bought anything new in the test window")
        return
    ours, theirs = hits.mean(axis=0)
    difference = hits[:, 0] - hits[:, 1]
    spread = 1.96 * difference.std(ddof=1) / np.sqrt(len(hits))
    print(f"{len(hits)} newcomers; hit rate at {k}: folded in {ours:.4f}, bestsellers {theirs:.4f}")
    print(f"difference {difference.mean():+.4f} [{difference.mean() - spread:+.4f}, {difference.mean() + spread:+.4f}]")


def _strengths(daily: pl.DataFrame, feedback: dict) -> pl.DataFrame:
    """Strengths per pair, undecayed: the days of newcomers are few."""
    weights = pl.DataFrame(
        {"action": list(feedback["weights"]), "weight": [float(w) for w in feedback["weights"].values()]}
    )
    weighed = daily.join(weights, on="action").with_columns(strength=pl.col("weight") * pl.col("event_count"))
    return weighed.group_by("user_ix", "item_ix").agg(pl.col("strength").sum()).sort("user_ix", "item_ix")


def _newcomers(daily: pl.DataFrame, cut: datetime, first: datetime) -> pl.DataFrame:
    came = daily.group_by("user_ix").agg(pl.col("event_date").min().alias("came"))
    return came.filter((pl.col("came") > cut) & (pl.col("came") < first)).select("user_ix")


def _test_window(as_of: datetime, split: dict) -> tuple:
    first = as_of.date() + timedelta(days=split["calibrate_days"] + 1)
    return first, first + timedelta(days=split["test_days"] - 1)


def _newest_evaluation(lake: str) -> dict:
    runs = pl.read_delta(f"{lake}/model/runs").filter(pl.col("purpose") == "evaluation").sort("trained_at")
    return runs.row(-1, named=True)


def _space(lake: str, model_id: str, als: dict) -> Space:
    factors = pl.read_delta(f"{lake}/model/item_factors").filter(pl.col("model_id") == model_id)
    named = factors.join(pl.read_delta(f"{lake}/gold/item_index"), on="item_ix").sort("item_id")
    matrix = np.array(named["factors"].to_list(), dtype=np.float32)
    return Space(ItemSide(named["item_ix"].to_numpy().astype(np.int32), matrix), Weights.of(als))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="lake with an evaluation model")
    parser.add_argument("--k", type=int, default=10, help="items of each list; default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
