"""Similar items against popularity, on what users looked at and bought together afterwards.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/similar_items.py --lake lake [--k 10]

Everything is learned from before the newest evaluation model's cut. Afterwards, for each item that a user looked at
(bought), it is asked whether another item that the same user looked at (bought) is among the k most similar, or among
the k most popular. A user counts once, with the mean over these items; intervals are 95 % over users, paired. Items
that go with nothing more often than by chance have no list: a line each for all items, and for those with one.
"""

import argparse
import os

import numpy as np
import polars as pl

from benchmarks.spark import local_environment


def main() -> None:
    """Learn, ask, and print a line for each method."""
    options = _options()
    os.environ |= local_environment()
    similar, daily, cut = learn(options.lake, options.k)
    before, after = daily.filter(pl.col("event_date") <= cut), daily.filter(pl.col("event_date") > cut)
    for action in ("view", "purchase"):
        counts = (
            before.filter(pl.col("action") == action)
            .group_by("item_ix")
            .len()
            .sort("len", "item_ix", descending=[True, False])
        )
        popular = counts["item_ix"].head(options.k + 1).to_list()
        baskets = after.filter(pl.col("action") == action).select("user_ix", "item_ix").unique(maintain_order=True)
        for (method,), pairs in similar.group_by("method", maintain_order=True):
            lists = dict(pairs.group_by("item_ix").agg("similar_item_ix").iter_rows())
            of_all = {item: lists.get(item, []) for item in baskets["item_ix"].unique()}
            report(f"{action:<9}{method:<16}all items          ", judge(baskets, of_all, popular, options.k))
            report(f"{action:<9}{method:<16}{len(lists):>5} with a list  ", judge(baskets, lists, popular, options.k))


def learn(lake_root: str, k: int) -> tuple[pl.DataFrame, pl.DataFrame, object]:
    """Similar items of before the cut, daily interactions, and the cut."""
    from lakerec.config import load
    from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
    from lakerec.gold.item_index import ITEM_INDEX
    from lakerec.kept import kept_frames
    from lakerec.lakehouse import Lakehouse
    from lakerec.model.item_factors import ITEM_FACTORS
    from lakerec.model.runs import EVALUATION, RUNS, newest_run
    from lakerec.model.scorer import collect_items
    from lakerec.model.split import until
    from lakerec.recommendations.similar_items import find_similar
    from lakerec.session import open_session

    config = load("local", {"lake.root": lake_root, "similar.top_n": k})
    lake = Lakehouse(open_session("similar items"), config.lake)
    model = newest_run(lake.rows(RUNS), EVALUATION)
    items = collect_items(lake.read_partition(ITEM_FACTORS, model.model_id), lake.read(ITEM_INDEX))
    daily = until(lake.read(DAILY_INTERACTIONS), model.as_of.date())
    with kept_frames(lake.root) as keep:
        similar = find_similar(daily, items, np.empty(0, np.int32), config.similar, keep).orderBy(
            "method", "item_ix", "rank"
        )
        found = pl.from_arrow(similar.toArrow())
    return found, pl.read_delta(f"{lake_root}/gold/daily_interactions"), model.as_of.date()


def judge(baskets: pl.DataFrame, lists: dict[int, list[int]], popular: list[int], k: int) -> np.ndarray:
    """Per user: share of the user's items with another one of the user's among the similar, and among the popular."""
    shares = []
    for _, own in baskets.group_by("user_ix", maintain_order=True):
        had = set(own["item_ix"])
        asked = [item for item in own["item_ix"] if item in lists]
        if len(had) > 1 and asked:
            found = [bool((had - {item}) & set(lists[item][:k])) for item in asked]
            sold = [bool((had - {item}) & set([each for each in popular if each != item][:k])) for item in asked]
            shares.append((np.mean(found), np.mean(sold)))
    return np.array(shares).reshape(-1, 2)


def report(name: str, shares: np.ndarray) -> None:
    """One line: how often each found something, and the difference with its interval."""
    if len(shares) < 2:
        print(f"{name} too few users with a list")
        return
    difference = shares[:, 0] - shares[:, 1]
    spread = 1.96 * difference.std(ddof=1) / np.sqrt(len(shares))
    ours, theirs = shares.mean(axis=0)
    print(
        f"{name} found {ours:.4f}, popular items {theirs:.4f}, difference {difference.mean():+.4f} "
        f"[{difference.mean() - spread:+.4f}, {difference.mean() + spread:+.4f}] over {len(shares)} users"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="lake with an evaluation model")
    parser.add_argument("--k", type=int, default=10, help="items of each list; default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
