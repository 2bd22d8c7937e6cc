"""`doctor`: what this machine has, one line each, with the remedy where something is missing; exit code 0 or 2."""

import argparse
import ctypes.util
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lakerec.door.jars import CHECKOUT, ivy_jar, java, read_lock, sha256_of
from lakerec.errors import SetupError

RUNTIME_LOCK = CHECKOUT / "requirements" / "runtime.lock"
VECTOR_MODULE = re.compile(r"^jdk\.incubator\.vector@((\d+)\S*)", re.MULTILINE)
LOCKED_PACKAGE = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) *(;?)", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One line of the report: `ok`, `slow` (works, but could be faster) or `bad` (exit code 2)."""

    state: str
    name: str
    text: str


def main() -> int:
    """Print every finding."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh doctor", description=__doc__)
    parser.add_argument("--lake", default=default_lake(), help="folder of the lake; default: %(default)s")
    findings = list(examine(parser.parse_args().lake))
    for finding in findings:
        print(f"{finding.state:<5} {finding.name:<12} {finding.text}")
    return 2 if any(finding.state == "bad" for finding in findings) else 0


def examine(lake: str) -> Iterator[Finding]:
    """Look at everything that a run needs."""
    yield look_at_python()
    yield look_at_packages()
    yield from (look_at_package(name) for name in ("pyspark", "delta-spark", "mlflow"))
    yield look_at_java()
    yield look_at_scala()
    yield from look_at_jars()
    yield look_at_blas()
    yield look_at_machine()
    yield look_at_lake(lake)


def look_at_python() -> Finding:
    """The interpreter that runs the jobs."""
    inside = "" if sys.prefix != sys.base_prefix else "; no .venv yet: run ./spark-submit.sh setup"
    return Finding("bad" if inside else "ok", "python", f"{platform.python_version()} {sys.executable}{inside}")


def look_at_packages() -> Finding:
    """Whether every package of the runtime lock is installed in a locked version."""
    locked = read_versions(RUNTIME_LOCK)
    wrong = [
        f"{name} {installed_version(name) or 'missing'}" for name in sorted(locked) if not is_as_locked(name, locked)
    ]
    if wrong:
        shown = "; ".join(wrong[:3])
        return Finding("bad", "packages", f"{len(wrong)} not as locked ({shown}): run ./spark-submit.sh setup")
    return Finding("ok", "packages", f"{len(locked)} as in requirements/{RUNTIME_LOCK.name}")


def read_versions(lock: Path) -> dict[str, set[str | None]]:
    """Versions that a lock allows, by package; None where a condition (another system or Python) may leave it out."""
    versions: dict[str, set[str | None]] = {}
    for name, version, condition in LOCKED_PACKAGE.findall(lock.read_text(encoding="utf-8")):
        versions.setdefault(name, set()).update({version, None} if condition else {version})
    return versions


def is_as_locked(name: str, locked: dict[str, set[str | None]]) -> bool:
    """Whether what is installed, or absent, is what the lock says."""
    return installed_version(name) in locked[name]


def look_at_package(name: str) -> Finding:
    """The version of one package that people ask for."""
    installed = installed_version(name)
    return Finding("ok" if installed else "bad", name, installed or "missing: run ./spark-submit.sh setup")


def installed_version(name: str) -> str | None:
    """Version of an installed distribution."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def look_at_java() -> Finding:
    """Java 17 or 21 with the module that Spark's arithmetic uses."""
    fix = "install openjdk-17-jre-headless, or point JAVA_HOME at Java 17 or 21"
    try:
        modules = subprocess.run([java(), "--list-modules"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return Finding("bad", "java", f"no '{java()}': {fix}")
    vector = VECTOR_MODULE.search(modules)
    if vector is None or vector[2] not in ("17", "21"):
        found = vector[1] if vector else "no module jdk.incubator.vector"
        return Finding("bad", "java", f"{found}: {fix}")
    return Finding("ok", "java", f"{vector[1]} with jdk.incubator.vector")


def look_at_scala() -> Finding:
    """The Scala that Spark was built with; what a backend has to match."""
    try:
        library = next(ivy_jar().parent.glob("scala-library-*.jar"))
    except SetupError as error:
        return Finding("bad", "scala", str(error))
    return Finding("ok", "scala", library.stem.removeprefix("scala-library-"))


def look_at_jars() -> Iterator[Finding]:
    """Delta's jars in the cache against their pinned hashes."""
    for jar in read_lock():
        name = jar.path.name
        if not jar.path.is_file():
            yield Finding("bad", "jar", f"{name} is missing: run ./spark-submit.sh setup")
        elif (found := sha256_of(jar.path)) != jar.sha256:
            yield Finding("bad", "jar", f"{name} has sha256 {found}, not the locked one: delete {jar.path}, then setup")
        else:
            yield Finding("ok", "jar", f"{name} sha256 {jar.sha256[:16]}...")


def look_at_blas() -> Finding:
    """Native linear algebra, which Spark's ALS takes through JNI where the machine has it."""
    libraries = [ctypes.util.find_library(name) for name in ("blas", "lapack")]
    if all(libraries):
        return Finding("ok", "native BLAS", " ".join(str(library) for library in libraries))
    return Finding("slow", "native BLAS", "not found: solver mllib runs in plain Java. Debian: libopenblas0-pthread")


def look_at_machine() -> Finding:
    """Cores and memory; the local profile's process tree needs up to 5 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    text = f"{os.cpu_count()} cores, {memory:.1f} GB memory"
    if memory >= 6:
        return Finding("ok", "machine", text)
    return Finding("slow", "machine", f"{text}: a million events want 6 GB; see conf/spark/local.conf")


def look_at_lake(lake: str) -> Finding:
    """Write, read and delete a file in the lake's folder; leaves nothing behind."""
    if "://" in lake:
        return Finding("ok", "lake", f"{lake} is not a local folder: its write test is the first job")
    folder = Path(lake).absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=nearest, prefix=".doctor-") as file:
            file.write(b"lakerec")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding("bad", "lake", f"{folder} cannot be written: {error.strerror}")
    return Finding("ok", "lake", f"{folder} can be written")


def default_lake() -> str:
    """Where the jobs put the lake when nobody says otherwise."""
    settings = CHECKOUT / "conf" / "base.toml"
    configured = tomllib.loads(settings.read_text(encoding="utf-8"))["lake"]["root"] if settings.is_file() else "lake"
    return os.environ.get("LAKEREC_LAKE__ROOT", str(configured))


if __name__ == "__main__":
    sys.exit(main())
