"""Belief: splitting a frame into rows that meet every expectation and rows that do not, with the reasons."""

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.contract import Expectation


class Belief(NamedTuple):
    """Both sides; together they hold every row of the frame exactly once."""

    believed: DataFrame
    rejected: DataFrame


def failed_expectations(expectations: Sequence[Expectation]) -> Column:
    """Names of the expectations that a row fails, as array<string> in declared order; empty for a believed row."""
    holds = [F.coalesce(F.expr(e.condition), F.lit(e.null_passes)) for e in expectations]
    nothing = F.array().cast("array<string>")
    if not holds:
        return nothing
    named = [F.array(F.lit(expectation.name)) for expectation in expectations]
    failed = [F.when(held, nothing).otherwise(name) for held, name in zip(holds, named, strict=True)]
    # Most rows are without fault. Not array_compact: Spark interprets it, and with it the whole select.
    return F.when(reduce(and_, holds), nothing).otherwise(F.concat(*failed))


def judge(frame: DataFrame, expectations: Sequence[Expectation]) -> DataFrame:
    """`frame` with the column `reasons` (array<string>): names of the expectations that a row fails."""
    return frame.withColumn("reasons", failed_expectations(expectations))


def split_by_belief(frame: DataFrame, expectations: Sequence[Expectation]) -> Belief:
    """Judge and split `frame`; the rejected side keeps `reasons`, which is never empty there."""
    return split_judged(judge(frame, expectations))


def split_judged(judged: DataFrame) -> Belief:
    """Split what `judge` gives."""
    return Belief(
        believed=judged.where(F.size("reasons") == 0).drop("reasons"),
        rejected=judged.where(F.size("reasons") > 0),
    )
