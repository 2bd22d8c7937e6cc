"""Both ALS solvers on Amazon Video Games as "The Datasets Dilemma" (2022) splits it: nDCG@10 and what a fit costs.

    ./spark-submit.sh benchmark video_games --data DIR [--engines cg,mllib --rank 178 --iterations 15 --split test]

The engine cg_warm begins with a model of 99 % of the pairs, and gets a third of the iterations. Lists are over all
items but those of train; the standard error is over users. Published for implicit at rank 178, test: nDCG@10 0.0351
(standard error 0.0009).
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Engine, answer, requests

WARM = "cg_warm"


def main() -> None:
    """Fit with each solver and print a table."""
    options = _options()
    if options.engine:
        return run_engine(options)
    forwarded = ["data", "split", "rank", "iterations", "alpha", "reg", "cg-steps"]
    arguments = [f"--{name}={getattr(options, name.replace('-', '_'))}" for name in forwarded]
    print("| solver | iterations | nDCG@10 | standard error | wall s | cpu s | peak memory GB |\n" + "|---" * 7 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.engines.split(","):
            engine = Engine(name, "benchmarks.video_games", arguments, Path(folder) / name)
            engine.ask({"iterations": 1})  # starts Spark and compiles
            count = options.iterations // 3 if name == WARM else options.iterations
            used, found = engine.ask({"iterations": count})
            engine.close()
            cells = [count, found["ndcg"], found["error"], used.wall, used.cpu, used.peak_bytes / 1e9]
            print(f"| {name} | " + " | ".join(f"{cell:.4g}" for cell in cells) + " |", flush=True)
    return None


def run_engine(options: argparse.Namespace) -> None:
    """Be one of the engines."""
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from lakerec.model.als import fit_als
    from lakerec.model.als_settings import AlsSettings

    spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "4g").getOrCreate()
    train, wanted = (_pairs(Path(options.data) / f"{name}.csv") for name in ("train", options.split))
    columns = {"user_ix": train[:, 0], "item_ix": train[:, 1], "strength": np.ones(len(train), np.float32)}
    interactions = spark.createDataFrame(pa.table(columns)).persist()
    interactions.count()
    settings = AlsSettings(
        solver="mllib" if options.engine == "mllib" else "cg", rank=options.rank, max_iter=options.iterations,
        reg_param=options.reg, alpha=options.alpha, seed=7, user_blocks=2, item_blocks=2, checkpoint_interval=15,
        cg_steps=options.cg_steps, cg_broadcast_bytes=10**9, warm_start=False,
    )  # fmt: skip
    parent = fit_als(interactions.sample(0.99, seed=7), settings) if options.engine == WARM else None
    start = parent.item_factors.persist() if parent else None
    for request in requests():
        fitted = fit_als(interactions, settings.model_copy(update={"max_iter": request["iterations"]}), start)
        gains = _gains(_read(fitted.user_factors), _read(fitted.item_factors), train, wanted)
        answer(ndcg=float(gains.mean()), error=float(gains.std() / np.sqrt(len(gains))))


def _pairs(file: Path) -> np.ndarray:
    return np.loadtxt(file, np.int32, delimiter=",", skiprows=1, usecols=(0, 1))


def _read(factors: Any) -> tuple[np.ndarray, np.ndarray]:
    """Ids and vectors, in order of the ids."""
    read = factors.toArrow()
    ids, numbers = read.column(0).to_numpy(), read.column(1).combine_chunks().flatten().to_numpy()
    order = np.argsort(ids)
    return ids[order], numbers.reshape(len(ids), -1)[order]


def _gains(users: Any, items: Any, train: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """nDCG@10 of each user who is to find one item; 0 for an item that nobody has in train."""
    from lakerec.model.best_items import Masked, best_items

    (user_ids, vectors), (item_ids, others) = users, items
    rows, positions = np.searchsorted(user_ids, train[:, 0]), np.searchsorted(item_ids, train[:, 1])
    order = np.lexsort((positions, rows))
    best = best_items(vectors, others, Masked(rows[order].astype(np.int64), positions[order].astype(np.int64)), 10)
    lists = item_ids[best.positions].reshape(len(user_ids), 10)
    found = lists[np.searchsorted(user_ids, wanted[:, 0])] == wanted[:, 1, np.newaxis]
    gains: np.ndarray = (found / np.log2(np.arange(10) + 2)).sum(axis=1)
    return gains


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with train.csv, validation.csv and test.csv")
    parser.add_argument("--split", default="validation", help="validation or test; default: %(default)s")
    for name, default in {"rank": 178, "iterations": 15, "cg-steps": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    for name, weight in {"alpha": 15.0, "reg": 0.1}.items():
        parser.add_argument(f"--{name}", type=float, default=weight, help="default: %(default)s")
    parser.add_argument("--engines", default="cg,cg_warm,mllib", help="default: %(default)s")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
