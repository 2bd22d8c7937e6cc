"""A search: what is tried first, what is given up, and what a killed one loses (nothing that had ended)."""

import math

import pytest

from lakerec.diagnostics.search_space import Dimension
from lakerec.diagnostics.study import Search, Start, ended_trials, go_on, open_study, shares_of
from lakerec.diagnostics.trials import CUT_SHORT, Judged, best_of
from lakerec.errors import SettingsError, TrainingDataError
from tests.lib.diagnostics.test_search_space import TUNING

SPACE = [Dimension("als.reg_param", 0.001, 1.0, False), Dimension("als.rank", 4, 64, True)]
STARTS = [
    Start("configured", {"als.reg_param": 0.5, "als.rank": 8}),
    Start("learned_weights", {"als.reg_param": 0.4, "als.rank": 8}),
]
SEARCH = Search(SPACE, STARTS, shares=(1 / 9, 1 / 3, 1.0), factor=3, seed=7)


class KilledError(BaseException):
    """As if the process had gone."""


def worth(values, share=1.0):
    """Largest at a penalty of 0.03; a sample makes everything a little worse."""
    return share / 100 + 1 / (1 + abs(math.log(values["als.reg_param"] / 0.03)))


def judged(values, share):
    value = worth(values, share)
    return Judged(value, value - 0.1, value + 0.1, 0.0, None, None, round(900 * share))


def taken(trials, count):
    return [next(trials) for _ in range(count)]


@pytest.fixture(scope="module")
def ended():
    """Thirty trials of a search that nothing disturbs."""
    return taken(go_on(open_study(None, "s", 3), SEARCH, judged), 30)


def test_the_samples_of_users_grow_to_all_of_them_and_none_is_too_small_to_tell():
    tuning = TUNING.model_copy(update={"samples": 2, "factor": 3})

    assert shares_of(tuning, 450) == [1 / 9, 1 / 3, 1]
    assert shares_of(tuning, 449) == [1 / 3, 1]
    assert shares_of(tuning, 40) == [1]
    assert shares_of(tuning.model_copy(update={"samples": 0}), 450) == [1]


def test_what_is_given_is_tried_first_and_on_all_users_and_the_best_proposal_is_better(ended):
    assert [(each.origin, each.share) for each in ended[:2]] == [("configured", 1.0), ("learned_weights", 1.0)]
    assert ended[0].values == {"als.reg_param": 0.5, "als.rank": 8}
    assert {each.origin for each in ended[2:]} == {"proposed"}
    best = best_of(ended)
    assert (best.state, best.share, best.judged.user_count) == ("complete", 1.0, 900)
    assert best.judged.value == max(each.judged.value for each in ended if each.state == "complete")
    assert best.judged.value > worth(STARTS[0].values)
    assert all(4 <= each.values["als.rank"] <= 64 for each in ended)
    assert all(isinstance(each.values["als.rank"], int) for each in ended)


def test_most_proposals_are_given_up_on_a_sample_and_never_are_the_best(ended):
    pruned = [each for each in ended if each.state == "pruned"]
    complete = [each for each in ended if each.state == "complete"]
    assert len(pruned) > len(complete)
    assert {each.share for each in pruned} <= {1 / 9, 1 / 3}
    assert {each.share for each in complete} == {1.0}


def test_a_killed_search_loses_no_ended_trial_and_goes_on_as_if_it_had_not_been_killed(tmp_path, ended):
    storage = f"sqlite:///{tmp_path}/studies.db"
    calls = []

    def killed_in_the_seventh(values, share):
        calls.append((values["als.reg_param"], share))
        if len({reg_param for reg_param, _ in calls}) == 7:
            raise KilledError
        return judged(values, share)

    before = []
    with pytest.raises(KilledError):
        before += taken(go_on(open_study(storage, "s", 3), SEARCH, killed_in_the_seventh), 12)
    study = open_study(storage, "s", 3)
    kept = ended_trials(study)
    resumed = taken(go_on(study, SEARCH, judged), 12 - 6)

    assert [each.values for each in kept if each.counts] == [each.values for each in ended[:6]]
    assert [(each.state, each.reason) for each in kept if not each.counts] == [("failed", CUT_SHORT)]
    assert [(each.values, each.state, each.judged) for each in resumed] == [
        (each.values, each.state, each.judged) for each in ended[6:12]
    ]


def test_the_first_trial_is_tried_again_where_it_was_cut_short(tmp_path):
    storage = f"sqlite:///{tmp_path}/studies.db"

    def killed(values, share):
        raise KilledError

    with pytest.raises(KilledError):
        next(go_on(open_study(storage, "s", 3), SEARCH, killed))
    again = next(go_on(open_study(storage, "s", 3), SEARCH, judged))

    assert (again.trial, again.origin, again.values) == (1, "configured", STARTS[0].values)


def test_a_configuration_that_cannot_be_learned_with_fails_alone():
    def judge(values, share):
        if values["als.rank"] < 16:
            raise TrainingDataError("ALS: the fit diverged")
        return judged(values, share)

    ended = taken(go_on(open_study(None, "s", 3), SEARCH, judge), 10)

    failed = [each for each in ended if each.state == "failed"]
    assert failed[0].values == STARTS[0].values
    assert {(each.reason, each.judged, each.counts) for each in failed} == {("ALS: the fit diverged", None, True)}
    assert best_of(ended).values["als.rank"] >= 16
    assert best_of(failed) is None


@pytest.mark.parametrize("storage", ["nonsense", "sqlite:////no/such/folder/studies.db", "unknown://host/db"])
def test_a_database_that_cannot_be_used_is_a_wrong_setting(storage):
    with pytest.raises(SettingsError, match=r"^tuning\.storage: cannot be used \(.+\)\.$"):
        open_study(storage, "s", 3)
