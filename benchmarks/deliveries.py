"""Intake of the two awkward deliveries: very many small files, and one very large one. Seconds and memory of each.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/deliveries.py [--files 10000] [--gigabytes 2] [--folder DIR]

Starts the door as a user would, on JSON lines that lie there before the clock starts: small files are compressed, the
large one lies in a gzip container as it is, since its size is asked about. Peak memory is that of the whole process
tree; it is to follow neither the number of files nor the size of one.
"""

import argparse
import gzip
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.door import said, start
from benchmarks.ingest import lines

HOUR = datetime(2026, 3, 1, tzinfo=UTC)
LINES_OF_A_SMALL_FILE = 100
LINES_AT_ONCE = 100_000


def main() -> None:
    """Deliver, take in, and print."""
    options = _options()
    shapes = {
        f"{options.files:,} files": lambda landing: deliver_small(landing, options.files),
        f"one file of {options.gigabytes:g} GB": lambda landing: deliver_large(landing, options.gigabytes * 1e9),
    }
    for name, deliver in shapes.items():
        with tempfile.TemporaryDirectory(dir=options.folder) as made:
            folder = Path(made)
            delivered = deliver(folder / "landing" / "events")
            result, usage = start("ingest_events", folder)
            files, rows = result["counts"]["files"], result["counts"]["rows_out"]
            verdict = "equal" if rows == delivered else "LOST"
            print(
                f"{name}: {said(usage)}; {files:,} files, {rows:,} rows of {delivered:,} lines: {verdict}", flush=True
            )


def deliver_small(landing: Path, files: int) -> int:
    """Write so many files of a hundred lines, a thousand in each folder; lines written."""
    for number in range(files):
        path = landing / f"{number // 1000:03}" / f"{number:06}.jsonl.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"".join(lines(HOUR, number * LINES_OF_A_SMALL_FILE, LINES_OF_A_SMALL_FILE))))
    return files * LINES_OF_A_SMALL_FILE


def deliver_large(landing: Path, size: float) -> int:
    """Write one file of about so many bytes; lines written."""
    landing.mkdir(parents=True)
    written = 0
    with gzip.open(landing / "all.jsonl.gz", "wb", compresslevel=0) as file:
        while file.tell() < size:
            file.write(b"".join(lines(HOUR, written, LINES_AT_ONCE)))
            written += LINES_AT_ONCE
    return written


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--folder", help="where lake and landing are made; default: the machine's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
