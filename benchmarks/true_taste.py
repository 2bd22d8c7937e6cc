"""What customers truly like of what they are recommended, which only a generated shop can tell.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/true_taste.py --lake lake --truth truth [--k 10]

The shop's users have a planted taste per style, which sums to 1. Printed is the mean taste of known customers for the
styles of their first k items: of the live release, of the bestsellers, of all items alike, and of the best there is.
"""

import argparse

import polars as pl


def main() -> None:
    """Read the tables and the truth, and print four means."""
    options = _options()
    users = pl.read_parquet(f"{options.truth}/users.parquet").select("user_id", "tastes")
    items = pl.read_parquet(f"{options.truth}/items.parquet").select("item_id", "style_ix")
    shown = pl.read_delta(f"{options.lake}/recommendations/shown")
    shown = shown.filter((pl.col("source") == "als") & (pl.col("rank") <= options.k)).select("user_id", "item_id")
    index = pl.read_delta(f"{options.lake}/gold/item_index")
    popular = pl.read_delta(f"{options.lake}/gold/item_popularity").filter(pl.col("rank") <= options.k)
    known = shown.select("user_id").unique()
    lists = {
        "recommended": shown,
        "bestsellers": known.join(popular.join(index, on="item_ix").select("item_id"), how="cross"),
        "random": known.join(index.select("item_id"), how="cross"),
    }
    for name, pairs in lists.items():
        print(f"{name:<14}{mean_taste(pairs, users, items):8.4f}")
    best = known.join(users, on="user_id").select(pl.col("tastes").list.max().mean()).item()
    print(f"{'best possible':<14}{best:8.4f}   ({len(known):,} customers, first {options.k} of each list)")


def mean_taste(pairs: pl.DataFrame, users: pl.DataFrame, items: pl.DataFrame) -> float:
    """Mean over pairs of the user's taste for the item's style.

    Args:
        pairs: user_id, item_id.
        users: user_id and tastes, one per style.
        items: item_id and style_ix, the place of its style among the tastes.
    """
    liked = pairs.join(items, on="item_id").join(users, on="user_id")
    return float(liked.select(pl.col("tastes").list.get(pl.col("style_ix")).mean()).item())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="lake of a generated shop, with a live release")
    parser.add_argument("--truth", required=True, help="its truth folder")
    parser.add_argument("--k", type=int, default=10, help="items of each list; default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
