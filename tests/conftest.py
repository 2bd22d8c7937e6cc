"""One Spark session for the whole run, a fresh lake for each test that asks for one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pytest_spark.config import SparkConfigBuilder

from lakerec.lakehouse import Lakehouse, LakeSettings

REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = Path(os.environ.get("LAKEREC_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


def pytest_configure(config: pytest.Config) -> None:
    """Give pytest-spark the session of conf/spark/test.conf, with Delta's jars from the cache."""
    lines = (REPOSITORY / "conf" / "spark" / "test.conf").read_text().splitlines()
    settings = dict(line.split(None, 1) for line in lines if line.strip() and not line.startswith("#"))
    settings["spark.jars"] = ",".join(str(jar) for jar in sorted(jar_cache().glob("*.jar")))
    SparkConfigBuilder.initialize([f"{key}: {value}" for key, value in settings.items()])


def jar_cache() -> Path:
    """Where the door keeps Delta's jars."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("LAKEREC_CACHE", caches / "lakerec")) / "jars"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a lake is marked so, for `test --quick` to leave out."""
    for item in items:
        if "lake" in getattr(item, "fixturenames", ()):
            item.add_marker("lake")


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
