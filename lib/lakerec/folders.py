"""Folders as Arrow opens them, for what is read without Spark: delivered files, and the logs of tables."""

from pathlib import Path

import pyarrow.fs as pafs

_SCHEMES = {"s3a": "s3", "s3n": "s3", "abfss": "abfs"}
"""What Hadoop calls a file system, and what Arrow does."""


def open_folder(location: str) -> tuple[pafs.FileSystem, str]:
    """The file system of a path or URI as Spark takes it, and the path within it; a local one becomes absolute."""
    if "://" not in location:
        return pafs.LocalFileSystem(), str(Path(location).absolute())
    return pafs.FileSystem.from_uri(arrow_uri(location))


def arrow_uri(uri: str) -> str:
    """The URI by the name that Arrow knows its file system by."""
    scheme, rest = uri.split("://", 1)
    return f"{_SCHEMES.get(scheme, scheme)}://{rest}"
