"""Factors as Spark's own ALSModel, which ALSModel.load and Scala read, whichever solver they are of."""

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel

_JAVA_CLASS = "org.apache.spark.ml.recommendation.ALSModel"


def native_model(user_factors: DataFrame, item_factors: DataFrame, rank: int) -> "ALSModel":
    """Spark's model of these factors; its columns are called user_ix, item_ix and prediction.

    Spark has no public constructor of a model, so its own Java class is called, as Spark's Python does.

    Args:
        user_factors: user_ix, factors array<float>.
        item_factors: item_ix, factors array<float>.
        rank: length of the factors.
    """
    from pyspark.ml.recommendation import ALSModel
    from pyspark.ml.wrapper import JavaWrapper

    sides = [
        factors.select(F.col(name).alias("id"), F.col("factors").alias("features"))._jdf
        for name, factors in (("user_ix", user_factors), ("item_ix", item_factors))
    ]
    uid = ALSModel()._randomUID()
    model = ALSModel(JavaWrapper._new_java_obj(_JAVA_CLASS, uid, rank, *sides))
    model.setUserCol("user_ix").setItemCol("item_ix").setColdStartStrategy("drop")
    model._transfer_params_to_java()  # recommendForAllUsers does not hand them on by itself
    return model
