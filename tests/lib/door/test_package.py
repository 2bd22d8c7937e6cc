import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from lakerec.door.jars import CHECKOUT, read_lock
from lakerec.door.package import copy_jars, interpreter_files, recorded_files, whole, write_package
from lakerec.errors import SetupError


@pytest.fixture
def distribution(tmp_path: Path) -> metadata.Distribution:
    """An installed package of one module, one test, one script."""
    content = b"juice = 1\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    for name in ("press.py", "press/tests/test_press.py", "press-1.0.dist-info/RECORD"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "press-1.0.dist-info" / "RECORD").write_text(
        f"press.py,sha256={digest},10\npress/tests/test_press.py,sha256={digest},10\n"
        f"../../../bin/press,sha256={digest},10\npress-1.0.dist-info/RECORD,,\n"
    )
    return metadata.PathDistribution(tmp_path / "press-1.0.dist-info")


def test_the_same_checkout_gives_the_same_bytes(tmp_path: Path) -> None:
    write_package(tmp_path / "one.zip")
    write_package(tmp_path / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_zip_holds_the_library_the_jobs_and_the_configuration(tmp_path: Path) -> None:
    write_package(tmp_path / "lakerec.zip")

    names = zipfile.ZipFile(tmp_path / "lakerec.zip").namelist()

    assert {"lakerec/errors.py", "jobs/run_pipeline.py", "lakerec/conf/base.toml"} <= set(names)
    assert {file.name for file in (CHECKOUT / "conf" / "sources").iterdir()} <= {Path(name).name for name in names}
    assert not [name for name in names if "__pycache__" in name]


def test_the_zip_is_enough_to_load_the_settings_far_from_the_checkout(tmp_path: Path) -> None:
    write_package(tmp_path / "lakerec.zip")
    script = "import lakerec.config as c; print(c.__file__); print(c.load('cluster', {}).landing.source)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "lakerec.zip")}

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [f"{tmp_path}/lakerec.zip/lakerec/config.py", "shop"]


def test_a_package_is_taken_without_its_tests_and_scripts(distribution: metadata.Distribution) -> None:
    folder = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"

    names = [name for name, _ in recorded_files(distribution)]

    assert names == [f"{folder}/press.py", f"{folder}/press-1.0.dist-info/RECORD"]


def test_a_package_that_was_changed_after_it_was_installed_is_refused(
    distribution: metadata.Distribution, tmp_path: Path
) -> None:
    (tmp_path / "press.py").write_text("juice = 2\n")

    with pytest.raises(SetupError, match=r"press\.py was changed after it was installed"):
        list(recorded_files(distribution))


def test_the_interpreter_is_taken_without_its_own_tests_and_other_packages() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"

    names = {name for name, _ in interpreter_files()}

    assert {f"bin/{version}", f"lib/{version}/os.py"} <= names
    assert not [name for name in names if name.startswith((f"lib/{version}/test/", f"lib/{version}/site-packages/"))]
    assert not [name for name in names if name.startswith("lib/libc.so")]


def test_the_jars_folder_holds_exactly_the_locked_jars(tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "old-1.0.jar").touch()

    copy_jars(tmp_path / "jars")

    assert {file.name for file in (tmp_path / "jars").iterdir()} == {jar.path.name for jar in read_lock()}


def test_a_failed_write_leaves_no_archive(tmp_path: Path) -> None:
    def fail_halfway(target: Path) -> None:
        target.write_bytes(b"half")
        raise SetupError("the disk is full")

    with pytest.raises(SetupError):
        whole(fail_halfway, tmp_path / "archive")

    assert not (tmp_path / "archive").exists()
