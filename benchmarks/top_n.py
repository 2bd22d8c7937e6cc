"""Top-N by our kernel against MLlib's recommendForAllUsers: the same model, session and run, equal lists first.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/top_n.py [--users 20000] [--items 5000] [--rank 32] [--n 100]

Both write to Spark's noop sink. Seconds are wall time; cpu seconds are those of the whole process tree. The goal is
5 times.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable

import numpy as np
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.measure import Usage, measured
from lakerec.model.scorer import collect_items, top_n

GOAL = 5.0


def main() -> None:
    """Compare, round by round, in turn."""
    options = _options()
    os.environ.update(OPENBLAS_NUM_THREADS="1", PYSPARK_PYTHON=sys.executable)
    spark = SparkSession.builder.master("local[*]").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.conf.set("spark.sql.shuffle.partitions", "8")
    model = fit_model(spark, options).setPredictionCol("score")
    users = model.userFactors.select(F.col("id").alias("user_ix"), F.col("features").alias("factors")).cache()
    users.count()
    runs = {"ours": lambda: ours(users, model, options.n), "MLlib": lambda: mllib(model, options.n)}
    print(f"{users.count()} users, {model.itemFactors.count()} items, rank {options.rank}, N {options.n}")
    print(f"differing scores beyond rounding: {differing(ours(users, model, options.n), mllib(model, options.n))}")
    ratios = []
    for number in range(1, options.rounds + 1):
        used = {name: measure(run) for name, run in runs.items()}
        ratios.append(used["MLlib"].wall / used["ours"].wall)
        shown = "  ".join(f"{name} {each.wall:6.2f} s ({each.cpu:6.2f} cpu s)" for name, each in used.items())
        print(f"round {number}: {shown}  ratio {ratios[-1]:.1f}")
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"ratio: median {middle:.1f}, min {low:.1f}, max {high:.1f}; goal {GOAL:.0f}")
    spark.stop()


def fit_model(spark: SparkSession, options: argparse.Namespace) -> ALSModel:
    """A model of random feedback: the kernel's cost depends on sizes, not on tastes."""
    rng = np.random.default_rng(7)
    pairs = spark.range(options.users * 15).select(
        (F.col("id") % options.users).cast("int").alias("user_ix"),
        F.pmod(F.xxhash64("id", F.lit(int(rng.integers(2**31)))), F.lit(options.items)).cast("int").alias("item_ix"),
    )
    return ALS(
        rank=options.rank, maxIter=2, implicitPrefs=True, seed=7, numUserBlocks=2, numItemBlocks=2,
        userCol="user_ix", itemCol="item_ix", ratingCol="strength",
    ).fit(pairs.distinct().withColumn("strength", F.lit(1.0)))  # fmt: skip


def ours(users: DataFrame, model: ALSModel, n: int) -> DataFrame:
    """Collecting the items belongs to it."""
    items = model.itemFactors.select(F.col("id").alias("item_ix"), F.col("features").alias("factors"))
    index = items.select("item_ix", F.format_string("%010d", "item_ix").alias("item_id"))
    return top_n(users.withColumn("masked", F.array().cast("array<int>")), collect_items(items, index), n)


def mllib(model: ALSModel, n: int) -> DataFrame:
    """MLlib's lists, one row per entry like ours."""
    lists = model.recommendForAllUsers(n).select("user_ix", F.posexplode("recommendations"))
    return lists.select("user_ix", (F.col("pos") + 1).alias("rank"), "col.item_ix", F.col("col.rating").alias("score"))


def differing(ours: DataFrame, theirs: DataFrame) -> int:
    """Places (user, rank) whose scores differ by more than float32 rounds; ties may hold other items."""
    both = ours.alias("ours").join(theirs.alias("theirs"), on=["user_ix", "rank"], how="full_outer")
    distance = F.abs(F.col("ours.score") - F.col("theirs.score"))
    return both.where(F.coalesce(distance, F.lit(1.0)) > 1e-5 * F.greatest(F.lit(1.0), F.abs("ours.score"))).count()


def measure(run: Callable[[], DataFrame]) -> Usage:
    """What it takes until every row exists."""
    with measured() as usage:
        run().write.format("noop").mode("overwrite").save()
    return usage


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"users": 20_000, "items": 5_000, "rank": 32, "n": 100, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
