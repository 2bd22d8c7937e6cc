"""Learned action weights: which pairs are counted, what is learned of them, and the shops' planted truth."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression

from lakerec.config import load, load_source
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.model.action_weights import (
    ActionWeightSettings,
    PairCounts,
    count_pairs,
    fit_action_weights,
    learn_weights,
)
from lakerec.shop.generate import generate_shop
from tests.lake_oracle.files import delivered, read_file
from tests.lake_oracle.gold import count_days
from tests.lake_oracle.silver import believe, keep_first, link_users, make_sessions, summarise_sessions
from tests.lib.shop.shops import a_shop

SETTINGS = load("test", {}).action_weights
FIRST = date(2026, 3, 1)
SEED = 5


def a_day(nth: int, user: int, item: int, action: str, hour: int = 12, count: int = 1) -> tuple:
    day = FIRST + timedelta(days=nth)
    at = datetime.combine(day, time(hour), UTC)
    return (day, user, item, action, count, None, at, at)


def counted(spark, rows: list[tuple], last: int = 9) -> dict[tuple[int, ...], tuple[int, int]]:
    """(scrolls, views, carts) -> (pairs, bought)."""
    daily = spark.createDataFrame(rows, DAILY_INTERACTIONS.schema)
    found: dict[tuple[int, ...], tuple[int, int]] = {}
    for row in count_pairs(daily, FIRST + timedelta(days=last), SETTINGS).collect():
        pairs, bought = found.get(tuple(row.events), (0, 0))
        found[tuple(row.events)] = (pairs + row.pairs, bought + row.bought)
    return found


def planted(size: int = 40_000) -> PairCounts:
    """Pairs whose log-odds are -2 + 0.3 scroll + 0.5 view + 1 cart."""
    rng = np.random.default_rng(SEED)
    events = rng.integers(0, 4, (size, 3)).astype(float)
    probability = 1 / (1 + np.exp(2 - events @ [0.3, 0.5, 1.0]))
    return PairCounts(rng.integers(0, 64, size), events, np.ones(size), (rng.random(size) < probability).astype(float))


def test_pairs_are_counted_within_seven_days_of_their_first_action_and_up_to_their_purchase(spark):
    rows = [
        *[a_day(0, 1, 1, "view", count=2), a_day(6, 1, 1, "cart"), a_day(7, 1, 1, "view")],  # the eighth day is out
        *[a_day(0, 1, 2, "view"), a_day(1, 1, 2, "purchase"), a_day(2, 1, 2, "scroll")],  # scrolled what was bought
        *[a_day(0, 2, 1, "view"), a_day(7, 2, 1, "purchase")],  # bought too late
        *[a_day(0, 2, 2, "purchase", hour=9), a_day(0, 2, 2, "view")],  # known before it was viewed
        a_day(4, 3, 1, "view"),  # its seven days are not over
        a_day(0, 3, 2, "view", count=101),  # no person
        a_day(0, 3, 3, "purchase"),  # nothing led to it
        a_day(0, 3, 4, "favourite"),  # not weighed
    ]

    assert counted(spark, rows) == {(0, 2, 1): (1, 0), (0, 1, 0): (2, 1)}


def test_what_was_planted_is_found_and_agrees_with_another_implementation():
    pairs = planted()

    learned = learn_weights(pairs, SETTINGS)

    other = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(pairs.events, pairs.bought)
    assert [learned.log_odds[name].value for name in SETTINGS.actions] == pytest.approx(other.coef_[0].tolist(), 1e-6)
    assert learned.base.value == pytest.approx(other.intercept_[0], 1e-6)
    assert learned.reason is None
    for name, value in {"scroll": 0.3, "view": 0.5, "cart": 1.0}.items():
        assert learned.log_odds[name].low < value < learned.log_odds[name].high
    assert learned.weights["view"] == (1.0, None, None)
    assert learned.weights["cart"].low < 1.0 / 0.5 < learned.weights["cart"].high
    assert learned.weights["cart"].high - learned.weights["cart"].low < 0.5


def test_grouped_pairs_say_what_single_ones_say():
    one = planted(500)
    twice = PairCounts(one.part, one.events, 2 * one.pairs, 2 * one.bought)
    single = PairCounts(*(np.concatenate([column, column]) for column in one))

    assert learn_weights(twice, SETTINGS).log_odds["cart"] == pytest.approx(
        learn_weights(single, SETTINGS).log_odds["cart"]
    )


def test_intervals_hold_the_truth_as_often_as_they_say_even_of_a_ratio_to_an_unsure_unit():
    held = {"view": 0, "scroll": 0, "cart": 0}
    rng = np.random.default_rng(SEED)
    for _ in range(200):
        events = np.column_stack([rng.integers(0, 3, 3000), rng.integers(1, 3, 3000), rng.integers(0, 2, 3000)])
        bought = rng.random(3000) < 1 / (1 + np.exp(2 - events @ [0.2, 0.4, 1.6]))
        counts = PairCounts(rng.integers(0, 64, 3000), events.astype(float), np.ones(3000), bought.astype(float))

        learned = learn_weights(counts, SETTINGS)

        held["view"] += learned.log_odds["view"].low <= 0.4 <= learned.log_odds["view"].high
        held["scroll"] += learned.weights["scroll"].low <= 0.5 <= learned.weights["scroll"].high
        held["cart"] += learned.weights["cart"].low <= 4.0 <= learned.weights["cart"].high

    assert all(0.91 * 200 <= count <= 0.985 * 200 for count in held.values()), held


def test_what_cannot_be_learned_says_why():
    pairs = planted(1000)
    unbought = pairs._replace(bought=np.zeros(1000))
    never_in_the_cart = pairs._replace(events=pairs.events * [1, 1, 0])
    separated = pairs._replace(bought=(pairs.events[:, 2] > 0).astype(float))

    few = learn_weights(unbought, SETTINGS)

    assert few.reason == f"0 of 1000 pairs were bought, fewer than {SETTINGS.minimum_bought} are or are not"
    assert few.weights["cart"] == (None, None, None)
    assert few.replace_in({"view": 1.0, "cart": 3.0}, "view") == {"view": 1.0, "cart": 3.0}
    for counts in (never_in_the_cart, separated):
        assert learn_weights(counts, SETTINGS).reason.startswith("some action never varies, or decides alone")


def test_learned_weights_take_the_scale_of_the_configured_unit_and_none_is_negative():
    learned = learn_weights(planted(), SETTINGS)
    harmful = learned._replace(weights={**learned.weights, "scroll": learned.weights["cart"]._replace(value=-0.1)})

    weights = harmful.replace_in({"view": 2.0, "scroll": 0.3, "cart": 3.0, "purchase": 6.0}, "view")

    assert weights == {"view": 2.0, "scroll": 0.0, "cart": 2 * learned.weights["cart"].value, "purchase": 6.0}


def test_an_action_is_not_weighed_against_itself_or_against_an_unknown_unit():
    with pytest.raises(ValidationError, match="unit 'view' is none of the actions"):
        ActionWeightSettings(**{**SETTINGS.model_dump(), "actions": ["cart"]})
    with pytest.raises(ValidationError, match=r"actions and bought_actions share \['cart'\]"):
        ActionWeightSettings(**{**SETTINGS.model_dump(), "bought_actions": ["cart"]})


@pytest.mark.slow
def test_over_twenty_generated_shops_the_planted_values_lie_in_their_intervals(spark, tmp_path):
    held = []
    for seed in range(20):
        shop = a_shop(seed=seed, user_count=400, item_count=200, days=21, events_per_day=2500)
        generate_shop(shop, tmp_path / f"{seed}", tmp_path / f"truth{seed}", lambda day: None)
        last = shop.start_date + timedelta(days=shop.days - 1)

        learned = fit_action_weights(gold_of(spark, tmp_path / f"{seed}"), last, SETTINGS)

        truth = shop.action_log_odds
        held += [learned.log_odds[name].low <= truth[name] <= learned.log_odds[name].high for name in truth]
        for name in ("scroll", "cart"):
            found = learned.weights[name]
            held.append(found.low <= truth[name] / truth["view"] <= found.high)
        print(seed, learned.pair_count, learned.log_odds, learned.weights)

    assert np.mean(held) >= 0.9, held


def gold_of(spark, landing):
    """gold.daily_interactions of the delivered files, as the oracle foretells it."""
    config, source = load("test", {}), load_source("shop")
    records = [
        record
        for kind, path in delivered(landing, source)
        if kind == "event"
        for record in read_file(landing / path, path, source, kind)["records"]
    ]
    events = keep_first(believe(records, source, config)[0])
    make_sessions(events, config.session.gap_minutes)
    link_users(events, summarise_sessions(events, config), config.session.max_days)
    daily = count_days(events, config)
    ix = [{name: ix for ix, name in enumerate(sorted({key[place] for key in daily}))} for place in (1, 2)]
    rows = [(day, ix[0][user], ix[1][item], action, *values) for (day, user, item, action), values in daily.items()]
    table = pa.table(list(map(list, zip(*rows, strict=True))), names=DAILY_INTERACTIONS.names)
    return spark.createDataFrame(table)
