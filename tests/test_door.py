"""spark-submit.sh: the one door, tried on a copy of the checkout whose path has a space in it."""

import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakerec.door.jars import read_lock

from .conftest import REPOSITORY

FOR_THE_DOOR = ("spark-submit.sh", "conf", "requirements", "jobs", "lib")

LEAVING_JOB = '''"""nothing -> console: say what was given, and leave."""
import os, sys
print("flags", sys.argv[1:])
print("folder", os.getcwd())
print("environment", os.environ["TZ"], os.environ["PYTHONHASHSEED"], os.environ["OPENBLAS_NUM_THREADS"])
print("keeps bytecode", not sys.dont_write_bytecode)
sys.exit(int(sys.argv[1]))
'''

WAITING_JOB = '''"""nothing -> console: wait to be interrupted."""
import os, time
print("waiting as", os.getpid(), flush=True)
time.sleep(60)
'''

LOOKING_JOB = '''"""nothing -> console: say whether the Java around it has mapped the classes that were kept."""
import os
print("mapped", any("spark-classes.jsa" in line for line in open(f"/proc/{os.getppid()}/maps")))
'''


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is set up: it borrows the packages of the environment that runs this test."""
    copy = copy_checkout(tmp_path_factory.mktemp("a folder"))
    (copy / "jobs" / "leave.py").write_text(LEAVING_JOB)
    (copy / "jobs" / "wait.py").write_text(WAITING_JOB)
    (copy / ".venv").mkdir()
    for entry in (REPOSITORY / ".venv").iterdir():
        if not entry.name.startswith("."):
            (copy / ".venv" / entry.name).symlink_to(entry)
    for group in ("runtime", "dev"):
        (copy / ".venv" / f".done-{group}").write_text(cksum(copy / "requirements" / f"{group}.lock"))
    return copy


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A copy without environment, whose locks name one package of one module that lies in a folder beside it."""
    copy = copy_checkout(tmp_path / "a folder")
    digest = build_wheel(tmp_path / "wheels")
    for group in ("bootstrap", "runtime", "dev"):
        (copy / "requirements" / f"{group}.lock").write_text(f"press==1.0 \\\n    --hash=sha256:{digest}\n")
    return copy


def copy_checkout(folder: Path) -> Path:
    copy = folder / "lakerec"
    copy.mkdir(parents=True)
    for name in FOR_THE_DOOR:
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy / name)
    return copy


def build_wheel(folder: Path) -> str:
    """The smallest wheel there is; returns its sha256."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "press-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("press.py", "juice = 1\n")
        wheel.writestr("press-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: press\nVersion: 1.0\n")
        wheel.writestr("press-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("press-1.0.dist-info/RECORD", "press.py,,\n")
    return hashlib.sha256((folder / "press-1.0-py3-none-any.whl").read_bytes()).hexdigest()


def cksum(file: Path) -> str:
    return subprocess.run(["cksum"], stdin=file.open("rb"), capture_output=True, text=True, check=True).stdout


def door(checkout: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the door from another folder than its own, without what the door that runs this test told its Java."""
    own = {name: value for name, value in os.environ.items() if name != "SPARK_SUBMIT_OPTS"}
    return subprocess.run(
        [str(checkout / "spark-submit.sh"), *words],
        cwd=checkout.parent,
        env={**own, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout.parents[1] / "wheels"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


# ---------------------------------------------------------------- help and wrong words


@pytest.mark.parametrize("words", [(), ("--help",), ("help",)])
def test_help_lists_every_job_and_tool_before_anything_is_installed(fresh: Path, words: tuple[str, ...]) -> None:
    done = door(fresh, *words)

    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}
    jobs = {file.stem for file in (REPOSITORY / "jobs").glob("[!_]*.py")}
    assert done.returncode == 0
    assert jobs | {"setup", "test", "doctor", "package", "sql", "notebook"} <= listed
    assert not (fresh / ".venv").exists()


def test_an_unknown_job_is_one_line_that_lists_the_known(checkout: Path) -> None:
    done = door(checkout, "bake_cake")

    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("lakerec: there is no job 'bake_cake'; known: aggregate_feedback audit_lake ")


def test_an_unknown_profile_is_one_line_that_lists_the_known(checkout: Path) -> None:
    done = door(checkout, "leave", "--profile", "mars")

    assert (done.returncode, done.stdout) == (2, "lakerec: there is no profile 'mars'; known: cluster local test\n")


def test_a_jobs_help_needs_neither_java_nor_spark(checkout: Path) -> None:
    done = door(checkout, "clean_events", "--help", JAVA_HOME="/no/such/java")

    assert done.returncode == 0
    assert done.stdout.startswith("usage: ./spark-submit.sh clean_events")
    assert "als.rank" in done.stdout


def test_a_missing_java_is_one_line_with_the_fix(checkout: Path) -> None:
    done = door(checkout, "leave", "0", JAVA_HOME="/no/such/java")

    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "lakerec: Java 17 or 21 with the module jdk.incubator.vector is needed; found '/no/such/java/bin/java'. "
        "Fix: apt-get install openjdk-17-jre-headless, or point JAVA_HOME at such a Java."
    ]


# ---------------------------------------------------------------- set-up


@pytest.mark.slow
def test_a_fresh_checkout_is_set_up_once_and_again_when_a_lock_changes(fresh: Path) -> None:
    first = door(fresh, "setup")
    second = door(fresh, "setup")
    with (fresh / "requirements" / "runtime.lock").open("a") as lock:
        lock.write("# changed\n")
    third = door(fresh, "setup")

    assert first.returncode == 0, first.stdout
    assert "installing the 1 packages of requirements/runtime.lock, hashes checked" in first.stdout
    assert len(second.stdout.splitlines()) == 1
    assert second.stdout.startswith("lakerec: everything is there")
    assert "installing the 1 packages" in third.stdout


@pytest.mark.slow
def test_a_package_with_another_hash_is_not_installed_and_not_taken_for_done(fresh: Path) -> None:
    for group in ("bootstrap", "runtime"):
        (fresh / "requirements" / f"{group}.lock").write_text(f"press==1.0 \\\n    --hash=sha256:{'0' * 64}\n")

    done = door(fresh, "setup")

    assert done.returncode == 2
    assert "the packages of requirements/runtime.lock could not be installed" in done.stdout.splitlines()[-1]
    assert not (fresh / ".venv" / ".done-runtime").exists()


def test_a_second_start_is_at_spark_within_two_seconds(checkout: Path) -> None:
    door(checkout, "leave", "--help")
    began = time.monotonic()

    door(checkout, "setup")

    assert time.monotonic() - began < 2


# ---------------------------------------------------------------- jobs


@pytest.mark.slow
@pytest.mark.parametrize("exit_code", [0, 4])
def test_a_jobs_exit_code_and_its_flags_pass_through(checkout: Path, exit_code: int) -> None:
    done = door(checkout, "leave", str(exit_code), "--as-of", "two words", "it's", PYTHONDONTWRITEBYTECODE="1")

    assert done.returncode == exit_code
    assert f"flags ['{exit_code}', '--as-of', 'two words', \"it's\"]" in done.stdout
    assert f"folder {checkout.parent}" in done.stdout
    assert "environment UTC 0 1" in done.stdout
    assert "keeps bytecode True" in done.stdout


@pytest.mark.slow
def test_spark_gets_the_profile_deltas_jars_and_what_stands_behind_two_dashes(checkout: Path) -> None:
    done = door(checkout, "leave", "0", "--profile", "test", "--", "--verbose", "--name", "two words")

    assert "flags ['0', '--profile', 'test']" in done.stdout
    assert f"{checkout}/conf/spark/test.conf" in done.stdout
    assert all(jar.path.name in done.stdout for jar in read_lock())
    assert "two words" in done.stdout


@pytest.mark.slow
def test_the_second_pipeline_keeps_what_java_loads_and_later_starts_use_it(checkout: Path) -> None:
    for name in ("run_pipeline", "look"):
        (checkout / "jobs" / f"{name}.py").write_text(LOOKING_JOB)

    first, second, third = (
        door(checkout, name).stdout.splitlines() for name in ("run_pipeline", "run_pipeline", "look")
    )

    told = [any("keeps what Java loads" in line for line in lines) for lines in (first, second, third)]
    assert told == [False, True, False]
    assert [lines[-1] for lines in (first, second, third)] == ["mapped False", "mapped False", "mapped True"]


@pytest.mark.slow
def test_an_interrupt_ends_the_job_and_all_that_it_started(checkout: Path) -> None:
    words = [str(checkout / "spark-submit.sh"), "wait"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    waiting = next(line for line in process.stdout if line.startswith("waiting as"))

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(timeout=30) != 0
    assert not is_alive_within(int(waiting.split()[-1]), seconds=10)


def is_alive_within(pid: int, seconds: float) -> bool:
    """Whether a process is still there after so long."""
    return not any(_is_gone(pid) for _ in _ticks(seconds))


def _is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.1)


# ---------------------------------------------------------------- Spark's settings


@pytest.mark.slow
def test_following_takes_what_arrives_and_ends_cleanly_when_told_to(checkout: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing" / "events"
    landing.mkdir(parents=True)
    event = '{"event_id": "%s", "item_id": "i1", "action": "view", "occurred_at": "2026-03-02T10:00:00Z"}\n'
    places = ["--lake", str(tmp_path / "lake"), "--landing", str(landing.parent)]
    deliver(landing / "one.jsonl.gz", event % "e1")
    command = [checkout / "spark-submit.sh", "ingest_events", *places, "--follow", "--every", "1s"]
    following = subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True)
    told = lines_with(following, " 1 files ")
    next(told)
    deliver(landing / "two.jsonl.gz", event % "e2")
    next(told)

    following.send_signal(signal.SIGTERM)
    rest, _ = following.communicate(timeout=60)

    assert following.returncode == 0
    assert "told to stop" in rest


def deliver(file: Path, text: str) -> None:
    file.with_suffix(".tmp").write_bytes(gzip.compress(text.encode()))
    file.with_suffix(".tmp").rename(file)


def lines_with(process: subprocess.Popen[str], part: str) -> Iterator[str]:
    assert process.stdout
    return (line for line in process.stdout if part in line)


def test_every_profile_agrees_on_what_shapes_the_tables() -> None:
    profiles = {file.stem: read_settings(file) for file in (REPOSITORY / "conf" / "spark").glob("*.conf")}
    shared = [key for key in profiles["local"] if key.startswith(("spark.sql.", "spark.databricks."))]
    for of_one_machine in ("spark.sql.shuffle.partitions", "spark.sql.files.maxPartitionBytes"):
        shared.remove(of_one_machine)

    assert set(profiles) == {"local", "test", "cluster"}
    assert [{key: settings[key] for key in shared} for settings in profiles.values()] == [
        {key: profiles["local"][key] for key in shared}
    ] * 3
    assert profiles["cluster"]["spark.master.rest.enabled"] == "false"


def read_settings(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(None, 1) for line in lines)


def test_no_committed_file_of_the_set_up_names_a_package_index() -> None:
    locks = (REPOSITORY / "requirements").glob("*.lock")
    files = [*locks, *(REPOSITORY / "conf").glob("*.*"), *(REPOSITORY / "conf" / "spark").iterdir()]

    assert len(files) > 10
    assert [file.name for file in files if "://" in file.read_text()] == []
