"""diagnostics.ranking_metrics: how good the ranked lists of a model and of its baselines are, and how sure that is.

Every metric is computed per user over the first k of the list and averaged over users, each user counting the same;
coverage and Gini are properties of all lists together. Users who have nothing relevant are not judged: they would only
dilute; they are counted. The formulas are in `list_metrics`, the intervals in `bootstrap`.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.list_blocks import CODE_BITS, LIST_CODE, PLACE_BITS, POPULATION, TRUTH_CODE, USER_CODE, Plan
from lakerec.diagnostics.rankings import TEST, Population
from lakerec.diagnostics.summaries import MEASURED_SCHEMA, Measured, summarise
from lakerec.diagnostics.tallies import TALLY_SCHEMA, tally_batches

RANKING_METRICS = Table(
    name="diagnostics.ranking_metrics",
    comment="One row per (model, recommender, split, slice, metric, k).",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column(
            "recommender", T.StringType(), "Who made the lists: als, a baseline, or ladder, which serves everybody."
        ),
        Column("split", T.StringType(), "validation: the calibrate window; test: the window after it."),
        Column(
            "slice",
            T.StringType(),
            "all; users by history=<band of training events> or user=<new, returning>; or only relevant items with "
            "popularity=, item_age= or category=<band>.",
        ),
        Column("metric", T.StringType(), "recall, precision, ndcg, map, mrr, hit_rate, coverage, novelty, ..."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column("value", T.DoubleType(), "Mean over users; 0..1, novelty in bits. Null where all lists are empty."),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 users, or not computed."),
        Column("high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 users, or not computed."),
        Column("user_count", T.LongType(), "Users judged: they have something relevant, of the slice's items."),
        Column("left_out_count", T.LongType(), "Users of the slice with nothing relevant; null for slices of items."),
    ),
    key=("model_id", "recommender", "split", "slice", "metric", "k"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)


def measure_rankings(rankings: DataFrame, populations: Sequence[Population], plan: Plan) -> DataFrame:
    """All metrics of all lists, and how recommenders differ, in one pass over the lists.

    Args:
        rankings: recommender, made_by (id of another model; empty for the judged one), split, user_ix, rank (from 1),
            item_ix. Lists of makers that the plan does not name are not looked at.
        populations: those drawn, and others whom some makers of the plan serve; a user may be in several.

    Returns:
        Rows as in `summaries.MEASURED_SCHEMA`; as many as there are metrics, slices and makers, however many users.
    """

    def tally(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return tally_batches(batches, plan)

    def tell(table: pa.Table) -> pa.Table:
        return summarise(table, plan)

    entries = [_list_entries(rankings, plan)]
    for number, (users, relevant) in enumerate(populations):
        entries += [_user_entries(users, number, plan), _truth_entries(relevant, number)]
    together = reduce(DataFrame.unionByName, entries).groupBy("user").agg(F.collect_list("entry").alias("entries"))
    in_order = together.sortWithinPartitions("user")  # sums come out the same whatever task ended first
    return in_order.mapInArrow(tally, TALLY_SCHEMA).groupBy("split", "dimension").applyInArrow(tell, MEASURED_SCHEMA)


def metrics_of(measured: Iterable[Measured], model_id: str) -> list[tuple[Any, ...]]:
    """The rows of diagnostics.ranking_metrics among what `measure_rankings` gives."""
    named = ({**row._asdict(), "model_id": model_id} for row in measured if row.baseline is None)
    return [tuple(row[name] for name in RANKING_METRICS.names) for row in named]


def comparisons_of(measured: Iterable[Measured], model_id: str) -> list[tuple[Any, ...]]:
    """The rows of diagnostics.comparisons among what `measure_rankings` gives."""
    others = (row for row in measured if row.baseline is not None)
    named = ({**row._asdict(), "baseline_model_id": row.baseline_model_id or model_id} for row in others)
    return [tuple({**row, "model_id": model_id}[name] for name in COMPARISONS.names) for row in named]


def _list_entries(rankings: DataFrame, plan: Plan) -> DataFrame:
    names = [F.array(F.lit(maker.recommender), F.lit(maker.made_by)) for maker in plan.makers]
    maker = F.array_position(F.array(*names), F.array("recommender", "made_by"))
    listed = rankings.where(F.col("rank") <= plan.longest).withColumn("maker", maker.cast("int")).where("maker > 0")
    population = F.element_at(F.array(*[F.lit(maker.population) for maker in plan.makers]), F.col("maker"))
    code = F.lit(LIST_CODE) + 2 * (F.col("maker") - 1) + _split()
    return listed.select(_user(population), _entry(code, F.col("rank"), F.col("item_ix")))


def _user_entries(users: DataFrame, population: int, plan: Plan) -> DataFrame:
    history = F.array_position(F.array(*map(F.lit, plan.histories)), F.col("history")) - 1
    entry = _entry(F.lit(USER_CODE), history, F.col("is_known").cast("int"))
    return users.select(_user(F.lit(population)), entry)


def _truth_entries(relevant: DataFrame, population: int) -> DataFrame:
    return relevant.select(_user(F.lit(population)), _entry(F.lit(TRUTH_CODE), _split(), F.col("item_ix")))


def _entry(code: SparkColumn, place: SparkColumn, item_ix: SparkColumn) -> SparkColumn:
    """See `list_blocks.PLACE_BITS`."""
    high = F.shiftleft(code.cast("long"), CODE_BITS).bitwiseOR(F.shiftleft(place.cast("long"), PLACE_BITS))
    return high.bitwiseOR(item_ix.cast("long").bitwiseAND(F.lit(0xFFFFFFFF))).alias("entry")


def _user(population: SparkColumn) -> SparkColumn:
    """A user in a population as one number."""
    return (population * F.lit(POPULATION) + F.col("user_ix")).alias("user")


def _split() -> SparkColumn:
    return (F.col("split") == TEST).cast("int")
