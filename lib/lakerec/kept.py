"""Frames that are read more than once: computed once, and let go together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pyspark.sql import DataFrame

Keep = Callable[[DataFrame], DataFrame]


@contextmanager
def kept_frames() -> Iterator[Keep]:
    """While it lasts, frames that are given to what it yields are computed by the first who reads them."""
    with ExitStack() as kept:

        def keep(frame: DataFrame) -> DataFrame:
            kept.callback(frame.unpersist)
            return frame.persist()

        yield keep
