"""A tiny world with a good model, and models that are bad in one way each.

500 users and 40 items of 4 styles; most of what a user does is of one style. Everything that the gate looks at is
computed from a planted model's factors and the world's events: lists, metrics with intervals, calibration, and facts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa

from lakerec.diagnostics.calibration_metrics import judge_probabilities
from lakerec.diagnostics.calibrations import Calibration, Candidates, fit_calibration, share_bought
from lakerec.diagnostics.gate_results import CHAMPION, Evidence, Key, Measure
from lakerec.diagnostics.item_facts import ItemFacts, KnownItems, describe_items
from lakerec.diagnostics.list_blocks import LIST_CODE, TRUTH_CODE, USER_CODE, Maker, Plan
from lakerec.diagnostics.probabilities import reliability
from lakerec.diagnostics.rankings import ALS, POPULARITY, TEST, VALIDATION
from lakerec.diagnostics.summaries import summarise
from lakerec.diagnostics.tallies import tally_batches
from lakerec.model.fold_in import Histories, Space, Weights
from lakerec.model.scorer import ItemSide
from tests.lib.diagnostics.measuring import travelling

USERS, ITEMS, STYLES, RANK, K = 500, 40, 4, 6, 10
CUT = date(2026, 3, 10)
WEIGHTS = Weights(alpha=4.0, reg_param=0.1)
SPLITS = (VALIDATION, TEST)


@dataclass(frozen=True)
class Side:
    """Rows of a factor table."""

    ix: list[int]
    factors: list[list[float]]

    @classmethod
    def of(cls, factors: np.ndarray) -> "Side":
        return cls(list(range(len(factors))), factors.astype(np.float32).tolist())


@dataclass(frozen=True)
class Model:
    """A stored model; `strengths` are those that the gate sees in its events, (users, items)."""

    strengths: np.ndarray
    users: Side
    items: Side


@dataclass(frozen=True)
class Planted:
    """What the gate is given.

    Attributes:
        days_behind: of the serving model.
        calibration: null: fitted on the validation window, as it should be.
        is_diagnosed: whether its lists were ever measured.
    """

    evaluation: Model
    serving: Model
    days_behind: float = 0.0
    calibration: Calibration | None = None
    is_diagnosed: bool = True
    makes_lists: bool = True


@dataclass(frozen=True)
class World:
    """What users did: strengths of training, and one purchase in each window."""

    trained: np.ndarray
    bought: dict[str, np.ndarray]
    later: np.ndarray = field(default_factory=lambda: np.empty(0))


def a_world() -> World:
    """The same each time."""
    random = np.random.default_rng(5)
    style = random.integers(STYLES, size=USERS)
    own = np.arange(ITEMS) % STYLES == style[:, np.newaxis]
    popular = random.dirichlet(np.full(ITEMS, 2.0))
    likes = np.where(own, 20.0, 1.0) * popular
    trained, bought = np.zeros((USERS, ITEMS)), {}
    for user in range(USERS):
        chosen = random.choice(ITEMS, size=5, replace=False, p=likes[user] / likes[user].sum())
        trained[user, chosen] = random.integers(1, 7, size=5)
    known = trained > 0
    for split in SPLITS:
        left = np.where(known, 0.0, likes)
        bought[split] = np.array([random.choice(ITEMS, p=row / row.sum()) for row in left])
        known = known | (np.arange(ITEMS) == bought[split][:, np.newaxis])
    return World(trained, bought, np.where(known, np.maximum(trained, 6.0 * ~(trained > 0)), 0.0))


def solve(strengths: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Users over items (or items over users), as ALS does."""
    space = Space(ItemSide(np.arange(len(items), dtype=np.int32), items.astype(np.float32)), WEIGHTS)
    return space.solve(Histories(np.tile(np.arange(len(items)), (len(strengths), 1)), strengths)).astype(np.float32)


def fit(strengths: np.ndarray, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Factors of users and of items."""
    users = np.random.default_rng(seed).normal(size=(USERS, RANK)).astype(np.float32)
    for _ in range(8):
        items = solve(strengths.T, users)
        users = solve(strengths, items)
    return users, items


def model(seen: np.ndarray, users: np.ndarray, items: np.ndarray) -> Model:
    return Model(seen, Side.of(users), Side.of(items))


def a_good_model(world: World) -> Planted:
    return Planted(*(model(seen, *fit(seen)) for seen in (world.trained, world.later)))


def with_users(planted: Planted, change: Callable[[np.ndarray], np.ndarray]) -> Planted:
    """Both models with other factors of users."""
    return _changed(planted, lambda m: replace(m, users=Side.of(change(np.array(m.users.factors)))))


def with_items(planted: Planted, change: Callable[[np.ndarray], np.ndarray]) -> Planted:
    """Both models with other items, and users who solve their equations over those."""

    def over(each: Model) -> Model:
        items = change(np.array(each.items.factors)).astype(np.float32)
        return model(each.strengths, solve(each.strengths, items), items)

    return _changed(planted, over)


def trained_on(planted: Planted, change: Callable[[np.ndarray], np.ndarray]) -> Planted:
    """Both models fitted to other events than those that they claim to know."""
    return _changed(planted, lambda m: model(m.strengths, *fit(change(m.strengths))))


def with_rows(planted: Planted, change: Callable[[Side], Side], side: str = "users") -> Planted:
    """Both models with other rows of one side."""
    return _changed(planted, lambda m: replace(m, **{side: change(getattr(m, side))}))


def _changed(planted: Planted, change: Callable[[Model], Model]) -> Planted:
    return replace(planted, evaluation=change(planted.evaluation), serving=change(planted.serving))


def space_of(planted: Model) -> Space:
    return Space(ItemSide(np.array(planted.items.ix, np.int32), np.array(planted.items.factors, np.float32)), WEIGHTS)


def sample_of(planted: Model) -> pa.Table:
    """As `model_facts.collect_sample` gives it, of all users."""
    stored = dict(zip(planted.users.ix, planted.users.factors, strict=True))
    rows = [
        {"user_ix": user, "factors": stored.get(user), "history": _history(planted.strengths, user)}
        for user in sorted({*range(USERS), *stored})
    ]
    pair = pa.struct([("item_ix", pa.int32()), ("strength", pa.float32())])
    types = [("user_ix", pa.int32()), ("factors", pa.list_(pa.float32())), ("history", pa.list_(pair))]
    return pa.Table.from_pylist(rows, pa.schema(types))


def measure(planted: Planted, champion: Planted, world: World, calibration_settings) -> dict[Key, Evidence]:
    """What the tables of diagnostics would hold of the evaluation model."""
    if not planted.is_diagnosed:
        return {}
    lists, scores = lists_of(planted.evaluation, world) if planted.makes_lists else (np.empty((0, K), int), None)
    evidence = _measured(lists, lists_of(champion.evaluation, world)[0], planted.evaluation, world)
    if scores is not None:
        evidence |= _calibrated(lists, scores, planted, world, calibration_settings)
    return evidence


def lists_of(planted: Model, world: World) -> tuple[np.ndarray, np.ndarray]:
    """The first K items and their scores; what a user has had is left out, and ties go by item."""
    users = np.zeros((USERS, RANK))
    for ix, factors in zip(planted.users.ix, planted.users.factors, strict=True):
        if ix < USERS and len(factors) == RANK:
            users[ix] = factors
    scores = np.full((USERS, ITEMS), -np.inf)
    for ix, factors in zip(planted.items.ix, planted.items.factors, strict=True):
        if ix < ITEMS and len(factors) == RANK:
            scores[:, ix] = users @ np.array(factors)
    return _best(np.where(world.trained > 0, -np.inf, scores))


def _best(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return lists, np.take_along_axis(scores, lists, axis=1)


def _history(strengths: np.ndarray, user: int) -> list[dict[str, float]] | None:
    own = np.flatnonzero(strengths[user]) if user < USERS else []
    return [{"item_ix": int(item), "strength": strengths[user, item]} for item in own] or None


def _measured(lists: np.ndarray, of_champion: np.ndarray, planted: Model, world: World) -> dict[Key, Evidence]:
    bestsellers, _ = _best(np.where(world.trained > 0, -np.inf, world.trained.sum(axis=0)))
    makers = (Maker(ALS), Maker(POPULARITY), Maker(ALS, made_by=CHAMPION))
    plan = Plan(makers, (K,), 200, 7, ("new", "1+"), _facts_of_items(planted, world))
    rows = [(user, USER_CODE, 1, 1) for user in range(USERS)]
    rows += [(user, TRUTH_CODE, 1, int(world.bought[TEST][user])) for user in range(USERS)]
    for maker, made in enumerate((lists, bestsellers, of_champion)):
        rows += [
            (user, LIST_CODE + 2 * maker + 1, rank, int(item))
            for user, listed in enumerate(made)
            for rank, item in enumerate(listed, start=1)
        ]
    tallies = pa.Table.from_batches(tally_batches([travelling(rows)], plan)).filter(pa.compute.field("split") == 1)
    measured = summarise(tallies.filter(pa.compute.field("dimension") == "history"), plan).to_pylist()
    return {_key(row): Evidence(row["value"], row["low"], row["high"], row["user_count"]) for row in measured}


def _key(row: dict) -> Key:
    compared = CHAMPION if row["baseline_model_id"] else row["baseline"]
    table = Measure.COMPARISON if compared else Measure.RANKING
    return Key(table, row["metric"], row["recommender"], compared or "", row["split"], row["slice"], row["k"])


def _facts_of_items(planted: Model, world: World) -> ItemFacts:
    counts = np.count_nonzero(world.trained, axis=0)
    known = KnownItems(np.arange(ITEMS, dtype=np.int32), counts, USERS, [None] * ITEMS, [None] * ITEMS)
    listed = np.intersect1d(planted.items.ix, np.arange(ITEMS)).astype(np.int32)
    return describe_items(known, ItemSide(listed, np.ones((len(listed), 1), np.float32)), CUT, (7,), 0)


def _calibrated(lists: np.ndarray, scores: np.ndarray, planted: Planted, world: World, settings) -> dict:
    found = {}
    for split in SPLITS:
        is_bought = lists == world.bought[split][:, np.newaxis]
        usable = np.isfinite(scores)
        users = np.repeat(np.arange(USERS), K).reshape(lists.shape)
        found[split] = Candidates(scores[usable], is_bought[usable].astype(float), users[usable])
    calibration = planted.calibration or fit_calibration(found[VALIDATION], settings)
    bins = reliability(calibration, found[TEST], settings.bin_count)
    judged = judge_probabilities(calibration, share_bought(found[VALIDATION]), found[TEST], bins)
    return {
        Key(Measure.CALIBRATION, each.metric, ALS, slice="all"): Evidence(
            each.value, each.low, each.high, each.user_count
        )
        for each in judged
    }
