"""The Scala example gives the same answers from the same tables and the released model."""

import os
import subprocess
from pathlib import Path

import mlflow
import pyspark
import pytest

from lakerec.door.jars import read_lock
from lakerec.recommendations.releases import RELEASES, of_live_release
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.tracking import find_store
from tests.conftest import REPOSITORY, Shop

SPARK = Path(pyspark.__file__).parent
JAVA = [str(Path(os.environ["JAVA_HOME"]) / "bin" / "java")] if os.environ.get("JAVA_HOME") else ["java"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled with the Scala that Spark brings."""
    jar = tmp_path_factory.mktemp("scala") / "recommend.jar"
    source = REPOSITORY / "examples" / "scala" / "Recommend.scala"
    compiler = [*JAVA, "-cp", f"{SPARK}/jars/*", "scala.tools.nsc.Main", "-usejavacp", "-d", str(jar), str(source)]
    compiled = subprocess.run(compiler, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
    return jar


@pytest.fixture(scope="module")
def answers(shop: Shop, program: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What it answers on the tiny shop."""
    folder = tmp_path_factory.mktemp("answers")
    store = find_store(shop.config.tracking, shop.lake.root, "local[2]")
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_registry_uri(store.uri)
    model = mlflow.artifacts.download_artifacts("models:/lakerec@champion", dst_path=str(folder / "model"))
    jars = ",".join(str(jar.path) for jar in read_lock())
    command = [str(SPARK / "bin" / "spark-submit"), "--class", "Recommend", "--jars", jars]
    command += ["--properties-file", str(REPOSITORY / "conf" / "spark" / "local.conf"), str(program)]
    arguments = [shop.lake.root, f"{model}/sparkml", str(folder / "answers.tsv")]
    environment = {**os.environ, "SPARK_HOME": str(SPARK)}
    ran = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return [line.split("\t") for line in (folder / "answers.tsv").read_text().splitlines()]


@pytest.mark.slow
def test_scala_lists_the_same_items_in_the_same_order_with_the_same_probabilities(
    shop: Shop, answers: list[list[str]]
) -> None:
    live = of_live_release(shop.lake.read(USER_ITEMS), shop.lake.read(RELEASES))
    ours = {(row.user_id, row["rank"]): row for row in live.where("source = 'als'").collect()}

    theirs = {(user, int(rank)): rest for user, rank, *rest in answers}

    assert len(ours) > 100
    assert ours.keys() <= theirs.keys()  # our last places may have gone to items that are too new for the model
    for key, row in ours.items():
        item, score, probability, is_recommended = theirs[key]
        assert item == row.item_id
        assert float(score) == pytest.approx(row.score, abs=1e-6)
        if row.probability is None:
            assert probability == ""
        else:
            assert float(probability) == pytest.approx(row.probability, abs=1e-9)
        assert is_recommended == str(row.is_recommended).lower()
