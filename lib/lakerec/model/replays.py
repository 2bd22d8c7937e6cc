"""model.replays: whether a model, made again from what model.runs says of it, has the same factors."""

from typing import TYPE_CHECKING

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.gold.interactions import FeedbackSettings, project_interactions
from lakerec.model.als_settings import AlsSettings
from lakerec.model.runs import Run

if TYPE_CHECKING:
    from lakerec.model.als import FittedAls

REPLAYS = Table(
    name="model.replays",
    comment="One row per (run, model): a model made again, and how far its factors are from the stored ones.",
    columns=(
        Column("run_id", T.StringType(), "Run that made it again.", nullable=False),
        Column("model_id", T.StringType(), "Model, as in model.runs.", nullable=False),
        Column("replayed_at", T.TimestampType(), "Start of that run; UTC."),
        Column(
            "max_difference", T.DoubleType(), "Largest absolute difference of a factor; infinite: a row is lacking."
        ),
        Column("user_count", T.LongType(), "Users compared."),
        Column("item_count", T.LongType(), "Items compared."),
        Column("source_versions", T.StringType(), "Delta version by table that was read again; JSON, sorted keys."),
    ),
    key=("run_id", "model_id"),
    write=Write.APPEND,
)


class ReplaySettings(Settings):
    """What is made again."""

    model_id: str = Field(description="model that `replay` makes again; as in model.runs")


def make_again(trained: Run, daily: DataFrame, start: DataFrame | None) -> "FittedAls":
    """Fit the model with its own settings, seed and blocks.

    Args:
        daily: gold.daily_interactions in the version that the model was trained on.
        start: item_factors that it began with; null: none.
    """
    from lakerec.model.als import fit_als  # imported where it is used: it takes a second

    interactions = project_interactions(daily, trained.as_of, FeedbackSettings(**trained.settings["feedback"]))
    return fit_als(interactions, AlsSettings(**trained.settings["als"]), start)


def hindrances(trained: Run, code_version: str, spark_version: str) -> list[str]:
    """Why the model cannot be made again here: each says what differs, and what would be needed."""
    wanted = ((trained.code_version, code_version, "lakerec"), (trained.spark_version, spark_version, "Spark"))
    return [
        f"model '{trained.model_id}' was trained by {name} {then or 'of an unknown version'}, this is {name} {now}; "
        f"other versions may give other factors. Replay it with {name} {then or 'of that version'}."
        for then, now, name in wanted
        if then != now
    ]


def differing_settings(trained: Run, als: AlsSettings) -> list[str]:
    """Settings of ALS that are others now: what was trained is replayed with those of then."""
    now = als.model_dump(mode="json")
    then = trained.settings["als"]
    return [
        f"als.{name} is {now[name]} here and was {then.get(name)} then" for name in now if now[name] != then.get(name)
    ]


def compare_factors(stored: DataFrame, again: DataFrame, ix_name: str) -> tuple[float, int]:
    """Largest absolute difference of a factor, infinite where a row or a number is lacking, and rows. Acts once.

    Args:
        stored: model.user_factors or model.item_factors of the model.
        again: the same, made again.
        ix_name: user_ix or item_ix.
    """
    both = stored.select(ix_name, F.col("factors").alias("stored")).join(again, on=ix_name, how="full")
    distances = F.zip_with("stored", "factors", lambda one, other: F.abs(one.cast("double") - other))
    unequal = F.coalesce(F.array_max(distances), F.lit(float("inf")))
    is_whole = F.coalesce(F.size("stored") == F.size("factors"), F.lit(False))
    largest = F.max(F.when(is_whole, unequal).otherwise(float("inf"))).alias("largest")
    found = both.agg(largest, F.count("*").alias("rows")).first()
    assert found is not None  # an aggregate without groups has one row
    return (float("inf") if found["largest"] is None else float(found["largest"])), int(found["rows"])
