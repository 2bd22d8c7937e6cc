"""What one writes in plain PySpark: Spark's JSON reader, MERGE, MLlib's ALS as it comes, recommendForAllUsers."""

from pyspark.ml.feature import StringIndexer, StringIndexerModel
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.ways.task import Stages, Task

SCHEMA = """event_id string, user_id string, session_id string, item_id string, action string, occurred_at timestamp,
    quantity int, price double"""
BEYOND = 80
"""Items asked for beyond the list's length, as recommendForAllUsers cannot leave out what a user knows."""


def run(task: Task, stages: Stages) -> None:
    """Leave events, strengths and lists as Delta tables."""
    spark = SparkSession.builder.getOrCreate()
    stages.ended("start")
    places = {name: str(task.target / name) for name in ("events", "strengths", "lists")}
    merge(spark, believed_events(spark, task), places["events"])
    stages.ended("clean")
    weigh(spark.read.format("delta").load(places["events"]), task).write.format("delta").save(places["strengths"])
    strengths = spark.read.format("delta").load(places["strengths"])
    stages.ended("aggregate")
    indexer = StringIndexer(inputCols=["user_id", "item_id"], outputCols=["user", "item"]).fit(strengths)
    als = task.settings["als"]
    model = ALS(
        userCol="user", itemCol="item", ratingCol="strength", implicitPrefs=True, rank=als["rank"],
        maxIter=als["max_iter"], regParam=als["reg_param"], alpha=als["alpha"], seed=als["seed"],
    ).fit(indexer.transform(strengths))  # fmt: skip
    stages.ended("train")
    n = task.settings["recommend"]["top_n"]
    found = model.recommendForAllUsers(n + BEYOND)
    named(found, indexer, strengths, n).write.format("delta").save(places["lists"])
    stages.ended("recommend")
    spark.stop()


def believed_events(spark: SparkSession, task: Task) -> DataFrame:
    """Each once, with the user who signs in later in the session, bots marked."""
    read = spark.read.schema(SCHEMA).json(f"{task.landing}/events/*")
    once = (
        read.where("event_id IS NOT NULL AND item_id <> '' AND occurred_at IS NOT NULL")
        .where(F.col("action").isin(*task.settings["events"]["actions"]))
        .withColumn("event_date", F.to_date("occurred_at"))
        .dropDuplicates(["event_date", "event_id"])
    )
    onwards = (
        Window.partitionBy("session_id").orderBy("occurred_at", "event_id").rowsBetween(0, Window.unboundedFollowing)
    )
    signed_in = once.withColumn("user_id", F.first("user_id", ignorenulls=True).over(onwards))
    return signed_in.join(bots(once, task), ["event_date", "session_id"], "left").fillna(False, "is_bot")


def bots(events: DataFrame, task: Task) -> DataFrame:
    """Sessions that are too fast, or too much of their day."""
    rules = task.settings["session"]
    minutes = (F.unix_micros(F.max("occurred_at")) - F.unix_micros(F.min("occurred_at"))) / 60e6
    sessions = events.groupBy("event_date", "session_id").agg(
        F.count("*").alias("size"),
        F.count_distinct("occurred_at").alias("moments"),
        F.greatest(F.lit(1.0), minutes).alias("minutes"),
    )
    share = F.col("size") / F.sum("size").over(Window.partitionBy("event_date"))
    is_fast = F.col("moments") / F.col("minutes") > rules["bot_max_events_per_minute"]
    is_bot = (F.col("moments") >= rules["bot_min_events"]) & (is_fast | (share > rules["bot_max_share"]))
    return sessions.select("event_date", "session_id", is_bot.alias("is_bot"))


def merge(spark: SparkSession, events: DataFrame, place: str) -> None:
    """New events into the table."""
    events.limit(0).write.format("delta").partitionBy("event_date").save(place)
    events.createOrReplaceTempView("new_events")
    spark.sql(
        f"MERGE INTO delta.`{place}` AS known USING new_events ON known.event_date = new_events.event_date "
        "AND known.event_id = new_events.event_id WHEN NOT MATCHED THEN INSERT *"
    )


def weigh(events: DataFrame, task: Task) -> DataFrame:
    """Strength of each user and item, faded by age; a return fades with the purchase it takes back."""
    feedback = task.settings["feedback"]
    weight = F.create_map(*[F.lit(each) for pair in feedback["weights"].items() for each in pair])
    daily = (
        events.where("user_id IS NOT NULL AND NOT is_bot")
        .where(F.col("action").isin(*feedback["weights"]))
        .groupBy("user_id", "item_id", "action", "event_date")
        .count()
    )
    so_far = (
        Window.partitionBy("user_id", "item_id")
        .orderBy(F.unix_date("event_date"))
        .rangeBetween(Window.unboundedPreceding, 0)
    )
    bought_on = F.max(F.when(F.col("action") == "purchase", F.col("event_date"))).over(so_far)
    counts_on = F.when(F.col("action") == "return", F.coalesce(bought_on, "event_date")).otherwise(F.col("event_date"))
    today = events.agg(F.max("event_date").alias("today"))
    age = F.datediff("today", "counts_on") / F.lit(float(feedback["half_life_days"]))
    strength = F.sum(weight[F.col("action")] * F.col("count") * F.pow(F.lit(0.5), age))
    placed = daily.withColumn("counts_on", counts_on).crossJoin(today)
    return placed.groupBy("user_id", "item_id").agg(strength.alias("strength"))


def named(found: DataFrame, indexer: StringIndexerModel, strengths: DataFrame, n: int) -> DataFrame:
    """The first n of each list that the user does not know, with ids."""
    spark = found.sparkSession
    (users, items) = (
        spark.createDataFrame(list(enumerate(labels)), f"{name} int, {name}_id string")
        for name, labels in zip(("user", "item"), indexer.labelsArray, strict=True)
    )
    flat = found.select("user", F.explode("recommendations").alias("each")).select("user", "each.item", "each.rating")
    unknown = flat.join(users, "user").join(items, "item").join(strengths, ["user_id", "item_id"], "left_anti")
    best = Window.partitionBy("user_id").orderBy(F.desc("rating"), "item_id")
    ranked = unknown.withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= n)
    return ranked.select("user_id", "rank", "item_id", F.col("rating").alias("score"))
