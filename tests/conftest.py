"""One Spark session for each worker, a fresh lake for each test that asks for one."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession
from pytest_spark.config import SparkConfigBuilder

from jobs import run_pipeline
from lakerec.config import Config, load
from lakerec.door.jars import read_lock
from lakerec.lakehouse import Lakehouse, LakeSettings

REPOSITORY = Path(__file__).parents[1]
MADE_ONCE = ("shop", "diagnosed")
SHARED_DATA = Path(os.environ.get("LAKEREC_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


def pytest_configure(config: pytest.Config) -> None:
    """Give pytest-spark the session of conf/spark/test.conf, with Delta's jars from the cache."""
    main = sys.modules["__main__"]
    if not hasattr(
        main, "__file__"
    ):  # as in a worker of pytest-xdist, which pyspark would take for its doctests and end
        main.__file__ = __file__
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_CONF_DIR": str(REPOSITORY / "conf" / "spark"), "TZ": "UTC"}
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": f"{REPOSITORY / 'lib'}:{REPOSITORY}"}
    lines = (REPOSITORY / "conf" / "spark" / "test.conf").read_text().splitlines()
    settings = dict(line.split(None, 1) for line in lines if line.strip() and not line.startswith("#"))
    settings["spark.jars"] = ",".join(str(jar.path) for jar in read_lock())
    SparkConfigBuilder.initialize([f"{key}: {value}" for key, value in settings.items()])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a lake, for `test --quick` to leave out; a job run with Spark makes its own.

    Tests of one file stay with one worker, as do all that read one of the lakes that are made once. pytest-xdist looks
    at the groups in this same hook, so this has to come first.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        is_of_a_job = item.path.is_relative_to(REPOSITORY / "tests" / "jobs") and "spark" in fixtures
        if is_of_a_job or {"lake", "shop"} & fixtures:
            item.add_marker("lake")
        shared = next((name for name in MADE_ONCE if name in fixtures), item.path.name)
        item.add_marker(pytest.mark.xdist_group(shared))


@pytest.fixture(scope="session")
def spark(spark_session: SparkSession) -> SparkSession:
    """The session of the whole test run."""
    return spark_session


@pytest.fixture
def lake_settings(tmp_path: Path) -> LakeSettings:
    """Settings of a fresh lake."""
    return LakeSettings(root=str(tmp_path / "lake"), run_id="test", rebuild=(), wait_seconds=0)


@pytest.fixture
def lake(spark: SparkSession, lake_settings: LakeSettings) -> Iterator[Lakehouse]:
    """A fresh lake."""
    yield Lakehouse(spark, lake_settings)
    spark.catalog.clearCache()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data to run against; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is not at {SHARED_DATA}; set LAKEREC_SHARED_DATA")
    return SHARED_DATA


class Shop(NamedTuple):
    """A tiny shop that went through the whole pipeline once; tests only read it."""

    lake: Lakehouse
    config: Config
    folder: Path


TINY_SHOP = {
    "shop.user_count": "150",
    "shop.item_count": "60",
    "shop.events_per_day": "900",
    "shop.days": "8",
    "shop.style_count": "4",
    "split.calibrate_days": "2",
    "split.test_days": "2",
    "als.rank": "8",
    "als.max_iter": "3",
    "calibration.minimum_positives": "5",
    "ranking.top_n": "10",
    "ranking.ks": "[5, 10]",
    "recommend.top_n": "10",
}


@pytest.fixture(scope="session")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The lake of a tiny generated shop, its configuration, and the folder that holds lake, landing and truth."""
    folder = tmp_path_factory.mktemp("shop")
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing"), "lake.run_id": "first"}
    config = load("test", {**TINY_SHOP, **places})
    run_pipeline.main(spark, config)
    return Shop(Lakehouse(spark, config.lake), config, folder)
