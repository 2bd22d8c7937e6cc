import hashlib
from pathlib import Path

import pytest

from lakerec.door.jars import Jar, cache_folder, fetch_missing, is_good, read_lock, sha256_of
from lakerec.errors import SetupError

CONTENT = b"a jar's bytes"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAKEREC_CACHE", str(tmp_path / "cache"))
    return cache_folder()


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jar:
    """A jar in a Maven repository on this disk, which Ivy is told to use; it depends on another that is nowhere."""
    folder = tmp_path / "repository" / "org" / "example" / "press" / "1.0"
    folder.mkdir(parents=True)
    (folder / "press-1.0.jar").write_bytes(CONTENT)
    (folder / "press-1.0.pom").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>press</artifactId>"
        "<version>1.0</version><dependencies><dependency><groupId>org.example</groupId>"
        "<artifactId>nowhere</artifactId><version>1.0</version></dependency></dependencies></project>"
    )
    settings = tmp_path / "ivysettings.xml"
    settings.write_text(
        '<ivysettings><settings defaultResolver="disk"/><resolvers>'
        f'<ibiblio name="disk" m2compatible="true" root="{(tmp_path / "repository").as_uri()}"/>'
        "</resolvers></ivysettings>"
    )
    monkeypatch.setenv("LAKEREC_IVY_SETTINGS", str(settings))
    return Jar("org.example", "press", "1.0", DIGEST)


def test_the_lock_pins_seven_jars_each_with_a_hash() -> None:
    jars = read_lock()

    assert len(jars) == 7
    assert jars[0].coordinate == "io.delta:delta-spark_4.2_2.13:4.4.0"
    assert {len(jar.sha256) for jar in jars} == {64}


def test_a_missing_jar_is_fetched_alone_and_only_once(jar: Jar, cache: Path) -> None:
    first, second = fetch_missing([jar]), fetch_missing([jar])

    assert (first, second) == ([jar], [])
    assert [file.name for file in cache.iterdir()] == ["press-1.0.jar"]


def test_a_damaged_jar_is_fetched_again(jar: Jar, cache: Path) -> None:
    cache.mkdir(parents=True)
    jar.path.write_bytes(CONTENT[:-1])

    fetch_missing([jar])

    assert is_good(jar)


def test_a_download_with_another_hash_is_refused_and_not_kept(jar: Jar, cache: Path) -> None:
    pinned = Jar(jar.organisation, jar.artifact, jar.revision, "0" * 64)

    with pytest.raises(SetupError, match=rf"org\.example:press:1\.0: the download has sha256 {DIGEST}"):
        fetch_missing([pinned])

    assert list(cache.iterdir()) == []


def test_a_jar_that_nobody_has_is_named(jar: Jar) -> None:
    unknown = Jar("org.example", "squeeze", "9.9", "0" * 64)

    with pytest.raises(SetupError, match=r"(?s)could not be fetched.*squeeze"):
        fetch_missing([jar, unknown])

    assert not is_good(jar)


def test_the_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)

    assert sha256_of(tmp_path / "file") == DIGEST
