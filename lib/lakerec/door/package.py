"""`package`: what a cluster needs: dist/lakerec.zip, dist/environment.tar.gz and dist/jars.

The environment holds this machine's interpreter, its shared libraries, and the packages of requirements/runtime.lock;
it runs wherever it is unpacked, on machines with the same processor architecture and a C library at least as new. Spark
and pyspark are left out: the cluster brings them. The same checkout gives the same bytes.
"""

import argparse
import base64
import gzip
import hashlib
import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from lakerec.door.doctor import RUNTIME_LOCK, read_versions
from lakerec.door.jars import CHECKOUT, read_lock
from lakerec.errors import SetupError
from lakerec.whole_files import whole_file

CLUSTERS_OWN = {"pyspark", "py4j"}
STDLIB_LEFT_OUT = {
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "site-packages",
    "dist-packages",
    "__pycache__",
}
C_LIBRARY = re.compile(
    r"^(ld-linux|libc\.|libm\.|libdl\.|libpthread\.|librt\.|libutil\.|libresolv\.|libnsl\.|linux-vdso)"
)
LINKED_LIBRARY = re.compile(r"^\s*(\S+) => (/\S+)", re.MULTILINE)
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

LAUNCHER = f"""\
#!/bin/sh
# Starts the interpreter beside this file with the libraries beside it, wherever this folder was unpacked.
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
export LD_LIBRARY_PATH="$here/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" PYTHONNOUSERSITE=1
exec "$here/bin/{PYTHON}" "$@"
"""

SITE = f"""\
# Debian's interpreter does not look here by itself.
import site, sys
site.addsitedir(sys.prefix + "/lib/{PYTHON}/site-packages")
"""


def main() -> int:
    """Write dist/ and say what is in it."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh package", description=__doc__)
    parser.add_argument(
        "--to", type=Path, default=CHECKOUT / "dist", metavar="DIR", help="default: the checkout's dist"
    )
    parser.add_argument(
        "--reuse-environment", action="store_true", help="keep environment.tar.gz if newer than its lock"
    )
    arguments = parser.parse_args()
    folder: Path = arguments.to
    folder.mkdir(parents=True, exist_ok=True)
    try:
        whole(write_package, folder / "lakerec.zip")
        if not (arguments.reuse_environment and is_newer(folder / "environment.tar.gz", RUNTIME_LOCK)):
            whole(write_environment, folder / "environment.tar.gz")
        copy_jars(folder / "jars")
    except SetupError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def whole(write: Callable[[Path], None], target: Path) -> None:
    """Leave no half archive where a run is killed; say what was written."""
    began = time.monotonic()
    with whole_file(target) as part:
        write(part)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {time.monotonic() - began:.0f} s", flush=True)


def is_newer(file: Path, than: Path) -> bool:
    """Whether the file is there and was written after the other."""
    return file.exists() and file.stat().st_mtime > than.stat().st_mtime


def write_package(target: Path) -> None:
    """The library, the jobs, and conf/ as lakerec/conf."""
    places = (("lib/lakerec", "lakerec"), ("jobs", "jobs"), ("conf", "lakerec/conf"))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, name in places:
            for file in files_below(CHECKOUT / folder):
                inside = f"{name}/{file.relative_to(CHECKOUT / folder).as_posix()}"
                archive.writestr(zipfile.ZipInfo(inside), file.read_bytes(), zipfile.ZIP_DEFLATED)


def files_below(folder: Path) -> list[Path]:
    """Files in a fixed order, without what Python leaves behind."""
    return sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def copy_jars(folder: Path) -> None:
    """Exactly Delta's jars."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for jar in read_lock():
        shutil.copyfile(jar.path, folder / jar.path.name)


def write_environment(target: Path) -> None:
    """The archive of the Python environment."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=3, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        add_bytes(archive, "bin/python", LAUNCHER.encode(), mode=0o755)
        add_bytes(archive, f"lib/{PYTHON}/sitecustomize.py", SITE.encode())
        for name, file in sorted({**dict(interpreter_files()), **dict(package_files())}.items()):
            add_bytes(archive, name, file.read_bytes(), mode=file.stat().st_mode & 0o755)


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """One file, without time or owner."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    archive.addfile(info, io.BytesIO(content))


def interpreter_files() -> Iterator[tuple[str, Path]]:
    """The base interpreter, its standard library and the shared libraries that they need, by place in the archive."""
    executable = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    yield f"bin/{PYTHON}", executable
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    modules = [file for file in files_below(stdlib) if not is_left_out(file.relative_to(stdlib))]
    for file in modules:
        yield f"lib/{PYTHON}/{file.relative_to(stdlib).as_posix()}", file
    yield from shared_libraries([executable, *(file for file in modules if file.suffix == ".so")])


def is_left_out(path: Path) -> bool:
    """Whether jobs do without this part of the standard library."""
    top = path.parts[0]
    return top in STDLIB_LEFT_OUT or top.startswith("config-") or path.name.startswith(("_tkinter", "sitecustomize"))


def shared_libraries(binaries: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """What the dynamic linker loads for these files, but for the C library's own parts."""
    listing = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    for name, path in set(LINKED_LIBRARY.findall(listing)):
        if not C_LIBRARY.match(name):
            yield f"lib/{name}", Path(path).resolve()


def package_files() -> Iterator[tuple[str, Path]]:
    """Files of the runtime lock's packages, each held against the hash that its wheel was installed with."""
    for name, versions in read_versions(RUNTIME_LOCK).items():
        if name in CLUSTERS_OWN:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if None in versions:
                continue
            raise SetupError(f"{name} is not installed; run ./spark-submit.sh setup") from None
        if distribution.version not in versions:
            raise SetupError(f"{name} {distribution.version} is not as locked; run ./spark-submit.sh setup")
        yield from recorded_files(distribution)


def recorded_files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """A package's files below site-packages, without its tests and without scripts."""
    for record in distribution.files or ():
        if record.parts[0] == ".." or "tests" in record.parts or record.suffix == ".pyc":
            continue
        file = Path(str(record.locate()))
        if record.hash is not None and not (file.is_file() and digest(file, record.hash.mode) == record.hash.value):
            raise SetupError(f"{file} was changed after it was installed; delete .venv and run ./spark-submit.sh setup")
        yield f"lib/{PYTHON}/site-packages/{record.as_posix()}", file


def digest(file: Path, algorithm: str) -> str:
    """As a wheel's RECORD writes it."""
    with file.open("rb") as content:
        return base64.urlsafe_b64encode(hashlib.file_digest(content, algorithm).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    sys.exit(main())
