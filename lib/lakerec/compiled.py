"""Inner loops as machine code, by numba.

Whoever imports a module of compiled loops imports numba, about a second of cpu time: so that is done on executors,
where there is work, and not by whoever only knows of it. `worker_daemon` does it once for all workers of one machine.

numba keeps a loop until the file changes that it stands in: whoever changes one that another file's loops call removes
that file's `__pycache__` too.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba import types

SUMS_IN_ANY_ORDER = {"reassoc", "contract", "arcp", "nsz"}
"""What vector units need to add up. Infinities and NaN still count: they tell of numbers that went wrong."""

SUMS_IN_ORDER: set[str] = set()

NO_NAN = {"nnan", "nsz"}
"""What vector units need to compare."""


def compiled(signature: Any, arithmetic: set[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: machine code for one signature, kept on disk for the next process if some folder can be written."""
    options: Any = {"fastmath": arithmetic, "nogil": True, "error_model": "numpy"}

    def compile_now(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(signature, cache=True, **options)(function)
        except RuntimeError:  # numba found nowhere to keep it
            return numba.njit(signature, **options)(function)

    return compile_now


def read_only(number: Any, dimensions: int = 1) -> Any:
    """Type of a contiguous array that is only read."""
    return types.Array(number, dimensions, "C", readonly=True)
