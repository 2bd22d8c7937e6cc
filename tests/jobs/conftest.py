"""A lake that tests of several jobs begin with."""

import pytest
from pyspark.sql import SparkSession

from jobs import diagnose_model
from lakerec.lakehouse import Lakehouse
from tests.jobs.trained_lake import configuration, fill, lake_at


@pytest.fixture(scope="session")
def diagnosed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """The trained lake, diagnosed once; to be read or copied. `counts` is what the job gave."""
    lake = lake_at(spark, tmp_path_factory.mktemp("diagnosed") / "lake")
    fill(lake)
    lake.counts = diagnose_model.main(spark, configuration(lake))  # type: ignore[attr-defined]
    return lake
