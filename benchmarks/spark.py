"""The environment in which a benchmark opens the session that a user's job would get."""

import sys
from pathlib import Path

from lakerec.door.jars import read_lock
from lakerec.door.notebook import submit_arguments

REPOSITORY = Path(__file__).parents[1]


def local_environment() -> dict[str, str]:
    """Variables for this process or a child: the local profile, Delta's jars from the cache, as the door sets them."""
    python = {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": f"{REPOSITORY / 'lib'}:{REPOSITORY}"}
    return {**python, "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1", "PYSPARK_SUBMIT_ARGS": submit_arguments("local")}


def on_two_threads() -> dict[str, str]:
    """As `local_environment`, on two cores of however many there are."""
    return {"PYSPARK_SUBMIT_ARGS": f"--master local[2] {submit_arguments('local')}"}


def plain_environment() -> dict[str, str]:
    """What a script without lakerec has: Spark as it comes, with Delta, 4 GB and two cores."""
    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.memory": "4g",
        "spark.ui.showConsoleProgress": "false",
    }
    jars = ",".join(str(jar.path) for jar in read_lock())
    shown = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    return {"PYSPARK_SUBMIT_ARGS": f"--master local[2] --jars {jars} {shown} pyspark-shell"}
