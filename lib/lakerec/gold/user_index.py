"""gold.user_index: the integer by which ALS knows a user."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

USER_INDEX = Table(
    name="gold.user_index",
    comment="One row per user that ever acted and was no bot; given once, never changed.",
    columns=(
        Column("user_id", T.StringType(), "User, with its source's namespace.", nullable=False),
        Column(
            "user_ix", T.IntegerType(), "Integer that names the user in factors and rankings; from 0.", nullable=False
        ),
    ),
    key=("user_id",),
    write=Write.APPEND,
)
