import sys
from pathlib import Path

import pytest

from lakerec.door.doctor import (
    RUNTIME_LOCK,
    Finding,
    examine,
    look_at_jars,
    look_at_java,
    look_at_lake,
    main,
    read_versions,
)


def test_a_lake_that_does_not_exist_yet_can_be_written_and_nothing_is_left_behind(tmp_path: Path) -> None:
    finding = look_at_lake(str(tmp_path / "shop" / "lake"))

    assert finding == Finding("ok", "lake", f"{tmp_path}/shop/lake can be written")
    assert list(tmp_path.iterdir()) == []


def test_a_lake_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert look_at_lake(str(tmp_path / "file" / "lake")).state == "bad"


def test_a_missing_java_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/no/such/java")

    finding = look_at_java()

    assert finding.state == "bad"
    assert "/no/such/java/bin/java" in finding.text
    assert "openjdk-17-jre-headless" in finding.text


def test_a_java_without_the_vector_module_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho java.base@17.0.1\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert look_at_java().text.startswith("no module jdk.incubator.vector: ")


def test_missing_and_damaged_jars_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEREC_CACHE", str(tmp_path))
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "delta-storage-4.4.0.jar").write_bytes(b"half")

    findings = list(look_at_jars())

    assert [finding.state for finding in findings] == ["bad"] * 7
    assert findings[0].text.startswith("delta-spark_4.2_2.13-4.4.0.jar is missing")
    assert findings[1].text.startswith("delta-storage-4.4.0.jar has sha256 ")


def test_a_lock_may_allow_several_versions_or_absence(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
        "numpy==2.5.5 ; python_full_version >= '3.12' \\\n    --hash=sha256:11\n"
        "orjson==3.11.4 \\\n    --hash=sha256:22\n"
    )

    assert read_versions(lock) == {"numpy": {"2.4.6", "2.5.5", None}, "orjson": {"3.11.4"}}


def test_pyspark_and_delta_are_locked_to_one_version() -> None:
    versions = read_versions(RUNTIME_LOCK)

    assert (versions["pyspark"], versions["delta-spark"]) == ({"4.2.0"}, {"4.4.0"})


def test_a_machine_that_runs_these_tests_is_well(tmp_path: Path) -> None:
    findings = list(examine(str(tmp_path)))

    assert [finding for finding in findings if finding.state == "bad"] == []
    assert {"python", "java", "scala", "jar", "native BLAS", "machine", "lake"} <= {f.name for f in findings}


def test_the_exit_code_is_2_when_something_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["doctor", "--lake", str(tmp_path / "file" / "lake")])

    exit_code = main()

    assert exit_code == 2
    assert f"bad   lake         {tmp_path}/file/lake cannot be written" in capsys.readouterr().out
