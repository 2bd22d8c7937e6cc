"""The pictures of a benchmark's report, as PNG files."""

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

Ratio = tuple[float, float, float]
"""Median, smallest and largest over the rounds."""

INK, GRID = "#23303d", "#d9dee3"
BETTER, WORSE = "#1f6f8b", "#e0a458"
PARTS = (
    "#b8b8b8", "#1f6f8b", "#3fa796", "#8d6a9f", "#e0a458", "#a05c7b", "#c3aed6", "#f0cf9a", "#7fb7c9", "#6b7785",
)  # fmt: skip
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw_ratios(spreads: Mapping[str, Mapping[str, Ratio]], reference: str, file: Path) -> None:
    """A panel for each figure: bars from 1 to the median ratio, on a logarithmic axis, whiskers from min to max.

    Args:
        spreads: by figure, by engine; above 1 the reference is better.
    """
    engines = [engine for engine in next(iter(spreads.values())) if engine != reference]
    figure = Figure(figsize=(8, 0.75 + len(spreads) * (0.62 + 0.34 * len(engines))), layout="constrained")
    panels = figure.subplots(len(spreads), 1, sharex=True, squeeze=False)[:, 0]
    drawn = [spread for own in spreads.values() for spread in own.values() if _can_be_drawn(spread)]
    low, high = min((spread[1] for spread in drawn), default=1), max((spread[2] for spread in drawn), default=1)
    for panel, (name, own) in zip(panels, spreads.items(), strict=True):
        _draw_panel(panel, {engine: own[engine] for engine in engines})
        panel.set_title(name, loc="left", fontsize=10, color=INK)
    _scale(panels[-1], low, high)
    panels[-1].set_xlabel(f"times the figure of {reference}; right of 1, {reference} is better", color=INK, fontsize=9)
    figure.savefig(file, dpi=150)


def draw_parts(parts: Mapping[str, Mapping[str, float]], names: list[str], unit: str, file: Path) -> None:
    """A bar for each engine, made of its parts one after the other.

    Args:
        parts: by engine, by name.
        names: of all parts, in their order.
    """
    figure = Figure(figsize=(8, 1.3 + 0.42 * len(parts)), layout="constrained")
    axes = figure.subplots()
    for row, own in enumerate(parts.values()):
        begin = 0.0
        for name in own:
            label = name if row == 0 or name not in _names(parts, row) else None
            axes.barh(row, own[name], left=begin, height=0.62, color=PARTS[names.index(name) % len(PARTS)], label=label)
            begin += own[name]
        axes.annotate(f"{begin:,.1f}", (begin, row), xytext=(4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(parts)), list(parts))
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel(unit, color=INK, fontsize=9)
    _plain(axes)
    figure.legend(
        loc="outside upper center",
        ncols=len(names) if len(names) < 8 else -(-len(names) // 2),
        frameon=False,
        fontsize=9,
    )
    figure.savefig(file, dpi=150)


def _names(parts: Mapping[str, Mapping[str, float]], rows: int) -> set[str]:
    return {name for own in list(parts.values())[:rows] for name in own}


def _can_be_drawn(spread: Ratio) -> bool:
    """Differences of what takes next to no time may be zero or less."""
    return all(0 < number < math.inf for number in spread)


def _draw_panel(panel: Axes, spreads: Mapping[str, Ratio]) -> None:
    panel.set_xscale("log")
    for row, (median, low, high) in enumerate(spreads.values()):
        if not _can_be_drawn((median, low, high)):
            panel.annotate(" too short to measure", (1, row), va="center", color=INK, fontsize=9)
            continue
        panel.barh(row, median - 1, left=1, height=0.62, color=BETTER if median >= 1 else WORSE)
        panel.plot((low, high), (row, row), color=INK, linewidth=1.2, marker="|", markersize=7)
        place = (high, 6, "left") if median >= 1 else (low, -6, "right")
        panel.annotate(
            f"{median:.3g}", (place[0], row), xytext=(place[1], 0), textcoords="offset points", va="center",
            ha=place[2], color=INK, fontsize=9,
        )  # fmt: skip
    panel.axvline(1, color=INK, linewidth=1)
    panel.set_yticks(range(len(spreads)), list(spreads), fontsize=9)
    panel.set_ylim(len(spreads) - 0.45, -0.55)
    _plain(panel)


def _scale(panel: Axes, low: float, high: float) -> None:
    """A third more than the bars need on either side, for their numbers; ticks that people say."""
    begin, end = min(low, 1) / 1.6, max(high, 1) * 1.6
    panel.set_xlim(begin, end)
    panel.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if begin <= tick <= end]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.tick_params(colors=INK, length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
