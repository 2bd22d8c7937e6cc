"""The Spark session. Spark's settings are in conf/spark/<profile>.conf, which the door hands to spark-submit."""

from pyspark.sql import SparkSession

from lakerec.errors import SetupError

DELTA = "io.delta.sql.DeltaSparkSessionExtension"


def open_session(name: str) -> SparkSession:
    """The session that spark-submit configured.

    Raises:
        SetupError: Delta or the UTC time zone is missing from Spark's settings.
    """
    spark = SparkSession.builder.appName(name).getOrCreate()
    extensions = spark.conf.get("spark.sql.extensions", "") or ""
    if DELTA not in extensions or spark.conf.get("spark.sql.session.timeZone") != "UTC":
        raise SetupError(
            "Spark: Delta and the time zone UTC are not configured. Start jobs with ./spark-submit.sh, "
            "or give spark-submit --properties-file conf/spark/<profile>.conf."
        )
    return spark
