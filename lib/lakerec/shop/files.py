"""Files of the shop: written whole or not at all, and never over others."""

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path

from lakerec.errors import SettingsError
from lakerec.whole_files import whole_file

COMPRESSION_LEVEL = 1


def write_once(path: Path, lines: Iterable[bytes]) -> bool:
    """Write `lines` as a gzip file, or leave the equal file that is there.

    Returns:
        Whether the file was written.

    Raises:
        SettingsError: A file of that name with other content is there.
    """
    content = b"".join(line + b"\n" for line in lines)
    if path.exists():
        if _content(path) != content:
            raise SettingsError(
                f"{path}: holds other lines than these settings make; nothing was overwritten. Generate into an empty"
                " landing folder, or with the seed and [shop] settings that made this one."
            )
        return False
    replace(path, gzip.compress(content, COMPRESSION_LEVEL, mtime=0))
    return True


def replace(path: Path, content: bytes) -> None:
    """Write a file whole, in folders that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(content)


def _content(path: Path) -> bytes | None:
    """What the gzip file holds; None if it is none."""
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None
