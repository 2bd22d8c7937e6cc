"""Files that are written whole or not at all."""

from pathlib import Path

import pytest

from lakerec.whole_files import whole_file, write_whole


def break_off(file: Path) -> None:
    with whole_file(file) as part:
        part.write_text("half")
        raise ZeroDivisionError


def test_a_file_takes_its_place_when_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("before")

    with whole_file(file) as part:
        part.write_text("after")
        assert file.read_text() == "before"

    assert file.read_text() == "after"
    assert list(tmp_path.iterdir()) == [file]


def test_what_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("before")

    with pytest.raises(ZeroDivisionError):
        break_off(file)

    assert file.read_text() == "before"


def test_a_text_replaces_the_file_as_utf8(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("before")

    write_whole(file, "ключ\n")

    assert file.read_bytes() == "ключ\n".encode()
    assert list(tmp_path.iterdir()) == [file]
