"""The pictures of the page, as SVG text."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import Row

from lakerec.diagnostics.rankings import (
    ALS,
    ITEM_KNN_BM25,
    ITEM_KNN_COSINE,
    LADDER,
    POPULARITY,
    RANDOM,
    RECENT_POPULARITY,
)
from lakerec.diagnostics.rungs import FOLD_IN, SESSION
from lakerec.report.facts import Facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PAPER = "#23303d", "#ffffff"
COLOURS = {
    ALS: "#1f6f8b",
    LADDER: "#3fa796",
    POPULARITY: "#e0a458",
    RECENT_POPULARITY: "#f0cf9a",
    ITEM_KNN_COSINE: "#8d6a9f",
    ITEM_KNN_BM25: "#c3aed6",
    RANDOM: "#b8b8b8",
    FOLD_IN: "#7a4d9c",
    SESSION: "#a05c7b",
}
LABELS = {
    ALS: "model",
    LADDER: "model, bestsellers for newcomers",
    POPULARITY: "bestsellers",
    RECENT_POPULARITY: "bestsellers lately",
    ITEM_KNN_COSINE: "item-kNN, cosine",
    ITEM_KNN_BM25: "item-kNN, BM25",
    RANDOM: "random",
    FOLD_IN: "newcomers, folded in",
    SESSION: "sessions that nobody signed in",
}
COMPARED = (ALS, POPULARITY, RECENT_POPULARITY, ITEM_KNN_COSINE, ITEM_KNN_BM25, RANDOM)
METRICS = ("recall", "precision", "ndcg", "map", "mrr", "hit_rate")


def get_ready() -> None:
    """Load what draws: two seconds, which only a page is worth, and which may pass beside the queries for it."""
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


def funnel(facts: Facts) -> str:
    """Events left after each step."""
    figure, axes = _canvas(7.2, 2.9)
    steps, counts = zip(*facts.funnel, strict=True)
    axes.barh(steps, counts, color=COLOURS[ALS], height=0.65)
    for row, count in enumerate(counts):
        axes.annotate(f"{count:,}", (count, row), xytext=(4, 0), textcoords="offset points", va="center", color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, max(1, *counts) * 1.15)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    return _svg(figure)


def against_baselines(facts: Facts) -> str:
    """Metrics of the model beside those of its baselines, with their 95 % intervals."""
    figure, axes = _canvas(7.2, 3.4)
    heights = [[facts.measured(who, metric, facts.k) for metric in METRICS] for who in COMPARED]
    _bars(axes, METRICS, heights, COMPARED)
    axes.set_ylabel(f"mean over customers, first {facts.k}")
    axes.legend(frameon=False)
    return _svg(figure)


def by_history(facts: Facts) -> str:
    """Share of customers who find something they buy, by how much the shop knew of them, with 95 % intervals."""
    figure, axes = _canvas(7.2, 3.1)
    slices = sorted({where for *_, where in facts.metrics if where != "all"}, key=_first_number)
    who = (LADDER, POPULARITY)
    _bars(axes, slices, [[facts.measured(w, "hit_rate", facts.k, s) for s in slices] for w in who], who)
    axes.set_xticks(range(len(slices)), [s.removeprefix("history=") for s in slices])
    axes.set_xlabel("events of the customer before the cut")
    axes.set_ylabel(f"hit rate, first {facts.k}")
    axes.legend(frameon=False)
    return _svg(figure)


def reliability(facts: Facts) -> str:
    """Predicted against observed probability; on the diagonal they agree."""
    figure, axes = _canvas(4.6, 4.2)
    highest = max((max(b.predicted, b.observed) for b in facts.bins), default=1.0) * 1.1
    axes.plot([0, highest], [0, highest], color="#999999", linewidth=1, linestyle="--")
    for recommender in dict.fromkeys(b.recommender for b in facts.bins):
        bins = [b for b in facts.bins if b.recommender == recommender]
        points = [b.predicted for b in bins], [b.observed for b in bins]
        axes.plot(*points, "o-", color=COLOURS[recommender], label=LABELS[recommender], markersize=5, linewidth=1.2)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share bought in the test window")
    if facts.bins:
        axes.legend(frameon=False)
    return _svg(figure)


def thresholds(facts: Facts) -> str:
    """What each threshold keeps; precision, of another size, has the axis on the right. The chosen one is marked."""
    figure, axes = _canvas(4.6, 4.2)
    right = axes.twinx()
    right.spines[["top", "left"]].set_visible(False)
    right.tick_params(colors=COLOURS[ALS], labelsize=9)
    right.set_ylabel("precision", color=COLOURS[ALS])
    at = [t.threshold for t in facts.thresholds]
    lines = []
    for side, name, colour in (
        (right, "precision", COLOURS[ALS]),
        (axes, "recall", COLOURS[POPULARITY]),
        (axes, "share", COLOURS[RANDOM]),
    ):
        lines += side.plot(at, [t[name] for t in facts.thresholds], color=colour, label=name, linewidth=1.6)
    for chosen in (t.threshold for t in facts.thresholds if t.is_chosen):
        axes.axvline(chosen, color=INK, linewidth=1, linestyle=":")
        axes.annotate("chosen", (chosen, 0.97), xytext=(4, 0), textcoords="offset points", va="top", color=INK)
    axes.set_xlabel("least probability of a recommended item")
    axes.set_ylabel("recall, share recommended")
    axes.set_ylim(0, 1)
    right.set_ylim(bottom=0)
    if at:
        axes.legend(handles=lines, frameon=False, loc="center right")
    return _svg(figure)


def _bars(axes: "Axes", groups: Sequence[str], heights: list[list[Row | None]], who: Sequence[str]) -> None:
    """Bars of metrics side by side, a whisker over each interval; without an interval there is none."""
    width = 0.8 / len(who)
    for nth, (recommender, found) in enumerate(zip(who, heights, strict=True)):
        at = [group + (nth - (len(who) - 1) / 2) * width for group in range(len(groups))]
        values = [row.value or 0 if row else 0 for row in found]
        axes.bar(at, values, width, color=COLOURS[recommender], label=LABELS[recommender])
        for place, row in zip(at, found, strict=True):
            if row and row.low is not None:
                axes.plot([place, place], [row.low, row.high], color=INK, linewidth=1)
    axes.set_xticks(range(len(groups)), groups)


def _first_number(name: str) -> tuple[int, str]:
    digits = "".join(c if c.isdigit() else " " for c in name).split()
    return (int(digits[0]) if digits else -1, name)


def _canvas(width: float, height: float) -> "tuple[Figure, Axes]":
    """A figure in inches, outside any display's or notebook's state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def _svg(figure: "Figure") -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    text = drawn.getvalue()
    return text[text.index("<svg") :]
