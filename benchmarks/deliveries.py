"""Intake of the two awkward deliveries: very many small files, and one very large one. Seconds and memory of each.

    PYTHONPATH=lib:. .venv/bin/python benchmarks/deliveries.py [--files 10000] [--gigabytes 2] [--folder DIR]

Starts the door as a user would, on JSON lines that lie there before the clock starts: small files are compressed, the
large one lies in a gzip container as it is, since its size is asked about. Peak memory is that of the whole process
tree; it is to follow neither the number of files nor the size of one.
"""

import argparse
import gzip
import json
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from benchmarks.ingest import lines
from benchmarks.measure import measured

DOOR = Path(__file__).parents[1] / "spark-submit.sh"
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
            print(f"{name:<22}{take_in(folder, delivered)}", flush=True)


def take_in(folder: Path, delivered: int) -> str:
    """Run the job: what it used, and whether each line became a row."""
    places = [f"--lake={folder / 'lake'}", f"--landing={folder / 'landing'}", f"--result-json={folder / 'result.json'}"]
    with measured() as usage:
        subprocess.run(
            [DOOR, "ingest_events", *places], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    counts = json.loads((folder / "result.json").read_text())["counts"]
    return (
        f"{usage.wall:>8.1f} s{usage.cpu:>9.1f} cpu s{usage.peak_bytes / 1e9:>7.2f} GB   {counts['files']:,} files, "
        f"{counts['rows_out']:,} rows of {delivered:,} lines: {'equal' if counts['rows_out'] == delivered else 'LOST'}"
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
        for block in _blocks():
            file.write(block)
            written += LINES_AT_ONCE
            if file.tell() >= size:
                return written
    raise AssertionError


def _blocks() -> Iterator[bytes]:
    return (b"".join(lines(HOUR, number * LINES_AT_ONCE, LINES_AT_ONCE)) for number in count())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--folder", help="where lake and landing are made; default: the machine's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
