"""What a benchmark found: printed as it goes, and kept as Markdown with pictures beside machine and versions."""

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pictures import draw_parts, draw_ratios
from benchmarks.rounds import Rounds, Spread, table
from benchmarks.spark import REPOSITORY
from lakerec.door.doctor import installed_version, look_at_blas, look_at_java, look_at_machine, look_at_python

PACKAGES = ("pyspark", "delta-spark", "numpy", "numba", "implicit", "irspack", "duckdb", "polars")


class Report:
    """Collects what is said; `write` leaves it in a folder.

    Args:
        name: of the benchmark.
        about: what is compared; the head of its module.
        folder: of `report.md` and its pictures; what an earlier run left there is replaced.
    """

    def __init__(self, name: str, about: str, folder: Path) -> None:
        self.folder = folder
        self._blocks = [f"# {name}", about.strip(), machine()]
        self._pictures = 0
        print(self._blocks[-1] + "\n", flush=True)

    def say(self, text: str) -> None:
        """A paragraph or table, in Markdown."""
        print(text + "\n", flush=True)
        self._blocks.append(text)

    def compare(self, figures: list[Rounds], reference: str) -> None:
        """A table of all figures and engines, and a picture of the ratios."""
        self.say(table(figures, reference))
        spreads = {
            each.figure: {engine: Spread.of(ratios) for engine, ratios in each.ratios(reference).items()}
            for each in figures
        }
        draw_ratios(spreads, reference, self._next_picture(f"How many times better {reference} is than the others"))

    def take_apart(self, parts: Mapping[str, Mapping[str, float]], unit: str) -> None:
        """What a whole consists of, such as seconds of stages: a table, and a picture.

        Args:
            parts: by engine, its parts by name, in their order.
        """
        names = list(dict.fromkeys(name for own in parts.values() for name in own))
        lines = [f"| {unit} | " + " | ".join(names) + " | sum |", "|---" * (len(names) + 2) + "|"]
        for engine, own in parts.items():
            cells = [f"{own[name]:,.1f}" if name in own else "" for name in names]
            lines.append(f"| {engine} | " + " | ".join(cells) + f" | {sum(own.values()):,.1f} |")
        self.say("\n".join(lines))
        draw_parts(parts, names, unit, self._next_picture(f"What the {unit} consist of"))

    def write(self) -> None:
        """Leave the report in its folder, and say where."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "report.md"
        file.write_text("\n\n".join(self._blocks) + "\n", encoding="utf-8")
        print(f"report: {file}")

    def _next_picture(self, title: str) -> Path:
        self._pictures += 1
        file = self.folder / f"{self._pictures}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        self._blocks.append(f"![{title}]({file.name})")
        return file


def machine() -> str:
    """Where and with what it was measured, a line each."""
    versions = {name: installed_version(name) for name in PACKAGES}
    shown = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    load = f"load {os.getloadavg()[0]:.1f} when it began, {datetime.now(UTC):%Y-%m-%d}"
    lines = [
        f"{_cpu()}, {look_at_machine().text}; {load}",
        f"Python {look_at_python().text.split()[0]}, Java {look_at_java().text.split()[0]}, {shown}",
        f"native BLAS for Java: {look_at_blas().text}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def add_report_flag(parser: argparse.ArgumentParser, name: str) -> None:
    """`--report DIR`."""
    folder = REPOSITORY / "build" / "benchmarks" / name
    parser.add_argument("--report", type=Path, default=folder, metavar="DIR", help="default: build/benchmarks/" + name)


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown cpu")
