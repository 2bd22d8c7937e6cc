"""What a session must bring."""

import pytest
from pyspark.sql import SparkSession

from lakerec.errors import SetupError
from lakerec.session import open_session


def test_a_configured_session_is_taken_as_it_is(spark: SparkSession) -> None:
    assert open_session("another name").sparkContext is spark.sparkContext


def test_a_session_in_another_time_zone_is_refused(spark: SparkSession) -> None:
    spark.conf.set("spark.sql.session.timeZone", "Europe/London")
    try:
        with pytest.raises(SetupError, match=r"time zone UTC are not configured. Start jobs with ./spark-submit.sh"):
            open_session("test")
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
