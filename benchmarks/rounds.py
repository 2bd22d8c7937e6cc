"""Figures of engines over the rounds of a benchmark, and the table of them."""

import math
import statistics
from collections.abc import Mapping
from typing import NamedTuple


class Spread(NamedTuple):
    """Over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """At least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return " | ".join(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" for value in self)


class Rounds(NamedTuple):
    """One figure of several engines, such as wall seconds; small is good.

    Attributes:
        values: by engine, a value for each round.
    """

    figure: str
    values: Mapping[str, list[float]]

    def ratios(self, reference: str) -> dict[str, list[float]]:
        """Engine by reference in each round: above 1 the reference is better; nan where the clock was too coarse."""
        own = self.values[reference]
        return {
            engine: [value / mine if mine > 0 else math.nan for value, mine in zip(values, own, strict=True)]
            for engine, values in self.values.items()
        }


def table(figures: list[Rounds], reference: str) -> str:
    """Markdown: per figure and engine median, smallest and largest over the rounds, and the same of the ratio.

    Args:
        reference: the engine that ratios are about: above 1, it is the better one.
    """
    lines = [f"| figure | engine | median | min | max | {reference} is better by | min | max |", "|---" * 8 + "|"]
    for each in figures:
        ratios = each.ratios(reference)
        for engine, values in each.values.items():
            lines.append(f"| {each.figure} | {engine} | {Spread.of(values)} | {Spread.of(ratios[engine])} |")
    return "\n".join(lines)
