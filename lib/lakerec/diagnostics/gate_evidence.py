"""What the gate looks at: the rows of the tables of diagnostics that its criteria name, by what names them."""

from collections.abc import Collection, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.bootstrap import MINIMUM_USERS
from lakerec.diagnostics.gate_results import CHAMPION, Evidence, Key, Measure
from lakerec.diagnostics.rankings import ALS, TEST
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


def count_judged_users(metrics: DataFrame) -> int:
    """Users by whose lists the model is judged on the test window. Acts: one aggregate.

    Args:
        metrics: diagnostics.ranking_metrics of the evaluation model.
    """
    of_all = metrics.where((F.col("recommender") == ALS) & (F.col("split") == TEST) & (F.col("slice") == "all"))
    return int(of_all.agg(F.coalesce(F.max("user_count"), F.lit(0))).collect()[0][0])


def excuses(evidence: Collection[Key], judged: Run, champion: Run | None, judged_users: int | None) -> dict[str, str]:
    """Why some rows may be missing, by the table or by what is compared with; see `gate_results.judge_model`.

    A model that knows nobody is judged by nobody as well; the facts about its factors refuse it.

    Args:
        judged: the evaluation model.
        champion: the evaluation model of the model that is live; null: nothing is live.
        judged_users: see `count_judged_users`; null: the model was never diagnosed, which excuses nothing.
    """
    excused: dict[str, str] = {}
    if judged_users is None:
        return excused
    if judged_users < MINIMUM_USERS:
        for table in (Measure.RANKING, Measure.COMPARISON):
            excused[table.value] = f"{judged_users} known users bought anything in the test window, too few to tell"
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
