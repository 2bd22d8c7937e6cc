"""Files that are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Another name to write a file under, which then takes the file's place: no reader ever sees half of it.

    The name ends in `.tmp`, which says in a landing folder that a file is not delivered yet.
    """
    part = path.with_name(f"{path.name}.tmp")
    yield part
    part.replace(path)


def write_whole(path: Path, text: str) -> None:
    """Replace a file by this text, as UTF-8."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
