"""What explaining costs beside scoring, and how exact it is.

    ./spark-submit.sh benchmark explanations [--items 5000] [--rank 16]

Random factors and histories of 1 to 60 items. Scoring: the best 20 of all items for every user. Explaining: the
contributions of every item to each of the 20 scores, the three largest named, each with the score without it.
"""

import argparse
import time

import numpy as np
import pyarrow as pa

from benchmarks.report import Report, add_report_flag
from benchmarks.rounds import Rounds
from lakerec.model.contributions import find_reasons
from lakerec.model.fold_in import Space, Weights, filled_up
from lakerec.model.scorer import ItemSide, Masked, best_items

TOP_N, TOP_M = 20, 3


def main() -> None:
    """Score, explain, and compare sums with scores."""
    options = _options()
    draw = np.random.default_rng(7)
    factors = draw.normal(scale=0.3, size=(options.items, options.rank)).astype(np.float32)
    space = Space(ItemSide(np.arange(options.items, dtype=np.int32), factors), Weights(1.0, 0.1))
    histories = _histories(draw, options)
    users = np.zeros((options.users, options.rank), np.float32)
    for rows, filled in filled_up(histories, space.items, options.rank**2):
        users[rows] = space.solve(filled)
    nothing = Masked(np.empty(0, np.int64), np.empty(0, np.int64))
    some = best_items(users[:16], factors, nothing, TOP_N)  # what is compiled at its first use is, here
    _explain(space, histories[:16], some.positions.reshape(-1, TOP_N), some.scores.reshape(-1, TOP_N))
    best = best_items(users, factors, nothing, TOP_N)
    listed, scores = best.positions.reshape(-1, TOP_N), best.scores.reshape(-1, TOP_N)
    seconds: dict[str, list[float]] = {"explaining": [], "scoring": []}
    for _ in range(options.rounds):
        _, scoring = _timed(lambda: best_items(users, factors, nothing, TOP_N))
        worst, explaining = _timed(lambda: _explain(space, histories, listed, scores))
        seconds["explaining"].append(explaining)
        seconds["scoring"].append(scoring)
    report = Report("explanations", __doc__, options.report)
    sizes = f"{options.users:,} users, {options.items:,} items, rank {options.rank}"
    report.say(f"{sizes}; largest error of a sum of contributions {worst:.1e}")
    report.compare([Rounds("wall s", seconds)], "explaining")
    report.write()


def _explain(space: Space, histories: pa.ListArray, listed: np.ndarray, scores: np.ndarray) -> float:
    worst = 0.0
    for rows, filled in filled_up(histories, space.items, TOP_N + space.rank**2):
        reasons = find_reasons(space, filled, listed[rows], TOP_M)
        sums = reasons.contributions.sum(axis=2) + reasons.rest
        worst = max(worst, float(np.abs(sums - scores[rows]).max()))
    return worst


def _histories(draw: np.random.Generator, options: argparse.Namespace) -> pa.ListArray:
    lengths = draw.integers(1, 61, options.users)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    item_ix = draw.integers(0, options.items, offsets[-1]).astype(np.int32)
    strength = draw.uniform(0.3, 8, offsets[-1]).astype(np.float32)
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays([item_ix, strength], ["item_ix", "strength"]))


def _timed(act):
    began = time.perf_counter()
    return act(), time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    add_report_flag(parser, "explanations")
    return parser.parse_args()


if __name__ == "__main__":
    main()
