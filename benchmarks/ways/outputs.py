"""What the ways left, read and compared."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchmarks.true_taste import mean_taste

TOLERANCE = 1e-6
EVENT = ("event_id", "event_date", "user_id", "item_id", "action", "is_bot")
PAIR = ("user_id", "item_id")
FIRST = 10


class Outputs(NamedTuple):
    """What a way left, with the producer's ids.

    Attributes:
        events: event_id, event_date, user_id, item_id, action, is_bot; believed events, each once.
        strengths: user_id, item_id, strength; of people who are known.
        lists: user_id, rank, item_id, score.
    """

    events: pl.DataFrame
    strengths: pl.DataFrame
    lists: pl.DataFrame


def read_outputs(name: str, target: Path) -> Outputs:
    """What the way of this name left in its target."""
    if name == "lakerec":
        lake = target / "lake"
        strengths = pl.read_delta(str(lake / "gold/interactions"))
        for side in ("user", "item"):
            strengths = strengths.join(pl.read_delta(str(lake / f"gold/{side}_index")), on=f"{side}_ix")
        events, lists = (pl.read_delta(str(lake / each)) for each in ("silver/events", "recommendations/user_items"))
    elif name == "pyspark":
        events, strengths, lists = (pl.read_delta(str(target / each)) for each in Outputs._fields)
    else:
        events, strengths, lists = (pl.read_parquet(target / f"{each}.parquet") for each in Outputs._fields)
    return Outputs(events.select(EVENT), strengths.select(*PAIR, "strength"), lists.select("rank", *PAIR))


def differences(left: Mapping[str, Outputs]) -> Iterator[str]:
    """What events and strengths of the ways differ in from the first one's; nothing where they are the same."""
    (first, reference), *others = left.items()
    for name, own in others:
        wrong = pl.concat([reference.events, own.events]).group_by(EVENT).len().filter(pl.col("len") != 2)
        if len(wrong):
            yield f"{name} and {first}: {len(wrong):,} events are only in one of them, such as {wrong.row(0)}"
        both = reference.strengths.join(own.strengths, on=PAIR, how="full", coalesce=True)
        error = (pl.col("strength") - pl.col("strength_right")).abs() / pl.col("strength").abs().clip(1)
        wrong = both.filter(error.fill_null(float("inf")) > TOLERANCE)
        if len(wrong):
            yield f"{name} and {first}: {len(wrong):,} of {len(both):,} strengths differ, such as {wrong.row(0)}"


def compare_lists(left: Mapping[str, Outputs], truth: Path) -> str:
    """Markdown: how long lists are, how many of the first ten are the same as the first way's, and how well liked.

    Args:
        truth: folder of the generated shop's truth.
    """
    users = pl.read_parquet(truth / "users.parquet").select("user_id", "tastes")
    items = pl.read_parquet(truth / "items.parquet").select("item_id", "style_ix")
    (reference, *_) = left
    firsts = {name: own.lists.filter(pl.col("rank") <= FIRST).select(PAIR) for name, own in left.items()}
    lines = [f"| engine | lists | mean length | first {FIRST} as {reference} | true taste |", "|---" * 5 + "|"]
    for name, own in firsts.items():
        lists = left[name].lists
        count, same = lists["user_id"].n_unique(), len(own.join(firsts[reference], on=PAIR)) / len(firsts[reference])
        taste = mean_taste(own, users, items)
        lines.append(f"| {name} | {count:,} | {len(lists) / count:.2f} | {same:.3f} | {taste:.4f} |")
    drawn = firsts[reference].with_columns(pl.col("item_id").shuffle(7))
    return "\n".join([*lines, f"| items exchanged among users | | | | {mean_taste(drawn, users, items):.4f} |"])
