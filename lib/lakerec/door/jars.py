"""Delta's jars: pinned in conf/jars.lock, fetched once by coordinate, kept in a cache, never resolved again.

Run as `python -m lakerec.door.jars` it fetches what is missing. The download is done by the Ivy that comes with Spark.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lakerec.errors import SetupError

CHECKOUT = Path(__file__).parents[3]
LOCK = CHECKOUT / "conf" / "jars.lock"
IVY_SETTINGS = CHECKOUT / "conf" / "ivysettings.xml"


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    organisation: str
    artifact: str
    revision: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """As Maven writes it."""
        return f"{self.organisation}:{self.artifact}:{self.revision}"

    @property
    def path(self) -> Path:
        """Where the jar lies in the cache, whether it is there or not."""
        return cache_folder() / f"{self.artifact}-{self.revision}.jar"


def cache_folder() -> Path:
    """Folder of the cached jars: under LAKEREC_CACHE, else the user's cache folder."""
    users_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("LAKEREC_CACHE") or users_cache / "lakerec") / "jars"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """The jars of a lock file, in its order; lines are `organisation:artifact:revision sha256:<hex>`."""
    lines = [line.split() for line in lock.read_text(encoding="utf-8").splitlines()]
    pinned = [words for words in lines if words and not words[0].startswith("#")]
    return [read_jar(coordinate, digest) for coordinate, digest in pinned]


def read_jar(coordinate: str, digest: str) -> Jar:
    """The two words of a line."""
    organisation, artifact, revision = coordinate.split(":")
    return Jar(organisation, artifact, revision, digest.removeprefix("sha256:"))


def is_good(jar: Jar) -> bool:
    """Whether the cached file is there and has the pinned hash."""
    return jar.path.is_file() and sha256_of(jar.path) == jar.sha256


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_missing(jars: Iterable[Jar]) -> list[Jar]:
    """Download what the cache lacks, or holds damaged; a file gets its name there only after its hash is right.

    Returns:
        The jars that were downloaded.

    Raises:
        SetupError: a download failed, or came with another hash than the lock's.
    """
    missing = [jar for jar in jars if not is_good(jar)]
    if missing:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".fetch-") as folder:
            retrieve(missing, Path(folder))
            for jar in missing:
                accept(jar, Path(folder) / jar.path.name)
    return missing


def accept(jar: Jar, download: Path) -> None:
    """Check the hash and move the download to its place in one step."""
    found = sha256_of(download) if download.is_file() else "nothing"
    if found != jar.sha256:
        raise SetupError(
            f"{jar.coordinate}: the download has sha256 {found}, {LOCK.name} says {jar.sha256}. "
            "Nothing was kept; check the repository that the jars come from."
        )
    download.rename(jar.path)


def retrieve(jars: Iterable[Jar], folder: Path) -> None:
    """Let Ivy download exactly these jars, without what they depend on, as `<artifact>-<revision>.jar`."""
    (folder / "ivy.xml").write_text(ivy_file(jars), encoding="utf-8")
    settings = os.environ.get("LAKEREC_IVY_SETTINGS") or str(IVY_SETTINGS)
    command = [java(), "-cp", str(ivy_jar()), "org.apache.ivy.Main", "-warn", "-settings", settings]
    command += ["-cache", str(folder / "cache"), "-ivy", str(folder / "ivy.xml")]
    command += ["-retrieve", str(folder / "[artifact]-[revision].[ext]"), "-types", "jar", "bundle"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problems = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise SetupError("Delta's jars could not be fetched. Ivy says:\n  " + "\n  ".join(problems[-15:]))


def ivy_file(jars: Iterable[Jar]) -> str:
    """The dependency list in Ivy's language."""
    lines = [
        f'<dependency org="{jar.organisation}" name="{jar.artifact}" rev="{jar.revision}" transitive="false"/>'
        for jar in jars
    ]
    info = '<info organisation="lakerec" module="jars"/>'
    return f'<ivy-module version="2.0">{info}<dependencies>{"".join(lines)}</dependencies></ivy-module>'


def ivy_jar() -> Path:
    """The Ivy that pyspark brings."""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SetupError("pyspark is not installed; run ./spark-submit.sh setup")
    return next((Path(spec.origin).parent / "jars").glob("ivy-*.jar"))


def java() -> str:
    """The java that Spark would start."""
    home = os.environ.get("JAVA_HOME")
    return f"{home}/bin/java" if home else "java"


def main() -> int:
    """Fetch what is missing and say so."""
    try:
        fetched = fetch_missing(read_lock())
    except SetupError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for jar in fetched:
        print(f"  {jar.coordinate} ({jar.path.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
