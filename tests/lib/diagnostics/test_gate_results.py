"""The gate's verdicts: bounds, intervals, too little evidence, and evidence that is not there."""

from typing import Any

import pytest

from lakerec.config import load
from lakerec.diagnostics.gate_results import (
    Criterion,
    Evidence,
    Key,
    Measure,
    Severity,
    Verdict,
    judge_model,
    misses,
    refusal,
)
from lakerec.errors import SettingsError

DIFFERENCE = Key(Measure.COMPARISON, "ndcg", "als", "champion", "test", "all", 10)


def a_criterion(**changes: Any) -> Criterion:
    """The difference to what is live, of 100 users and more."""
    shared = {"table": "comparisons", "metric": "ndcg", "recommender": "als", "compared_with": "champion", "k": 10}
    asked = {"minimum": -0.01, "min_users": 100, "owner": "the shop", "severity": "block"}
    return Criterion(**shared | asked | changes)


def verdict_on(evidence: Evidence | None, **changes: Any) -> str:
    found = {DIFFERENCE: evidence} if evidence else {}
    (result,) = judge_model({"c": a_criterion(**changes)}, found, {})
    return result.verdict


@pytest.mark.parametrize(
    ("judged_by", "expected"), [("value", Verdict.MET), ("low", Verdict.MISSED), ("high", Verdict.MET)]
)
def test_the_named_end_of_the_interval_has_to_keep_the_bound(judged_by: str, expected: Verdict) -> None:
    assert verdict_on(Evidence(0.0, low=-0.02, high=0.02, user_count=100), judged_by=judged_by) == expected


@pytest.mark.parametrize(("value", "expected"), [(-0.01, Verdict.MET), (-0.011, Verdict.MISSED)])
def test_a_bound_may_be_reached(value: float, expected: Verdict) -> None:
    assert verdict_on(Evidence(value, user_count=100)) == expected
    assert verdict_on(Evidence(-value, user_count=100), minimum=None, maximum=0.01) == expected


@pytest.mark.parametrize(
    "evidence", [Evidence(0.0, -0.1, 0.1, user_count=99), Evidence(-1.0, None, None, user_count=9)]
)
def test_with_too_few_users_nothing_can_be_told_and_nothing_is_held_back(evidence: Evidence) -> None:
    (result,) = judge_model({"c": a_criterion(judged_by="low")}, {DIFFERENCE: evidence}, {})

    assert (result.verdict, result.is_met) == (Verdict.UNKNOWN, None)
    assert refusal([result], "m") is None


@pytest.mark.parametrize("evidence", [None, Evidence(None, user_count=100), Evidence(float("nan"), user_count=100)])
def test_what_was_not_measured_or_is_no_number_is_missed(evidence: Evidence | None) -> None:
    assert verdict_on(evidence) == Verdict.MISSED


def test_what_cannot_have_been_measured_is_excused_with_the_reason() -> None:
    (result,) = judge_model({"c": a_criterion()}, {}, {"champion": "nothing is live yet"})

    assert result.verdict == Verdict.UNKNOWN
    assert result.reason == (
        "c: ndcg@10 of als - champion (test, all) was not measured: nothing is live yet (owner: the shop)."
    )


def test_only_blocking_misses_refuse_and_each_is_one_line() -> None:
    bad = Evidence(-0.5, user_count=100)
    criteria = {
        "b": a_criterion(),
        "a": a_criterion(minimum=0.0),
        "w": a_criterion(severity="warn"),
        "o": a_criterion(severity="off"),
    }

    results = judge_model(criteria, {DIFFERENCE: bad}, {})

    assert refusal(results, "m") == (
        "gate: model 'm': a: ndcg@10 of als - champion (test, all) is -0.5; at least 0 is asked (owner: the shop).\n"
        "gate: model 'm': b: ndcg@10 of als - champion (test, all) is -0.5; at least -0.01 is asked (owner: the shop)."
    )
    assert len(misses(results, Severity.WARN)) == 1
    assert [result.criterion for result in results] == ["a", "b", "w"]


def test_a_model_that_was_never_judged_is_refused() -> None:
    assert refusal([], "m") == "gate: model 'm' was never judged. Run gate_model first."


def test_a_profile_may_change_one_number_of_one_criterion() -> None:
    changed = load("test", {"gate.criteria.coverage.minimum": "0.5"}).gate.criteria

    assert changed["coverage"].minimum == 0.5
    assert changed["coverage"].owner == load("test", {}).gate.criteria["coverage"].owner


def test_a_criterion_states_one_bound() -> None:
    with pytest.raises(SettingsError, match=r"gate\.criteria\.coverage: states either a minimum or a maximum"):
        load("test", {"gate.criteria.coverage.maximum": "0.5"})


def test_every_shipped_criterion_has_an_owner_and_something_to_ask() -> None:
    shipped = load("test", {}).gate.criteria

    assert all(criterion.owner and criterion.metric for criterion in shipped.values())
    assert len({criterion.key for criterion in shipped.values()}) >= 13
