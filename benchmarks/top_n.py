"""Top-N by our kernel beside MLlib's recommendForAllUsers and implicit's recommend: the same factors, equal first.

    ./spark-submit.sh benchmark top_n [--users 20000 --items 10000 --rank 64 --n 100 --seen 50]

The Spark engines read factors from cached frames and write to Spark's noop sink; collecting the items belongs to ours.
`--seen` items of each user are masked by ours and by implicit; MLlib cannot, so it does without. The first user has
seen 3,000.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Engine, Figure, answer, by_round, in_turn, requests
from benchmarks.report import Report, add_report_flag

MANY = 3_000


def main() -> None:
    """Compare and print a report."""
    options = _options()
    if options.engine:
        return run_engine(options)
    report = Report("top_n", __doc__, options.report)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "factors.npz"
        np.savez(file, **made_factors(options))
        arguments = ["--file", str(file), "--n", str(options.n), "--sample", str(options.sample)]
        engines = [
            Engine(name, "benchmarks.top_n", arguments, Path(folder) / name) for name in options.engines.split(",")
        ]
        answers = {engine.name: engine.ask({"what": "check"})[1] for engine in engines}
        report.say(same_scores(answers))
        measures = in_turn(engines, [{"what": "all"}], options.rounds)
        for engine in engines:
            engine.close()
    cells = options.users * options.items / 1e6
    figures = [
        Figure("wall s", lambda m: m[0].usage.wall),
        Figure("cpu s", lambda m: m[0].usage.cpu),
        Figure("cpu s per 1,000 million scores", lambda m: m[0].usage.cpu / cells * 1000),
        Figure("peak memory GB", lambda m: m[0].usage.peak_bytes / 1e9),
    ]
    sizes = f"{options.users:,} users, {options.items:,} items, rank {options.rank}, N {options.n}, seen {options.seen}"
    report.say(sizes)
    report.compare(by_round(measures, figures), options.engines.split(",")[0])
    report.write()
    return None


def made_factors(options: argparse.Namespace) -> dict[str, np.ndarray]:
    """Normal factors, and what each user has seen as sparse rows."""
    rng = np.random.default_rng(7)
    lengths = np.full(options.users, options.seen)
    if options.seen:
        lengths[0] = min(MANY, options.items)
    seen = [np.sort(rng.choice(options.items, length, replace=False)) for length in lengths]
    return {
        "users": rng.standard_normal((options.users, options.rank), np.float32) * 0.3,
        "items": rng.standard_normal((options.items, options.rank), np.float32) * 0.3,
        "starts": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        "seen": np.concatenate(seen).astype(np.int32),
    }


def same_scores(answers: dict[str, dict[str, Any]]) -> str:
    """Largest difference from the first engine's scores at any place of the lists of some users."""
    (first, reference), *others = ((name, np.array(found["scores"])) for name, found in answers.items())
    lines = [f"largest difference from the scores of {first}, place by place:"]
    lines += [f"- {name}: {np.abs(scores - reference).max():.1e}" for name, scores in others]
    return "\n".join(lines)


def run_engine(options: argparse.Namespace) -> None:
    """Be one of the engines."""
    data = dict(np.load(options.file))
    rank = _by_implicit(data, options) if options.engine == "implicit" else _by_spark(data, options)
    for request in requests():
        answer(scores=rank(request["what"]))


def _by_implicit(data: dict[str, np.ndarray], options: argparse.Namespace) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    model = AlternatingLeastSquares(factors=data["users"].shape[1], num_threads=2)
    model.user_factors, model.item_factors = data["users"], data["items"]
    shape = len(data["users"]), len(data["items"])
    seen = csr_matrix((np.ones(len(data["seen"]), np.float32), data["seen"], data["starts"]), shape=shape)

    def rank(what: str) -> list[list[float]]:
        users = np.arange(options.sample if what == "check" else shape[0])
        hidden = seen if what == "all" else csr_matrix(shape, dtype=np.float32)
        _, scores = model.recommend(users, hidden[users], N=options.n, filter_already_liked_items=True)
        return scores.tolist() if what == "check" else []  # type: ignore[no-any-return]

    return rank


def _by_spark(data: dict[str, np.ndarray], options: argparse.Namespace) -> Any:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql import functions as F

    from lakerec.model.factor_frames import factor_frame
    from lakerec.model.scorer import collect_items, top_n
    from lakerec.native_model import native_model

    spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "4g").getOrCreate()
    item_ix = np.arange(len(data["items"]), dtype=np.int32)
    users = _users(spark, data).persist()
    items = factor_frame(users, "item_ix", item_ix, data["items"]).persist()
    index = items.select("item_ix", F.format_string("%010d", "item_ix").alias("item_id")).persist()
    print(users.count(), items.count(), index.count())

    def ours(what: str) -> DataFrame:
        nothing = F.array().cast("array<int>")
        asked = users if what == "all" else users.where(F.col("user_ix") < options.sample).withColumn("masked", nothing)
        return top_n(asked, collect_items(items, index), options.n)

    def by_mllib(what: str) -> DataFrame:
        asked = users if what == "all" else users.where(F.col("user_ix") < options.sample)
        model = native_model(asked, items, data["users"].shape[1])
        lists = model.recommendForAllUsers(options.n).select("user_ix", F.posexplode("recommendations"))
        return lists.select("user_ix", (F.col("pos") + 1).alias("rank"), F.col("col.rating").alias("score"))

    def rank(what: str) -> list[list[float]]:
        lists = ours(what) if options.engine == "ours" else by_mllib(what)
        if what == "all":
            lists.write.format("noop").mode("overwrite").save()
            return []
        scores = lists.orderBy("user_ix", "rank").select("score").toArrow()["score"].to_numpy()
        return scores.reshape(options.sample, -1).tolist()  # type: ignore[no-any-return]

    return rank


def _users(spark: Any, data: dict[str, np.ndarray]) -> Any:
    import pyarrow as pa

    user_ix = np.arange(len(data["users"]), dtype=np.int32)
    ends = np.arange(len(user_ix) + 1, dtype=np.int32) * data["users"].shape[1]
    factors = pa.ListArray.from_arrays(pa.array(ends), pa.array(data["users"].reshape(-1)))
    masked = pa.ListArray.from_arrays(pa.array(data["starts"]), pa.array(data["seen"]))
    return spark.createDataFrame(pa.table({"user_ix": user_ix, "factors": factors, "masked": masked}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"users": 20_000, "items": 10_000, "rank": 64, "n": 100, "seen": 50, "rounds": 3, "sample": 200}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--engines", default="ours,mllib,implicit", help="the first is what ratios are about")
    add_report_flag(parser, "top_n")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
