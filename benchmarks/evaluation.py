"""Metrics with intervals against the top-N scoring that they judge: the same lists, session and run.

    ./spark-submit.sh benchmark evaluation [--users 20000] [--items 5000] [--replicates 200]

Lists of 100 for every user out of random factors; each user has five relevant items. Scoring writes to Spark's noop
sink; measuring reads the lists from Parquet and collects every metric with its interval. The goal: measuring costs at
most what scoring costs.
"""

import argparse
import os
import tempfile
from datetime import date

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.door import said
from benchmarks.measure import measured
from benchmarks.report import Report, add_report_flag
from benchmarks.rounds import Rounds
from benchmarks.spark import local_environment
from lakerec.diagnostics.item_facts import KnownItems, describe_items
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.ranking_metrics import measure_rankings
from lakerec.diagnostics.rankings import judge_by
from lakerec.model.scorer import ItemSide, top_n
from lakerec.session import open_session

KS = (5, 10, 20, 100)


def main() -> None:
    """Compare, round by round, in turn."""
    options = _options()
    report = Report("evaluation", __doc__, options.report)
    os.environ.update(local_environment())
    spark = open_session("benchmark")
    items = some_items(options)
    users = some_users(spark, options).persist()
    users.count()
    usages = []
    with tempfile.TemporaryDirectory() as folder:
        top_n(users, items, max(KS)).write.parquet(f"{folder}/lists")
        lists = spark.read.parquet(f"{folder}/lists").select(
            F.lit("als").alias("recommender"), F.lit("").alias("made_by"), F.lit("test").alias("split"), "*"
        )
        for number in range(1, options.rounds + 1):
            with measured() as scoring:
                top_n(users, items, max(KS)).write.format("noop").mode("overwrite").save()
            with measured() as measuring:
                rows = measure(lists, users, items, options)
            usages.append({"measuring": measuring, "scoring": scoring})
            print(f"round {number}: " + ", ".join(f"{name} {said(usage)}" for name, usage in usages[-1].items()))
    report.say(f"{options.users:,} users, {options.items:,} items, rank {options.rank}, {rows} rows of metrics")
    figures = [
        Rounds(figure, {name: [getattr(each[name], figure.split()[0]) for each in usages] for name in usages[0]})
        for figure in ("wall s", "cpu s")
    ]
    report.compare(figures, "measuring")
    report.write()
    spark.stop()


def measure(lists: DataFrame, users: DataFrame, items: ItemSide, options: argparse.Namespace) -> int:
    """Every metric of every user slice, with its interval; how many rows that gives."""
    count = options.items
    known = KnownItems(items.item_ix, np.arange(count, 0, -1), options.users, [None] * count, [None] * count)
    facts = describe_items(known, items, date(2026, 1, 1), (), 0)
    plan = Plan((Maker("als"),), KS, options.replicates, 7, ("new", "1-4", "5-19", "20+"), facts)
    drawn = users.select("user_ix", F.lit(True).alias("is_known"), F.lit("5-19").alias("history"))
    wanted = F.explode(F.sequence(F.lit(1), F.lit(5)))
    relevant = users.select(F.lit("test").alias("split"), "user_ix", wanted.alias("nth")).select(
        "split", "user_ix", F.pmod(F.xxhash64("user_ix", "nth"), F.lit(count)).cast("int").alias("item_ix")
    )
    return len(measure_rankings(lists, [judge_by(drawn, relevant.distinct())], plan).collect())


def some_items(options: argparse.Namespace) -> ItemSide:
    """Random factors."""
    factors = np.random.default_rng(7).standard_normal((options.items, options.rank))
    return ItemSide(np.arange(options.items, dtype=np.int32), factors.astype(np.float32))


def some_users(spark: SparkSession, options: argparse.Namespace) -> DataFrame:
    """Random factors; nothing is masked."""
    drawn = F.transform(
        F.sequence(F.lit(1), F.lit(options.rank)),
        lambda nth: (F.pmod(F.xxhash64("user_ix", nth), F.lit(2001)) / 1000 - 1).cast("float"),
    )
    ids = spark.range(options.users).select(F.col("id").cast("int").alias("user_ix"))
    return ids.select("user_ix", drawn.alias("factors"), F.array().cast("array<int>").alias("masked"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"users": 20_000, "items": 5_000, "rank": 32, "replicates": 200, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    add_report_flag(parser, "evaluation")
    return parser.parse_args()


if __name__ == "__main__":
    main()
