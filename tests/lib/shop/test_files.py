import gzip
from pathlib import Path

import pytest

from lakerec.errors import SettingsError
from lakerec.shop.files import replace, write_once


def test_lines_are_written_compressed_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "events" / "00.jsonl.gz"

    is_written = write_once(path, [b"a", b"b"])

    assert is_written
    assert gzip.decompress(path.read_bytes()) == b"a\nb\n"
    assert list(path.parent.iterdir()) == [path]


def test_the_same_lines_make_the_same_bytes(tmp_path: Path) -> None:
    write_once(tmp_path / "a.gz", [b"line"])
    write_once(tmp_path / "b.gz", [b"line"])

    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_an_equal_file_is_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"line\n", 9, mtime=5))
    before = path.read_bytes()

    is_written = write_once(path, [b"line"])

    assert not is_written
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [gzip.compress(b"other\n", mtime=0), gzip.compress(b"line\n", mtime=0)[:-3], b"no gzip", b""]
)
def test_a_file_with_other_content_is_named_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=r"a\.gz: holds other lines .* nothing was overwritten"):
        write_once(path, [b"line"])

    assert path.read_bytes() == content


def test_replacing_swaps_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "truth" / "users.parquet"

    replace(path, b"long content")
    replace(path, b"short")

    assert path.read_bytes() == b"short"
