"""gold.item_index: the integer by which ALS knows an item."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

ITEM_INDEX = Table(
    name="gold.item_index",
    comment="One row per item that was ever acted on by no bot; given once, never changed.",
    columns=(
        Column("item_id", T.StringType(), "Item, with its source's namespace.", nullable=False),
        Column(
            "item_ix", T.IntegerType(), "Integer that names the item in factors and rankings; from 0.", nullable=False
        ),
    ),
    key=("item_id",),
    write=Write.APPEND,
)
