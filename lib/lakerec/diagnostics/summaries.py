"""From sums to what is told: a value with its interval for each metric, and paired differences with a verdict."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.bootstrap import BLOCK_COUNT, MINIMUM_USERS, interval_by_halves, middle
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.list_metrics import OF_ALL_LISTS, RELEVANCE, Floats, Ints
from lakerec.diagnostics.rankings import ALS, BASELINES, NEW, POPULARITY, TEST, VALIDATION
from lakerec.diagnostics.tallies import HISTORY, Tally

MEASURED_SCHEMA = (
    "recommender string, split string, slice string, metric string, k int, value double, low double, high double, "
    "user_count long, left_out_count long, baseline string, baseline_model_id string, verdict string"
)
BETTER, WORSE, NOT_TOLD_APART = "better", "worse", "not told apart"

Source = tuple[str, str, str]
"""recommender, made_by, among: see `tallies.Key`."""


class Measured(NamedTuple):
    """One row: a metric (baseline is null), or a difference between two."""

    recommender: str
    split: str
    slice: str
    metric: str
    k: int
    value: float | None
    low: float | None
    high: float | None
    user_count: int
    left_out_count: int | None
    baseline: str | None
    baseline_model_id: str | None
    verdict: str | None


class Means(NamedTuple):
    """Means over users, by column of the plan: users with a value, mean, and the mean in each replicate."""

    counts: Floats
    value: Floats
    replicates: Floats


def summarise(table: pa.Table, plan: Plan) -> pa.Table:
    """The rows of one split and dimension.

    Args:
        table: rows as in `tallies.TALLY_SCHEMA` of all tasks.

    Returns:
        Rows as in MEASURED_SCHEMA.
    """
    rows = table.to_pylist()
    measured: list[Measured] = []
    if rows:
        split, dimension = (VALIDATION, TEST)[rows[0]["split"]], rows[0]["dimension"]
        for name, bands in _slices(dimension, sorted({row["band"] for row in rows})):
            tallies = _added(rows, bands, plan)
            measured += _metrics(tallies, plan, split, name)
            measured += _differences(tallies, plan, split, name)
    columns = zip(*measured, strict=True) if measured else [[] for _ in Measured._fields]
    types = [*[pa.string()] * 4, pa.int32(), *[pa.float64()] * 3, *[pa.int64()] * 2, *[pa.string()] * 3]
    arrays = [pa.array(list(column), type_) for column, type_ in zip(columns, types, strict=True)]
    return pa.Table.from_arrays(arrays, list(Measured._fields))


def judge(low: float, high: float) -> str:
    """What an interval of a difference says; one that touches 0, or is not there, says nothing."""
    return BETTER if low > 0 else WORSE if high < 0 else NOT_TOLD_APART


def _slices(dimension: str, bands: list[str]) -> Iterator[tuple[str, set[str]]]:
    yield from ((f"{dimension}={band}", {band}) for band in bands)
    if dimension == HISTORY:
        yield "all", set(bands)
        yield "user=new", {NEW} & {*bands}
        yield "user=returning", {*bands} - {NEW}


def _added(rows: Iterable[Mapping[str, Any]], bands: set[str], plan: Plan) -> dict[Source, Tally]:
    """The sums of all tasks and bands, by source; sources without a judged user are left out."""
    added: dict[Source, Tally] = {}
    columns = 2 * len(plan.columns)
    for row in (row for row in rows if row["band"] in bands):
        source = row["recommender"], row["made_by"], row["among"]
        tally = added.setdefault(source, Tally(np.zeros(1 + columns), np.zeros((plan.replicates, columns))))
        tally.sums += np.frombuffer(row["sums"])
        tally.replicates += np.frombuffer(row["replicates"], np.float32).reshape(plan.replicates, columns)
        tally.exposure.append(np.frombuffer(row["exposure"], np.int64).reshape(-1, 2))
    return {source: tally for source, tally in sorted(added.items()) if tally.sums[1]}


def _metrics(tallies: Mapping[Source, Tally], plan: Plan, split: str, name: str) -> Iterator[Measured]:
    is_of_users = name == "all" or name.split("=")[0] in (HISTORY, "user")
    for (recommender, _, among), tally in tallies.items():
        if among:
            continue
        users = int(tally.sums[1])
        is_of_drawn = Maker(recommender, population=0) in {
            maker._replace(serves_newcomers=False) for maker in plan.makers
        }
        left_out = int(tally.sums[0]) - users if is_of_users and is_of_drawn else None
        found = _intervals(_means(tally, plan), plan, every=is_of_users)
        if is_of_users:
            found += _of_all_lists(tally, plan, with_interval=name == "all" and users >= MINIMUM_USERS)
        for metric, k, *interval in found:
            value, low, high = map(_known, interval)
            yield Measured(recommender, split, name, metric, k, value, low, high, users, left_out, None, None, None)


def _differences(tallies: Mapping[Source, Tally], plan: Plan, split: str, name: str) -> Iterator[Measured]:
    """The model against each baseline, each of those against bestsellers, and against another model's lists."""
    for ours, theirs in (pair for pair in _pairs(tallies) if tallies.keys() >= {*pair}):
        one, other = _means(tallies[ours], plan), _means(tallies[theirs], plan)
        difference = Means(one.counts, one.value - other.value, one.replicates - other.replicates)
        for metric, k, value, low, high in _intervals(difference, plan, every=False):
            yield Measured(
                recommender=ours[0],
                split=split,
                slice=name,
                metric=metric,
                k=k,
                value=value,
                low=_known(low),
                high=_known(high),
                user_count=int(one.counts[0]),
                left_out_count=None,
                baseline=theirs[0],
                baseline_model_id=theirs[1],
                verdict=judge(low, high),
            )


def _pairs(tallies: Mapping[Source, Tally]) -> Iterator[tuple[Source, Source]]:
    for recommender, made_by, among in tallies:
        if made_by:
            yield (recommender, "", among), (recommender, made_by, among)
        elif not among and recommender in BASELINES:
            yield (ALS, "", ""), (recommender, "", "")
            if recommender != POPULARITY:
                yield (recommender, "", ""), (POPULARITY, "", "")


def _means(tally: Tally, plan: Plan) -> Means:
    columns = len(plan.columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Means(
            tally.sums[1 : 1 + columns],
            tally.sums[1 + columns :] / tally.sums[1 : 1 + columns],
            tally.replicates[:, columns:] / tally.replicates[:, :columns],
        )


def _intervals(means: Means, plan: Plan, *, every: bool) -> list[tuple[str, int, float, float, float]]:
    """(metric, k, value, low, high) of every metric, or of relevance only; nan where there is no interval."""
    low, high = middle(means.replicates)
    low, high = (np.where(means.counts >= MINIMUM_USERS, end, np.nan) for end in (low, high))
    return [
        (metric, k, float(means.value[nth]), float(low[nth]), float(high[nth]))
        for nth, (metric, k) in enumerate(plan.columns)
        if every or metric in RELEVANCE
    ]


def _of_all_lists(tally: Tally, plan: Plan, *, with_interval: bool) -> list[tuple[str, int, float, float, float]]:
    found = []
    exposure = np.zeros((BLOCK_COUNT, int(plan.items.is_listable.sum())))
    for bucket, k in enumerate(plan.ks):
        exposure += _exposure(tally.exposure, bucket, plan)
        for metric, statistic in OF_ALL_LISTS.items():
            if with_interval:
                found.append((metric, k, *interval_by_halves(exposure, statistic)))
            else:
                found.append((metric, k, float(statistic(exposure.sum(axis=0))), np.nan, np.nan))
    return found


def _exposure(counted: list[Ints], bucket: int, plan: Plan) -> Floats:
    """How often each part of the users was shown each item of the catalogue at the ranks of a bucket."""
    cells = np.concatenate([np.empty((0, 2), np.int64), *counted])
    size = BLOCK_COUNT * len(plan.items.item_ix)
    inside = cells[(cells[:, 0] >= bucket * size) & (cells[:, 0] < (bucket + 1) * size)]
    flat = np.asarray(np.bincount(inside[:, 0] - bucket * size, inside[:, 1], size), np.float64)
    return flat.reshape(BLOCK_COUNT, -1)[:, plan.items.is_listable]


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
