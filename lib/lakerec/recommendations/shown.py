"""recommendations.shown: the lists of the live release, for readers who know nothing of releases."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

SHOWN = Table(
    name="recommendations.shown",
    comment="One row per (user, rank) of the live release.",
    columns=(
        Column("user_id", T.StringType(), "For whom."),
        Column("rank", T.IntegerType(), "Place in the user's list, from 1."),
        Column("item_id", T.StringType(), "What is recommended."),
        Column("probability", T.DoubleType(), "Chance of a relevant action; 0..1, null where not calibrated."),
        Column("is_recommended", T.BooleanType(), "Whether probability reaches the chosen threshold."),
        Column("source", T.StringType(), "Who found it: als, popularity."),
        Column("release_id", T.StringType(), "The live release, as in recommendations.releases."),
    ),
    key=("user_id", "rank"),
    write=Write.REPLACE,
    distinct=True,
)


def show_release(user_items: DataFrame, release_id: str) -> DataFrame:
    """The rows of recommendations.shown.

    Args:
        user_items: recommendations.user_items of the release's batch.
    """
    return user_items.withColumn("release_id", F.lit(release_id)).select(SHOWN.names)


def shown_release(shown: Sequence[Mapping[str, Any]]) -> str | None:
    """The release that recommendations.shown was written from, by any of its rows; None where there is none."""
    return shown[0]["release_id"] if shown else None
