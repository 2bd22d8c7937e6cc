"""What the gate looks at: the rows of the tables of diagnostics that its criteria name, by what names them."""

from collections.abc import Collection, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.gate_results import CHAMPION, Evidence, Key, Measure
from lakerec.model.runs import Run


def collect_evidence(
    measured: Mapping[str, DataFrame], keys: Collection[Key], champion: Run | None
) -> dict[Key, Evidence]:
    """Bring the rows that criteria ask for to the driver: one query.

    Args:
        measured: by table, the rows of the judged evaluation model.
        keys: what is asked for.
        champion: the evaluation model of the model that is live; null: nothing is live.
    """
    rows = [_named(rows, table, champion) for table, rows in measured.items()]
    metrics = sorted({key.metric for key in keys})
    asked = reduce(DataFrame.unionByName, rows).where(F.col("metric").isin(*metrics))
    found = {Key(*row[: len(Key._fields)]): Evidence(*row[len(Key._fields) :]) for row in asked.collect()}
    return {key: found[key] for key in keys if key in found}


def excuses(evidence: Collection[Key], judged: Run, champion: Run | None) -> dict[str, str]:
    """Why some rows may be missing, by the table or by what is compared with; see `gate_results.judge_model`.

    Args:
        judged: the evaluation model.
        champion: the evaluation model of the model that is live; null: nothing is live.
    """
    excused = {}
    if not any(key.table == Measure.CALIBRATION for key in evidence):
        excused[Measure.CALIBRATION.value] = "too few purchases to fit a calibration; no probability is stated"
    if champion is None:
        excused[CHAMPION] = "nothing is live yet"
    elif champion.model_id == judged.model_id:
        excused[CHAMPION] = "it is the evaluation model of what is live"
    elif champion.as_of > judged.as_of:
        excused[CHAMPION] = "what is live knows purchases that this one is judged by"
    return excused


def _named(rows: DataFrame, table: str, champion: Run | None) -> DataFrame:
    """The rows with the columns of Key and of Evidence."""
    nothing = F.lit("")
    compared = _compared_with(champion) if table == Measure.COMPARISON else nothing
    is_cut = table != Measure.CALIBRATION
    return rows.select(
        F.lit(str(table)).alias("table"),
        "metric",
        "recommender",
        compared.alias("compared_with"),
        (F.col("split") if is_cut else nothing).alias("split"),
        "slice",
        (F.col("k") if is_cut else F.lit(0)).alias("k"),
        *Evidence._fields,
    ).where("compared_with IS NOT NULL")


def _compared_with(champion: Run | None) -> Column:
    """The baseline of the same model; `champion` for the same recommender of that one; null for any other model."""
    is_own = F.col("baseline_model_id") == F.col("model_id")
    is_champion = (F.col("baseline_model_id") == F.lit(champion.model_id if champion else None)) & (
        F.col("baseline") == F.col("recommender")
    )
    return F.when(is_own, F.col("baseline")).when(is_champion, F.lit(CHAMPION))
