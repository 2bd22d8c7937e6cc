"""Folders as Arrow opens them, for what is read without Spark: delivered files, and the logs of tables."""

from pathlib import Path

import pyarrow.fs as pafs

_SCHEMES = {"s3a": "s3", "s3n": "s3", "abfss": "abfs"}
"""What Hadoop calls a file system, and what Arrow does."""


def open_folder(location: str) -> tuple[pafs.FileSystem, str]:
    """The file system of a path or URI as Spark takes it, and the path within it; a local one becomes absolute."""
    if "://" not in location:
        return pafs.LocalFileSystem(), spark_path(location)
    return pafs.FileSystem.from_uri(arrow_uri(location))


def is_local(location: str) -> bool:
    """Whether a path or URI is one of this machine's own files, which are found in no time."""
    return isinstance(open_folder(location)[0], pafs.LocalFileSystem)


def spark_path(location: str) -> str:
    """A path or URI as Spark finds it from wherever its executors work: a local one becomes absolute."""
    return location if "://" in location else str(Path(location).absolute())


def delete_folder(location: str) -> None:
    """A folder with all that is in it; nothing where there is none."""
    file_system, path = open_folder(location)
    if file_system.get_file_info(path).type == pafs.FileType.Directory:
        file_system.delete_dir(path)


def list_folder(location: str) -> list[str]:
    """Names of what is in a folder; none where there is none."""
    file_system, path = open_folder(location)
    return [info.base_name for info in file_system.get_file_info(pafs.FileSelector(path, allow_not_found=True))]


def arrow_uri(uri: str) -> str:
    """The URI by the name that Arrow knows its file system by."""
    scheme, rest = uri.split("://", 1)
    return f"{_SCHEMES.get(scheme, scheme)}://{rest}"
