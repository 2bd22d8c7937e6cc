"""model.user_factors: what a model learned about each user."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

USER_FACTORS = Table(
    name="model.user_factors",
    comment="One row per (model, user with a positive strength); other users are cold.",
    columns=(
        Column("model_id", T.StringType(), "Model.", nullable=False),
        Column("user_ix", T.IntegerType(), "User, as in gold.user_index.", nullable=False),
        Column("factors", T.ArrayType(T.FloatType(), containsNull=False), "Position in taste space; als.rank numbers."),
    ),
    key=("model_id", "user_ix"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)
