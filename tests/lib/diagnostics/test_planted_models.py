"""A good model passes the shipped definition of done; no bad one does, and each misses what it should."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lakerec.config import load
from lakerec.diagnostics.calibrations import Calibration
from lakerec.diagnostics.gate_results import CHAMPION, Evidence, Key, Measure, Verdict, judge_model, refusal
from lakerec.diagnostics.model_facts import fit_row_facts, judge_numbers, worst
from tests.lib.diagnostics.planted_models import (
    ITEMS,
    RANK,
    USERS,
    Side,
    a_good_model,
    a_world,
    fit,
    measure,
    model,
    sample_of,
    solve,
    space_of,
    trained_on,
    with_items,
    with_rows,
    with_users,
)

WORLD = a_world()
GOOD = a_good_model(WORLD)
CONFIG = load("test", {})
NUMBERS = np.random.default_rng(11)


def one_user_is(*factors):
    def change(side):
        return replace(side, factors=[list(factors), *side.factors[1:]])

    return change


def shuffled(rows):
    return NUMBERS.permutation(rows)


def on_a_line(items):
    """Every item a multiple of one direction: then everybody gets the same list."""
    sold = np.linspace(1, 2, ITEMS)[:, np.newaxis]
    return sold * np.ones((1, RANK)) * np.linalg.norm(items, axis=1).mean()


def serving_with(items):
    return replace(GOOD, serving=model(WORLD.later, solve(WORLD.later, items), items))


def leaked():
    """The evaluation model learned what it is judged by."""
    return replace(GOOD, evaluation=model(WORLD.trained, *fit(WORLD.later)))


def mostly_noise():
    """Its own events, but items far from where they belong, in both models alike."""
    noise = NUMBERS.normal(size=(ITEMS, RANK))
    return with_items(GOOD, lambda _: noise)


SERVING_ITEMS = np.array(GOOD.serving.items.factors, np.float32)

BAD = {
    "a factor is no number": (with_rows(GOOD, one_user_is(*[np.nan] * RANK)), "finite_factors"),
    "a factor is infinite": (with_rows(GOOD, one_user_is(np.inf, *[1.0] * (RANK - 1)), "items"), "finite_factors"),
    "a factor is missing": (with_rows(GOOD, one_user_is(None, *[1.0] * (RANK - 1))), "finite_factors"),
    "all users are at the origin": (with_users(GOOD, np.zeros_like), "nonzero_factors"),
    "one item is at the origin": (with_rows(GOOD, one_user_is(*[0.0] * RANK), "items"), "nonzero_factors"),
    "vectors are too short": (
        with_rows(GOOD, lambda side: replace(side, factors=[row[:-1] for row in side.factors])),
        "full_length_factors",
    ),
    "a user has two rows": (
        with_rows(GOOD, lambda side: Side([*side.ix, 3], [*side.factors, side.factors[3]])),
        "unique_ids",
    ),
    "users and items are swapped": (
        replace(
            GOOD,
            evaluation=replace(GOOD.evaluation, users=GOOD.evaluation.items, items=GOOD.evaluation.users),
            serving=replace(GOOD.serving, users=GOOD.serving.items, items=GOOD.serving.users),
        ),
        "known_ids",
    ),
    "ids are off by one": (with_rows(GOOD, lambda side: replace(side, ix=[ix + 1 for ix in side.ix])), "known_ids"),
    "it knows nobody": (with_rows(GOOD, lambda _: Side([], [])), "finite_factors"),
    "half of the users are lost": (
        with_rows(GOOD, lambda side: Side(side.ix[: USERS // 2], side.factors[: USERS // 2])),
        "own_events",
    ),
    "most items are lost": (
        replace(GOOD, serving=replace(GOOD.serving, items=Side([0, 1, 2, 3, 4, 5, 6], SERVING_ITEMS[:7].tolist()))),
        "own_events",
    ),
    "users have each other's factors": (with_users(GOOD, shuffled), "own_events"),
    "users are scaled": (with_users(GOOD, lambda users: 2 * users), "own_events"),
    "users are at random": (with_users(GOOD, lambda users: NUMBERS.normal(size=users.shape)), "own_events"),
    "it was trained on shuffled events": (trained_on(GOOD, shuffled), "own_events"),
    "it was trained on stale events": (
        trained_on(GOOD, lambda strengths: strengths * (NUMBERS.random(strengths.shape) < 0.8)),
        "own_events",
    ),
    "it saw what it is judged by": (leaked(), "own_events"),
    "the serving model is of other items": (serving_with(NUMBERS.permutation(SERVING_ITEMS)), "like_evaluated"),
    "collapsed to one list for all": (with_items(GOOD, on_a_line), "differing_items"),
    "only the serving model collapsed": (serving_with(on_a_line(SERVING_ITEMS)), "differing_items"),
    "every score is the same": (with_items(GOOD, np.ones_like), "differing_items"),
    "its items lie at random": (mostly_noise(), "beats_popularity"),
    "no list covers anything": (replace(GOOD, makes_lists=False), "coverage"),
    "its events are a month old": (replace(GOOD, days_behind=30.0), "fresh"),
    "it states three times the chance": (replace(GOOD, calibration=Calibration(-1.5, 1.0)), "calibrated"),
    "it was never measured": (replace(GOOD, is_diagnosed=False), "beats_popularity"),
}


@pytest.fixture(scope="module")
def row_facts(spark):
    """Of all planted models at once, by name; the good one has none."""
    planted = {name: bad for name, (bad, _) in BAD.items()} | {"good": GOOD}
    models = [(f"{name}/{part}", getattr(bad, part)) for name, bad in planted.items() for part in PARTS]
    ranks = dict.fromkeys([model_id for model_id, _ in models], RANK)
    found = []
    for side, ids, count in (("users", ("user_id", "user_ix"), USERS), ("items", ("item_id", "item_ix"), ITEMS)):
        index = spark.createDataFrame([(str(ix), ix) for ix in range(count)], f"{ids[0]} string, {ids[1]} int")
        found.append(fit_row_facts(_frame(spark, models, side, ids[1]), index, ranks))
    return {name: worst([of[f"{name}/{part}"] for of in found for part in PARTS]) for name in planted}


PARTS = ("evaluation", "serving")


def _frame(spark, models, side, ix_name):
    of_side = [(model_id, getattr(each, side)) for model_id, each in models]
    columns = {
        "model_id": pa.array([model_id for model_id, each in of_side for _ in each.ix]),
        ix_name: pa.array([ix for _, each in of_side for ix in each.ix], pa.int32()),
        "factors": pa.array([row for _, each in of_side for row in each.factors], pa.list_(pa.float32())),
    }
    return spark.createDataFrame(pa.table(columns))


def judged(planted, row_facts):
    facts = {**row_facts, "days_behind": planted.days_behind}
    models = [getattr(planted, part) for part in PARTS]
    numbers = dict.fromkeys(("own_events_share", "effective_rank", "likeness_to_evaluated"))
    if min(row_facts.values()) == 1:
        numbers = judge_numbers([space_of(each) for each in models], [sample_of(each) for each in models])
    evidence = {Key(Measure.FACT, name): Evidence(value) for name, value in {**facts, **numbers}.items()}
    evidence |= measure(planted, GOOD, WORLD, CONFIG.calibration)
    return judge_model(CONFIG.gate.criteria, evidence, {})


def test_a_good_model_meets_every_criterion(row_facts):
    results = judged(GOOD, row_facts["good"])

    assert {result.criterion: result.reason for result in results if result.verdict != Verdict.MET} == {}
    assert refusal(results, "good") is None


@pytest.mark.parametrize("name", BAD)
def test_a_bad_model_is_refused(name, row_facts):
    planted, criterion = BAD[name]

    results = judged(planted, row_facts[name])

    refused = refusal(results, "bad") or ""
    assert criterion in [result.criterion for result in results if result.verdict == Verdict.MISSED]
    assert f"gate: model 'bad': {criterion}: " in refused


def test_a_model_that_is_worse_than_the_one_that_is_live_is_refused(row_facts):
    """Better than bestsellers, but of one in three events: honest, and not good enough any more."""
    few = WORLD.trained * (np.random.default_rng(3).random(WORLD.trained.shape) < 1 / 3)
    few[few.sum(axis=1) == 0] = WORLD.trained[few.sum(axis=1) == 0]
    weak = model(few, *fit(few))
    planted = replace(GOOD, evaluation=weak, serving=weak)

    results = {result.criterion: result for result in judged(planted, row_facts["good"])}

    assert results["beats_popularity"].verdict == Verdict.MET
    assert results["own_events"].verdict == Verdict.MET
    assert results["not_worse_than_champion"].verdict == Verdict.MISSED
    assert CHAMPION in results["not_worse_than_champion"].metric
