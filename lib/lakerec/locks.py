"""One writer a layer: kernel file locks that die with their process.

A lake on an object store has no such locks: there the log store's put-if-absent decides, and a run that loses a race
fails and is run again.
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from lakerec.errors import BusyError, LakeError

POLL_SECONDS = 0.2


@contextmanager
def hold_layers(root: str, layers: Sequence[str], holder: str, wait_seconds: float) -> Iterator[None]:
    """Hold the locks of `layers` (sorted by the caller, so that two runs cannot wait for each other).

    Raises:
        BusyError: another run holds one for longer than `wait_seconds`.
        LakeError: the lake's folder cannot be written.
    """
    with ExitStack() as held:
        for layer in layers if "://" not in root else ():
            held.enter_context(_hold(Path(root) / "_locks" / f"{layer}.lock", layer, holder, wait_seconds))
        yield


@contextmanager
def _hold(path: Path, layer: str, holder: str, wait_seconds: float) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise LakeError(f"lake.root: cannot write to '{path.parent.parent}' ({error.strerror}).") from error
    with file:
        _wait_for(file, layer, wait_seconds)
        file.seek(0)
        file.truncate()
        file.write(holder)
        file.flush()
        yield


def _wait_for(file: TextIO, layer: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                file.seek(0)
                raise BusyError(
                    f"{layer}: run '{file.read()}' is writing this layer. Wait for it, or run with --wait SECONDS."
                ) from error
            time.sleep(POLL_SECONDS)
