"""model.item_factors: what a model learned about each item."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

ITEM_FACTORS = Table(
    name="model.item_factors",
    comment="One row per (model, item with a positive strength); other items cannot be recommended by it.",
    columns=(
        Column("model_id", T.StringType(), "Model.", nullable=False),
        Column("item_ix", T.IntegerType(), "Item, as in gold.item_index.", nullable=False),
        Column("factors", T.ArrayType(T.FloatType(), containsNull=False), "Position in taste space; als.rank numbers."),
    ),
    key=("model_id", "item_ix"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)
