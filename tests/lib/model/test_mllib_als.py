"""What only MLlib needs."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakerec.errors import SettingsError
from lakerec.model.als import fit_als
from tests.lib.model.test_als import CG, MLLIB, interactions, some_pairs


@pytest.fixture
def unset_checkpoints(spark: SparkSession) -> None:
    """No checkpoint directory, whatever tests before set one: Spark has no way to take it back."""
    context = spark.sparkContext._jsc.sc()
    getattr(context, "checkpointDir_$eq")(spark._jvm.scala.Option.empty())


@pytest.mark.usefixtures("unset_checkpoints")
def test_more_iterations_than_spark_survives_need_a_checkpoint_directory(spark: SparkSession, tmp_path: Path) -> None:
    pairs = interactions(spark, some_pairs())
    long = {"max_iter": 20}

    assert fit_als(pairs, CG.model_copy(update=long)).pair_count == len(some_pairs())  # whose plans do not grow
    with pytest.raises(SettingsError, match=r"als\.max_iter: 20 iterations are more than als\.checkpoint_interval"):
        fit_als(pairs, MLLIB.model_copy(update=long))
    spark.sparkContext.setCheckpointDir(str(tmp_path))

    assert fit_als(pairs, MLLIB.model_copy(update=long)).pair_count == len(some_pairs())
