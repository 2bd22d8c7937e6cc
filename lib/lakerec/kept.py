"""Frames that are read more than once: computed once, kept as Parquet in the lake, and let go together.

Spark's own cache holds on to the plan of what it caches, and tells and compares that plan wherever the frame is read:
with frames made of kept frames, plans took longer than the data. A file's plan is its name; nor is an executor missed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from pyspark.sql import DataFrame

from lakerec.folders import delete_folder, list_folder, spark_path

Keep = Callable[[DataFrame], DataFrame]

FOLDER = "_kept"
LEFT_AFTER = timedelta(days=7)
"""No run takes as long: an older folder was left by one that was killed."""

# Dictionaries and statistics take longer to make than they spare those who read a frame once or twice.
_READ_SOON = {
    "parquet.enable.dictionary": "false",
    "parquet.column.statistics.enabled": "false",
    "parquet.size.statistics.enabled": "false",
}


@contextmanager
def kept_frames(root: str) -> Iterator[Keep]:
    """While it lasts, what it yields computes a frame at once and gives it back to be read from files.

    Args:
        root: the lake's folder or URI, which all executors see.
    """
    base, now = f"{spark_path(root)}/{FOLDER}", datetime.now(UTC)
    _sweep(base, now)
    folder, number = f"{base}/{now:%Y-%m-%d}-{uuid4().hex[:12]}", count(1)

    def keep(frame: DataFrame) -> DataFrame:
        place = f"{folder}/{next(number)}"
        frame.write.options(**_READ_SOON).parquet(place)
        return frame.sparkSession.read.schema(frame.schema).parquet(place)

    try:
        yield keep
    finally:
        delete_folder(folder)


def _sweep(base: str, now: datetime) -> None:
    oldest = f"{now - LEFT_AFTER:%Y-%m-%d}"
    for name in list_folder(base):
        if name < oldest:
            delete_folder(f"{base}/{name}")
