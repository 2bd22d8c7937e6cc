"""recommendations.ruled_out: what would have been listed but for a rule of the business."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

RULED_OUT = Table(
    name="recommendations.ruled_out",
    comment="One row per (batch, user, item) that a rule took off the user's list.",
    columns=(
        Column("batch_id", T.StringType(), "Batch in recommendations.user_items."),
        Column("user_id", T.StringType(), "For whom."),
        Column("item_id", T.StringType(), "What is not listed."),
        Column("raw_rank", T.IntegerType(), "Place in the list without rules, from 1."),
        Column("score", T.DoubleType(), "Raw score of the source."),
        Column("source", T.StringType(), "Who found it, as in recommendations.user_items."),
        Column("rule", T.StringType(), "The rule, such as 'not available', 'blocked item', 'at most 3 per category'."),
    ),
    key=("batch_id", "user_id", "item_id"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
    distinct=True,
)
