"""Ours: the jobs up to gold, then one model, its factors and its lists as tables.

What the others do not do: exact bytes, line numbers and a ledger of files; rejected records with reasons, items of the
catalogue, sessions, changes of fields; progress with every commit, keys checked as they are written; a row for each
user, item, action and day.
"""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.ways.task import Stages, Task
from jobs import aggregate_feedback, clean_events, ingest_events
from lakerec.config import Config
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from lakerec.model.als import fit_als
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.scorer import collect_items, top_n, with_masked
from lakerec.model.split import pairs_with
from lakerec.model.user_factors import USER_FACTORS
from lakerec.recommendations.user_items import USER_ITEMS, name_items
from lakerec.session import open_session

MODEL = "benchmark"


def run(task: Task, stages: Stages) -> None:
    """Leave tables in a lake."""
    spark, config = open_session("end to end"), Config.model_validate(task.settings)
    stages.ended("start")
    for name, job in (("ingest", ingest_events), ("clean", clean_events), ("aggregate", aggregate_feedback)):
        job.main(spark, config)
        stages.ended(name)
    train(spark, config)
    stages.ended("train")
    recommend(spark, config)
    stages.ended("recommend")
    spark.stop()


def train(spark: SparkSession, config: Config) -> None:
    """One model of all events."""
    lake = Lakehouse(spark, config.lake)
    if config.als.max_iter > config.als.checkpoint_interval:
        spark.sparkContext.setCheckpointDir(f"{lake.root}/_checkpoints")
    fitted, model_id = fit_als(lake.read(INTERACTIONS), config.als), F.lit(MODEL).alias("model_id")
    lake.replace_partition(USER_FACTORS, MODEL, fitted.user_factors.select(model_id, "*"))
    lake.replace_partition(ITEM_FACTORS, MODEL, fitted.item_factors.select(model_id, "*"))


def recommend(spark: SparkSession, config: Config) -> None:
    """Lists of the model's users."""
    lake = Lakehouse(spark, config.lake)
    users = lake.read_partition(USER_FACTORS, MODEL)
    known = pairs_with(lake.read(DAILY_INTERACTIONS), config.recommend.mask_actions)
    items = collect_items(lake.read_partition(ITEM_FACTORS, MODEL), lake.read(ITEM_INDEX))
    lists = top_n(with_masked(users, known), items, config.recommend.top_n)
    stamps = {"batch_id": F.lit(MODEL), "model_id": F.lit(MODEL), "created_at": F.lit(lake.now), "source": F.lit("als")}
    unknown = {"probability": F.lit(None).cast("double"), "is_recommended": F.lit(False), "raw_rank": F.col("rank")}
    named = name_items(lists.join(lake.read(USER_INDEX), on="user_ix", how="inner"), lake.read(ITEM_INDEX))
    rows = named.withColumns({**stamps, **unknown})
    lake.replace_partition(USER_ITEMS, MODEL, rows.select(USER_ITEMS.names))
