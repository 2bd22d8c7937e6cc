"""ALS by both solvers beside implicit and irspack: the same pairs, rank, penalty and iterations, loss first.

    ./spark-submit.sh benchmark als [--pairs 2700000 --users 50000 --items 10000 --rank 64] [--engines cg,mllib]

Each engine fits with few and with many iterations; the difference is what an iteration costs, the rest is what a fit
costs besides. The loss is that of MLlib's objective. implicit's penalty does not grow with a row's pairs and is given
the mean, so its loss is not comparable; its work is.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.harness import Engine, Figure, Measure, answer, by_round, in_turn, requests
from benchmarks.report import Report, add_report_flag

ALPHA, REG = 1.0, 0.1
FEW = 1


class Pairs(NamedTuple):
    """Distinct pairs by position, and their strengths."""

    users: np.ndarray
    items: np.ndarray
    strengths: np.ndarray


def main() -> None:
    """Compare and print a report."""
    options = _options()
    if options.engine:
        return run_engine(options)
    report = Report("als", __doc__, options.report)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.npz"
        pairs = made_pairs(options.users, options.items, options.pairs)
        np.savez(file, **pairs._asdict())
        arguments = ["--file", str(file), "--rank", str(options.rank), "--blocks", str(options.blocks)]
        engines = [Engine(n, "benchmarks.als", arguments, Path(folder) / n) for n in options.engines.split(",")]
        for engine in engines:  # starts Spark, compiles, and shows that all solve the same
            engine.ask({"iterations": FEW})
        asked = [{"iterations": FEW}, {"iterations": options.iterations}]
        measures = in_turn(engines, asked, options.rounds)
        for engine in engines:
            engine.close()
        report.say(f"{len(pairs.users):,} pairs, {options.users:,} users, {options.items:,} items, rank {options.rank}")
        report.say(losses(measures, pairs, options.iterations))
    report.compare(by_round(measures, figures(options.iterations)), options.engines.split(",")[0])
    report.write()
    return None


def made_pairs(users: int, items: int, count: int) -> Pairs:
    """Random pairs, few items and users with many and many with few."""
    rng = np.random.default_rng(7)
    item, user = (
        (rng.random(count) ** 2.5 * items).astype(np.int64),
        (rng.random(count) ** 1.5 * users).astype(np.int64),
    )
    keys = np.unique(user * items + item)
    strengths = rng.choice([1, 2, 3, 6], len(keys)).astype(np.float32)
    return Pairs((keys // items).astype(np.int32), (keys % items).astype(np.int32), strengths)


def figures(many: int) -> list[Figure]:
    """Per iteration, besides, and memory."""

    def usage(measures: list[Measure], iterations: int) -> Any:
        return next(m.usage for m in measures if m.request["iterations"] == iterations)

    def each(measures: list[Measure], what: str) -> float:
        difference = getattr(usage(measures, many), what) - getattr(usage(measures, FEW), what)
        return float(difference / (many - FEW))

    return [
        Figure("wall s per iteration", lambda m: each(m, "wall")),
        Figure("cpu s per iteration", lambda m: each(m, "cpu")),
        Figure("cpu s besides", lambda m: usage(m, FEW).cpu - FEW * each(m, "cpu")),
        Figure(f"wall s of {many} iterations", lambda m: usage(m, many).wall),
        Figure("peak memory GB", lambda m: max(x.usage.peak_bytes for x in m) / 1e9),
    ]


def losses(measures: list[Measure], pairs: Pairs, iterations: int) -> str:
    """What the last fit of each engine is worth."""
    last = {m.engine: m.answer["factors"] for m in measures if m.request["iterations"] == iterations}
    rows = []
    for engine, file in last.items():
        factors = np.load(file)
        rows.append(f"| {engine} | {loss(pairs, factors['users'], factors['items']):,.0f} |")
    return f"| engine | loss after {iterations} iterations |\n|---|---|\n" + "\n".join(rows)


def loss(pairs: Pairs, users: np.ndarray, items: np.ndarray) -> float:
    """MLlib's objective; all strengths are positive."""
    x, y = users.astype(np.float64), items.astype(np.float64)
    predicted = np.concatenate(
        [
            np.einsum("ij,ij->i", x[pairs.users[begin : begin + 10**6]], y[pairs.items[begin : begin + 10**6]])
            for begin in range(0, len(pairs.users), 10**6)
        ]
    )
    weights = ALPHA * pairs.strengths
    error = ((x.T @ x) * (y.T @ y)).sum() + ((1 + weights) * (1 - predicted) ** 2 - predicted**2).sum()
    penalties = [
        (np.bincount(rows, minlength=len(factors)) * (factors**2).sum(axis=1)).sum()
        for rows, factors in ((pairs.users, x), (pairs.items, y))
    ]
    return float(error + REG * sum(penalties))


def run_engine(options: argparse.Namespace) -> None:
    """Be one of the engines: fit as often as asked, and leave the factors in a file."""
    loaded = np.load(options.file)
    pairs = Pairs(loaded["users"], loaded["items"], loaded["strengths"])
    fit = _spark_fit(pairs, options) if options.engine in ("cg", "mllib") else _library_fit(pairs, options)
    target = str(Path(options.file).with_name(f"{options.engine}.npz"))
    for request in requests():
        users, items = fit(request["iterations"])
        answer(factors=target)
        np.savez(target, users=users, items=items)


def _library_fit(pairs: Pairs, options: argparse.Namespace) -> Any:
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((pairs.strengths, (pairs.users, pairs.items)))
    penalty = REG * len(pairs.users) / matrix.shape[0]
    if options.engine == "implicit":
        from implicit.cpu.als import AlternatingLeastSquares

        def by_implicit(iterations: int) -> tuple[np.ndarray, np.ndarray]:
            model = AlternatingLeastSquares(
                factors=options.rank, regularization=penalty, alpha=ALPHA, iterations=iterations, num_threads=2,
                random_state=7, use_cg=True,
            )  # fmt: skip
            confidence = matrix.copy()
            confidence.data += 1
            model.fit(confidence, show_progress=False)
            return model.user_factors, model.item_factors

        return by_implicit
    from irspack import IALSRecommender

    def by_irspack(iterations: int) -> tuple[np.ndarray, np.ndarray]:
        model = IALSRecommender(
            matrix, n_components=options.rank, alpha0=ALPHA, reg=REG, nu=1.0, loss_type="ORIGINAL", solver_type="CG",
            max_cg_steps=3, train_epochs=iterations, n_threads=2, random_seed=7,
        )  # fmt: skip
        model.learn()
        return model.get_user_embedding(), model.get_item_embedding()

    return by_irspack


def _spark_fit(pairs: Pairs, options: argparse.Namespace) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyspark.sql import DataFrame, SparkSession

    from lakerec.model.als import fit_als
    from lakerec.model.als_settings import AlsSettings

    spark = SparkSession.builder.config("spark.driver.memory", "4g").master("local[2]").getOrCreate()
    columns = {"user_ix": pairs.users, "item_ix": pairs.items, "strength": pairs.strengths}
    stored = str(Path(options.file).with_name(f"{options.engine}.parquet"))
    pq.write_table(pa.table(columns), stored, row_group_size=1 << 18)  # a plan that held them would compare them
    interactions = spark.read.parquet(stored).repartition(options.blocks).persist()
    interactions.count()
    settings = AlsSettings(
        solver=options.engine, rank=options.rank, max_iter=1, reg_param=REG, alpha=ALPHA, seed=7,
        user_blocks=options.blocks, item_blocks=options.blocks, checkpoint_interval=15, cg_steps=options.cg_steps,
        cg_broadcast_bytes=10**9, warm_start=False,
    )  # fmt: skip

    def dense(factors: DataFrame, count: int) -> np.ndarray:
        read = factors.toArrow()
        found = np.zeros((count, options.rank), np.float32)
        found[read.column(0).to_numpy()] = (
            read.column(1).combine_chunks().flatten().to_numpy().reshape(-1, options.rank)
        )
        return found

    def by_spark(iterations: int) -> tuple[np.ndarray, np.ndarray]:
        fitted = fit_als(interactions, settings.model_copy(update={"max_iter": iterations}))
        counts = int(pairs.users.max()) + 1, int(pairs.items.max()) + 1
        return dense(fitted.user_factors, counts[0]), dense(fitted.item_factors, counts[1])

    return by_spark


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"users": 50_000, "items": 10_000, "pairs": 2_700_000, "rank": 64, "iterations": 8, "rounds": 3}
    for name, default in {**sizes, "blocks": 2, "cg-steps": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--engines", default="cg,mllib,implicit,irspack", help="the first is what ratios are about")
    add_report_flag(parser, "als")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
