"""Files that are written whole or not at all."""

from pathlib import Path

import pytest

from lakerec.whole_files import whole_file


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
