"""The figures that the summary and the page tell, read from the tables. Everything collected is small."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS as BRONZE_EVENTS
from lakerec.bronze.files import FILES, Status
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.contract import Table
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import ALS, RANKINGS, TEST
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.diagnostics.verdict import verdict
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_run
from lakerec.model.split import SplitSettings, in_window, pairs_with, windows_after
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.rejected_events import REJECTED_EVENTS

CUSTOMERS = 3
ITEMS_SHOWN = 5
EXAMPLE_BYTES = 160


class Reject(NamedTuple):
    """One reason for which rows were set aside, with the bytes of the first of them."""

    table: str
    reason: str
    rows: int
    example: str


class Listed(NamedTuple):
    """One item of a customer's list."""

    name: str
    probability: float | None
    is_bought: bool


class Customer(NamedTuple):
    """One customer as the evaluation model saw them.

    Attributes:
        did: what they did before the cut.
        listed: what the model lists for them.
        bought: what they bought in the test window.
    """

    user_id: str
    did: list[str]
    listed: list[Listed]
    bought: list[str]


class Facts(NamedTuple):
    """All that is told.

    Attributes:
        funnel: (step, events), from delivered lines to purchases.
        rejects: by table and reason, most frequent first.
        model: the newest evaluation model, as in model.runs.
        k: length of the list that the verdict speaks of.
        metrics: rows of diagnostics.ranking_metrics, test window, of all customers and by history; by recommender,
            metric, k and slice.
        differences: rows of diagnostics.comparisons, test window, all customers.
        bins: rows of diagnostics.probabilities, of all customers.
        thresholds: rows of diagnostics.thresholds, ascending.
    """

    lake: str
    funnel: list[tuple[str, int]]
    rejects: list[Reject]
    model: Run
    k: int
    verdict: str
    metrics: dict[tuple[str, str, int, str], Row]
    differences: list[Row]
    bins: list[Row]
    thresholds: list[Row]
    customers: list[Customer]

    def metric(self, recommender: str, metric: str, k: int, where: str = "all") -> float | None:
        """One value; None where it was not measured."""
        found = self.measured(recommender, metric, k, where)
        return found.value if found else None

    def measured(self, recommender: str, metric: str, k: int, where: str = "all") -> Row | None:
        """A metric with its interval; None where it was not measured."""
        return self.metrics.get((recommender, metric, k, where))

    def verdict_on(self, recommender: str, metric: str, baseline: str) -> str | None:
        """How a recommender of the model compares with another one, at the length that the verdict speaks of."""
        wanted = (recommender, metric, self.k, baseline)
        own = (d for d in self.differences if d.baseline_model_id == d.model_id)
        return next((d.verdict for d in own if (d.recommender, d.metric, d.k, d.baseline) == wanted), None)


def collect_facts(lake: Lakehouse, ks: Sequence[int]) -> Facts:
    """Read everything the summary and the page tell of the newest evaluated model.

    Args:
        lake: a lake in which a model has been diagnosed.
        ks: lengths at which metrics were measured; the verdict takes 10, or else the longest.
    """
    model = newest_run(lake.rows(RUNS), EVALUATION)
    k = 10 if 10 in ks else max(ks)
    measured = [row for row in _rows(lake, RANKING_METRICS, model) if row.split == TEST]
    metrics = [row for row in measured if row.slice == "all" or row.slice.startswith("history=")]
    compared = _rows(lake, COMPARISONS, model)
    differences = [row for row in compared if row.split == TEST and row.slice == "all"]
    bins = [row for row in _rows(lake, PROBABILITIES, model) if row.slice == "all"]
    return Facts(
        lake=lake.root,
        funnel=count_funnel(lake),
        rejects=collect_rejects(lake),
        model=model,
        k=k,
        verdict=verdict([row.asDict() for row in metrics], [row.asDict() for row in differences], k),
        metrics={(row.recommender, row.metric, row.k, row.slice): row for row in metrics},
        differences=differences,
        bins=sorted(bins, key=attrgetter("recommender", "bin")),
        thresholds=sorted(_rows(lake, THRESHOLDS, model), key=attrgetter("threshold")),
        customers=draw_customers(lake, model),
    )


def count_funnel(lake: Lakehouse) -> list[tuple[str, int]]:
    """Events from delivery to purchase; each step is part of the one before."""
    files = [file for file in lake.rows(FILES) if file["status"] == Status.READ]
    is_known = F.col("user_id").isNotNull() & ~F.col("is_bot")
    events = lake.read(EVENTS).agg(
        F.count("*"),
        F.count_if(~F.col("is_bot")),
        F.count_if(is_known),
        F.count_if(is_known & (F.col("action") == "purchase")),
    )
    believed, by_people, by_known, purchases = events.collect()[0]
    return [
        ("lines delivered", sum(file["line_count"] or 0 for file in files)),
        ("records read", sum(file["accepted_record_count"] or 0 for file in files)),
        ("events believed, each once", believed),
        ("by people, not bots", by_people),
        ("by known customers", by_known),
        ("purchases", purchases),
    ]


def collect_rejects(lake: Lakehouse) -> list[Reject]:
    """Malformed lines and rejected events by reason, each with its first example."""
    place = F.struct("file_id", "line_number")
    malformed = lake.read(MALFORMED_LINES).groupBy("reason")
    lines = malformed.agg(F.count("*").alias("count"), F.min_by("raw", place).alias("raw")).collect()
    rejected = lake.read(REJECTED_EVENTS).withColumn("reason", F.explode("reasons"))
    counted = rejected.groupBy("reason").agg(F.count("*").alias("count"), F.min(place).alias("place"))
    raw = lake.read(BRONZE_EVENTS).where("record_number = 1").select("file_id", "line_number", "raw")
    examples = raw.join(F.broadcast(counted.select("reason", "count", "place.*")), ["file_id", "line_number"])
    found = [Reject(MALFORMED_LINES.name, r["reason"], r["count"], _text(r["raw"])) for r in lines]
    found += [Reject(REJECTED_EVENTS.name, r["reason"], r["count"], _text(r["raw"])) for r in examples.collect()]
    return sorted(found, key=lambda reject: (-reject.rows, reject.reason))


def draw_customers(lake: Lakehouse, model: Run) -> list[Customer]:
    """A few customers who bought in the test window, drawn by hash, with their lists and what they bought of them."""
    lists = lake.read_partition(RANKINGS, model.model_id).where(
        (F.col("split") == TEST) & (F.col("recommender") == ALS)
    )
    users = lists.select("user_ix").distinct().orderBy(F.xxhash64("user_ix"), "user_ix").limit(CUSTOMERS)
    calibration = calibration_of(lake.rows(COEFFICIENTS, model.model_id), ALS)
    names = _names(lake)
    listed = (
        lists.where(F.col("rank") <= ITEMS_SHOWN)
        .join(F.broadcast(users), "user_ix")
        .join(names, "item_ix")
        .withColumn("probability", calibration.of_column(F.col("score")))
        .join(lake.read(USER_INDEX), "user_ix")
        .orderBy("user_ix", "rank")
        .collect()
    )
    did = _what_they_did(lake.read(DAILY_INTERACTIONS), users, names, model)
    bought = _what_they_bought(lake.read(DAILY_INTERACTIONS), users, names, model)
    return [
        Customer(
            user_id=next(row.user_id for row in listed if row.user_ix == user_ix),
            did=did.get(user_ix, []),
            listed=[Listed(r.name, r.probability, r.is_relevant) for r in listed if r.user_ix == user_ix],
            bought=bought.get(user_ix, []),
        )
        for user_ix in dict.fromkeys(row.user_ix for row in listed)
    ]


def _rows(lake: Lakehouse, table: Table, model: Run) -> list[Row]:
    """All that a table holds of a model, which is some thousand rows at most."""
    return [Row(**row) for row in lake.rows(table, model.model_id)]


def _names(lake: Lakehouse) -> DataFrame:
    items = lake.read(ITEMS).select("item_id", "name")
    named = lake.read(ITEM_INDEX).join(items, "item_id", "left")
    return named.select("item_ix", F.coalesce("name", "item_id").alias("name"))


def _what_they_did(daily: DataFrame, users: DataFrame, names: DataFrame, model: Run) -> Mapping[int, list[str]]:
    """Per customer and action: how often, and the two items it was done to most lately, before the cut."""
    before = daily.where(F.col("event_date") <= F.to_date(F.lit(model.as_of))).join(F.broadcast(users), "user_ix")
    lately = Window.partitionBy("user_ix", "action").orderBy(F.desc("last_at"), "item_ix")
    rows = (
        before.join(names, "item_ix")
        .withColumn("nth", F.row_number().over(lately))
        .groupBy("user_ix", "action")
        .agg(
            F.sum("event_count").alias("count"),
            F.array_sort(F.collect_list(F.when(F.col("nth") <= 2, F.struct("nth", "name")))).alias("latest"),
        )
        .orderBy("user_ix", F.desc("count"), "action")
        .collect()
    )
    did: dict[int, list[str]] = {}
    for row in rows:
        items = "; ".join(dict.fromkeys(entry["name"] for entry in row.latest))
        did.setdefault(row.user_ix, []).append(f"{row.action} {row['count']}× ({items})")
    return did


def _what_they_bought(daily: DataFrame, users: DataFrame, names: DataFrame, model: Run) -> Mapping[int, list[str]]:
    split = SplitSettings(**model.settings["split"])
    window = windows_after(model.as_of.date(), split).test
    pairs = pairs_with(in_window(daily, window), split.relevant_actions).join(F.broadcast(users), "user_ix")
    named = pairs.join(names, "item_ix").groupBy("user_ix").agg(F.array_sort(F.collect_set("name")).alias("names"))
    return {row.user_ix: row.names for row in named.collect()}


def _text(raw: Any) -> str:
    return bytes(raw or b"")[:EXAMPLE_BYTES].decode("utf-8", errors="backslashreplace")
