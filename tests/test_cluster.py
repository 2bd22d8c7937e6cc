"""A real standalone cluster: a master and two workers that know nothing of the checkout run what `package` wrote."""

import json
import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyspark
import pytest
from deltalake import DeltaTable

from .conftest import REPOSITORY, TINY_SHOP

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SPARK_HOME = Path(pyspark.__file__).parent
WORKERS = ("worker-1", "worker-2")
CLUSTER_CONF = REPOSITORY / "conf" / "spark" / "cluster.conf"


class Cluster(NamedTuple):
    """Where the master listens, what was packaged, and a folder for results."""

    address: str
    dist: Path
    environment: Path
    folder: Path


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `package` writes."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "lakerec.door.package", "--to", str(folder)]
    subprocess.run(command, cwd=REPOSITORY / "lib", check=True)
    return folder


@pytest.fixture(scope="module")
def cluster(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers on this machine's loopback, without any of our environment."""
    folder = tmp_path_factory.mktemp("cluster")
    with tarfile.open(dist / "environment.tar.gz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    address = f"spark://127.0.0.1:{free_port()}"
    processes = [start_master(folder, address)]
    try:
        await_line(folder / "master.log", "I have been elected leader")
        processes += [start_worker(folder, name, address) for name in WORKERS]
        for name in WORKERS:
            await_line(folder / f"{name}.log", "Successfully registered with master")
        yield Cluster(address, dist, folder / "unpacked", folder)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def bare_environment(folder: Path) -> dict[str, str]:
    """No PYTHONPATH, no virtual environment, nothing of lakerec."""
    java = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
    spark = {"SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), **spark, **java}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_master(folder: Path, address: str) -> subprocess.Popen[bytes]:
    host, port = address.removeprefix("spark://").split(":")
    words = ["--host", host, "--port", port, "--webui-port", "0", "--properties-file", str(CLUSTER_CONF)]
    return start(folder, "master", "org.apache.spark.deploy.master.Master", words)


def start_worker(folder: Path, name: str, address: str) -> subprocess.Popen[bytes]:
    words = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
    return start(
        folder, name, "org.apache.spark.deploy.worker.Worker", [*words, "--work-dir", str(folder / name), address]
    )


def start(folder: Path, name: str, role: str, words: list[str]) -> subprocess.Popen[bytes]:
    environment = {**bare_environment(folder), "SPARK_DAEMON_MEMORY": "256m"}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(SPARK_HOME / "bin" / "spark-class"), role, *words], cwd=folder, env=environment, stdout=log, stderr=log
        )


def await_line(log: Path, text: str) -> None:
    within(60, lambda: text in log.read_text(), f"{log.name} never said '{text}'")


def within(seconds: float, is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, otherwise
        time.sleep(0.2)


def submit(cluster: Cluster, job: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """The raw command that the platform team uses."""
    jars = ",".join(str(jar) for jar in sorted((cluster.dist / "jars").iterdir()))
    command = [
        *(str(SPARK_HOME / "bin" / "spark-submit"), "--master", cluster.address),
        *("--properties-file", str(CLUSTER_CONF), "--driver-memory", "1g", "--executor-memory", "900m"),
        *("--py-files", str(cluster.dist / "lakerec.zip"), "--jars", jars),
        *("--archives", f"{cluster.dist / 'environment.tar.gz'}#environment"),
        *("--conf", f"spark.pyspark.driver.python={cluster.environment / 'bin' / 'python'}"),
        *("--conf", "spark.sql.shuffle.partitions=4", "--conf", "spark.ui.enabled=false"),
        *(str(job), *flags),
    ]
    return subprocess.run(
        command,
        cwd=cluster.folder,
        env=bare_environment(cluster.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


def test_the_whole_pipeline_runs_on_both_workers_with_the_packaged_interpreter(cluster: Cluster) -> None:
    folder = cluster.folder
    settings = {**TINY_SHOP, "tracking.uri": f"sqlite:///{folder}/mlflow.db"}
    flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    places = ["--lake", str(folder / "lake"), "--landing", str(folder / "landing")]
    result = folder / "result.json"

    flags += ["--profile", "cluster", "--result-json", str(result)]
    done = submit(cluster, REPOSITORY / "jobs" / "run_pipeline.py", *places, *flags)

    assert done.returncode == 0, done.stdout[-3000:]
    assert json.loads(result.read_text())["status"] == "done"
    for executor in executors(folder):
        assert (executor / "environment" / "bin" / "python").exists()
        assert (executor / "lakerec.zip").exists()
        assert "Finished task" in (executor / "stderr").read_text()
    shown = DeltaTable(folder / "lake" / "recommendations" / "shown").to_pyarrow_table()
    assert shown.num_rows > 0
    assert set(shown.column_names) >= {"user_id", "rank", "item_id", "probability", "source", "release_id"}


def executors(folder: Path) -> list[Path]:
    """The working folder of the one executor of each worker."""
    found = [list((folder / name).glob("app-*/*")) for name in WORKERS]
    assert [len(folders) for folders in found] == [1, 1]
    return [folders[0] for folders in found]
