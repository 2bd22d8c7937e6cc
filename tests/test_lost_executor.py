"""A fit by cg on two executors, one of which is killed between two half-steps: the same factors, bit for bit."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SPARK_HOME = Path(pyspark.__file__).parent


def test_a_fit_that_loses_an_executor_ends_with_the_same_factors(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_HOME": str(SPARK_HOME),
        "PYTHONPATH": f"{REPOSITORY / 'lib'}:{REPOSITORY}",
    }

    done = subprocess.run(
        [sys.executable, __file__],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout.splitlines()
    assert said[-3:] == ["killed 1 executor", "half-steps after it: 6", "same bits: True"]


def main() -> None:
    """Be the driver: fit twice, the second time with an executor killed after the second half-step."""
    from pyspark.sql import SparkSession

    from lakerec.model import cg_als
    from tests.lib.model.test_als import CG, bits, fit_als, interactions, some_pairs

    spark = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false").getOrCreate()
    pairs = interactions(spark, some_pairs())
    expected = bits(fit_als(pairs, CG))
    half_step, steps = cg_als._Fit._half_step, []

    def disturbed(self, own, other, fixed):  # type: ignore[no-untyped-def]
        if len(steps) == 2:
            os.kill(executors()[0], signal.SIGKILL)
            print("killed 1 executor")
        steps.append(1)
        return half_step(self, own, other, fixed)

    cg_als._Fit._half_step = disturbed  # type: ignore[method-assign]
    found = bits(fit_als(pairs, CG))
    print(f"half-steps after it: {len(steps) - 2 + 1}")  # and the exact one
    print(f"same bits: {found == expected}")
    spark.stop()


def executors() -> list[int]:
    """Process ids of this driver's executors."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        driver = f"spark.driver.port={own_port()}".encode()
        if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in words and any(driver in word for word in words):
            found.append(int(entry.name))
    return sorted(found)


def own_port() -> str:
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    assert session is not None
    return str(session.sparkContext.getConf().get("spark.driver.port"))


if __name__ == "__main__":
    main()
