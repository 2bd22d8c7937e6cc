"""gold.item_popularity: what is wanted most, whoever asks."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

EXACT = T.DecimalType(38, 18)

ITEM_POPULARITY = Table(
    name="gold.item_popularity",
    comment="One row per item that has interactions, as of the same day as gold.interactions.",
    columns=(
        Column("item_ix", T.IntegerType(), "Item, as in gold.item_index.", nullable=False),
        Column("event_count", T.LongType(), "Weighted actions of all users."),
        Column("user_count", T.LongType(), "Users who did any."),
        Column("strength", T.DoubleType(), "Sum of the users' strengths, to 18 decimals."),
        Column("rank", T.IntegerType(), "1 for the strongest; ties by item_id."),
    ),
    key=("item_ix",),
    write=Write.REPLACE,
)


def rank_popularity(interactions: DataFrame, items: DataFrame) -> DataFrame:
    """The rows of gold.item_popularity.

    Strengths are summed as decimals, so that their order cannot change the last bit and with it a rank.

    Args:
        interactions: gold.interactions, or a projection at another time.
        items: gold.item_index, which knows every item of them.
    """
    rank = F.row_number().over(Window.orderBy(F.desc("strength"), "item_id"))
    return (
        interactions.groupBy("item_ix")
        .agg(
            F.sum("event_count").alias("event_count"),
            F.count("user_ix").alias("user_count"),
            F.sum(F.col("strength").cast(EXACT)).cast("double").alias("strength"),
        )
        .join(items, "item_ix", how="inner")
        .withColumn("rank", rank)
        .select(ITEM_POPULARITY.names)
    )
