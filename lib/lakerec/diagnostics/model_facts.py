"""Facts about a model's own numbers, which no metric of its lists would tell: they are looked at before it is released.

The strongest is `own_events_share`. ALS ends with a half-step for the users, so a user's factors are the solution of
that user's normal equations over the item factors (see `lakerec.model.fold_in`). They are solved again here from the
events that the model claims to know. A model of other events (older, newer, shuffled, of other users) does not solve
them, and neither does one whose factors were changed afterwards.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakerec.gold.interactions import FeedbackSettings, project_interactions
from lakerec.model.fold_in import Space, Weights, collect_histories, filled_up
from lakerec.model.scorer import Floats, ItemSide, collect_items

SAME = 1e-4
"""Relative distance up to which solved and stored factors are the same; float32 alone makes 1e-7."""

_OF_ROWS = (
    "finite_factor_share",
    "full_length_share",
    "nonzero_factor_share",
    "known_id_share",
    "unique_id_share",
)
_OF_NUMBERS = ("own_events_share", "effective_rank", "likeness_to_evaluated")


class Claims(NamedTuple):
    """What a stored model says of itself.

    Attributes:
        as_of: last moment that it knows; UTC.
        rank: length of its factor vectors.
    """

    model_id: str
    as_of: datetime
    rank: int
    weights: Weights
    feedback: FeedbackSettings


class Stored(NamedTuple):
    """What models are held against, and their numbers.

    Attributes:
        user_factors: model.user_factors.
        item_factors: model.item_factors.
        daily: gold.daily_interactions in the version that they were trained on.
        users: gold.user_index.
        items: gold.item_index.
    """

    user_factors: DataFrame
    item_factors: DataFrame
    daily: DataFrame
    users: DataFrame
    items: DataFrame


def fit_facts(evaluation: Claims, serving: Claims, stored: Stored, sample_users: int) -> dict[str, float | None]:
    """Facts by name; of both models the worse. Acts: six queries; collects both models' item factors.

    Returns:
        Shares of the factor rows as `fit_row_facts` gives them; own_events_share, effective_rank and
        likeness_to_evaluated, null where the rows are such that these cannot be computed.
    """
    models = (evaluation, serving)
    ranks = {model.model_id: model.rank for model in models}
    sides = ((stored.user_factors, stored.users), (stored.item_factors, stored.items))
    rows = worst([each for side in sides for each in fit_row_facts(*side, ranks).values()])
    if min(rows.values()) < 1:
        return {**rows, **dict.fromkeys(_OF_NUMBERS)}
    spaces = [_space(model, stored) for model in models]
    samples = [collect_sample(model, stored, sample_users) for model in models]
    return {**rows, **judge_numbers(spaces, samples)}


def worst(facts: list[dict[str, float]]) -> dict[str, float]:
    """The least of each fact."""
    return {name: min(each[name] for each in facts) for name in facts[0]}


def judge_numbers(spaces: list[Space], samples: list[pa.Table]) -> dict[str, float]:
    """The facts that need the numbers themselves, of the evaluation model and of the serving model.

    Args:
        samples: see `collect_sample`.
    """
    shares = [own_events_share(sample, space) for sample, space in zip(samples, spaces, strict=True)]
    ranks = [effective_rank(space.items.factors.astype(np.float64)) for space in spaces]
    likeness = likeness_of(*(space.items for space in spaces))
    return dict(zip(_OF_NUMBERS, (min(shares), min(ranks), likeness), strict=True))


def fit_row_facts(factors: DataFrame, index: DataFrame, ranks: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Shares of each model's factor rows that are as they should be; 0 for a model without rows. Acts: one query.

    Args:
        factors: model.user_factors or model.item_factors.
        index: gold.user_index or gold.item_index.
        ranks: length of factor vectors, by model.

    Returns:
        By model: finite_factor_share, full_length_share, nonzero_factor_share, known_id_share (the id is in the index)
        and unique_id_share.
    """
    id_name, ix_name = index.columns
    known = index.select(ix_name, F.col(id_name).isNotNull().alias("is_known"))
    rank = F.create_map(*[F.lit(part) for pair in ranks.items() for part in pair])[F.col("model_id")]
    counts = (
        F.count_if(F.forall("factors", _is_finite)),
        F.count_if(F.size("factors") == rank),
        F.count_if(F.exists("factors", lambda factor: factor != 0)),
        F.count_if("is_known"),
        F.count_distinct(ix_name),
    )
    shares = [(count / F.count("*")).alias(name) for count, name in zip(counts, _OF_ROWS, strict=True)]
    rows = factors.where(F.col("model_id").isin(*ranks)).join(known, on=ix_name, how="left")
    found = {row["model_id"]: row for row in rows.groupBy("model_id").agg(*shares).collect()}
    return {
        model_id: {name: float(found[model_id][name]) if model_id in found else 0.0 for name in _OF_ROWS}
        for model_id in ranks
    }


def collect_sample(model: Claims, stored: Stored, sample_users: int) -> pa.Table:
    """About so many users to the driver, with what the model learned of them and what they did; two queries.

    Returns:
        user_ix, factors (null: the model does not know the user), history as in `fold_in.collect_histories` (null: the
        user did nothing that counts).
    """
    own = stored.user_factors.where(F.col("model_id") == model.model_id).select("user_ix", "factors")
    parts = max(1, own.count() // sample_users)
    is_drawn = F.pmod(F.xxhash64(F.col("user_ix")), F.lit(parts)) == 0
    interactions = project_interactions(stored.daily.where(is_drawn), model.as_of, model.feedback)
    both = own.where(is_drawn).join(collect_histories(interactions), on="user_ix", how="full")
    return both.select("user_ix", "factors", "history").toArrow()


def own_events_share(sample: pa.Table, space: Space) -> float:
    """Share of users whose factors follow from what they did and from the item factors.

    Users with factors and without a positive strength count as well, and those with one and without factors. Nobody's
    factors follow where an item is missing that the user was drawn to.
    """
    stored = np.full((len(sample), space.rank), np.nan)
    solved = stored.copy()
    for row, factors in enumerate(sample["factors"].to_pylist()):
        stored[row] = np.nan if factors is None else factors
    acted = np.flatnonzero(sample["history"].is_valid().to_numpy())
    histories = sample["history"].drop_null().combine_chunks()
    for rows, filled in filled_up(histories, space.items, space.rank**2):
        solved[acted[rows]] = space.solve(filled)
    solved[_with_missing_items(sample["history"], space.items)] = np.inf
    counted = ~(np.isnan(stored[:, 0]) & np.isnan(solved[:, 0]))
    is_same = np.linalg.norm(stored - solved, axis=1) <= SAME * np.linalg.norm(solved, axis=1)
    is_same &= np.isfinite(solved[:, 0])
    return float(is_same[counted].mean()) if counted.any() else 0.0


def effective_rank(factors: Floats) -> float:
    """In how many directions the items differ, (Σ λ)² / Σ λ² of the eigenvalues of their covariance; 1: all on a line.

    The participation ratio. Factors that are all alike have 0.
    """
    centred = factors - factors.mean(axis=0)
    gram = centred.T @ centred
    square = float((gram**2).sum())
    return float(np.trace(gram) ** 2 / square) if square > 0 else 0.0


def likeness_of(one: ItemSide, other: ItemSide) -> float:
    """How far two models see the same items alike, 0..1, however their axes are turned.

    Linear centred kernel alignment over the items of both: ‖XᵀY‖² / (‖XᵀX‖·‖YᵀY‖) (Kornblith et al., "Similarity of
    neural network representations revisited", 2019, section 3). 0 where they share no item.
    """
    shared = np.intersect1d(one.item_ix, other.item_ix)
    x, y = (_centred(side, shared) for side in (one, other))
    size = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(x.T @ y) ** 2 / size) if size > 0 else 0.0


def _space(model: Claims, stored: Stored) -> Space:
    own = stored.item_factors.where(F.col("model_id") == model.model_id)
    return Space(collect_items(own, stored.items), model.weights)


def _with_missing_items(histories: pa.ChunkedArray, items: ItemSide) -> npt.NDArray[np.int64]:
    """Rows whose history has a positive strength for an item that the model does not know."""
    rows = pc.list_parent_indices(histories.combine_chunks()).to_numpy()
    flat = histories.combine_chunks().flatten()
    is_missing = items.positions(flat.field("item_ix").to_numpy()) < 0
    return np.unique(rows[is_missing & (flat.field("strength").to_numpy() > 0)])


def _centred(side: ItemSide, item_ix: npt.NDArray[np.int32]) -> Floats:
    factors = side.factors[side.positions(item_ix)].astype(np.float64)
    return factors - factors.mean(axis=0) if len(factors) else factors


def _is_finite(number: Column) -> Column:
    return number.isNotNull() & ~F.isnan(number) & (F.abs(number) < float("inf"))
