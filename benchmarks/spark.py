"""The environment in which a benchmark opens the session that a user's job would get."""

import sys
from pathlib import Path

from lakerec.door.notebook import submit_arguments

REPOSITORY = Path(__file__).parents[1]


def local_environment() -> dict[str, str]:
    """Variables for this process or a child: the local profile, Delta's jars from the cache, as the door sets them."""
    python = {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": f"{REPOSITORY / 'lib'}:{REPOSITORY}"}
    return {**python, "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1", "PYSPARK_SUBMIT_ARGS": submit_arguments("local")}
