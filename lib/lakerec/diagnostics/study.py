"""A search that can be killed: optuna proposes, a trial passes growing samples of users, a database keeps what ended.

Proposals are by the tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization",
2011), pruning by successive halving (Li et al., "A system for massively parallel hyperparameter tuning", 2020): of the
trials that were judged on a sample of the users, one in `factor` goes on to the next.

The n-th proposal is drawn with a seed of its own from what ended before it. So a search that was killed goes on as if
it had not been: the trial that was cut short is proposed again.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import NamedTuple

import numpy as np
import optuna
from optuna.exceptions import OptunaError
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from lakerec.diagnostics.search_space import Dimension, TuningSettings
from lakerec.diagnostics.trials import COMPLETE, CUT_SHORT, FAILED, PROPOSED, PRUNED, Ended, Judged
from lakerec.diagnostics.validation import Judge
from lakerec.errors import SettingsError, TrainingDataError

FEWEST_USERS = 50
"""A sample that holds fewer judged users tells nothing."""

_STATES = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: PRUNED, TrialState.FAIL: FAILED}


class Start(NamedTuple):
    """A configuration that is tried before anything is proposed, and that is never pruned."""

    origin: str
    values: Mapping[str, float]


class Search(NamedTuple):
    """What is searched, and how.

    Attributes:
        starts: the first of them is the configuration as given.
        shares: of the users, ascending to 1.
    """

    space: Sequence[Dimension]
    starts: Sequence[Start]
    shares: Sequence[float]
    factor: int
    seed: int


def shares_of(tuning: TuningSettings, user_count: int) -> list[float]:
    """The samples of users that a trial has to pass, as shares; the last is all of them.

    Args:
        user_count: users who can be judged; samples that hold too few of them to tell trials apart are left out.
    """
    shares = [float(tuning.factor) ** -nth for nth in range(tuning.samples, 0, -1)]
    return [*(share for share in shares if share * user_count >= FEWEST_USERS), 1.0]


def open_study(storage: str | None, name: str, factor: int) -> optuna.Study:
    """The study as it was left; what was still running is failed, so its caller keeps other runs out.

    Args:
        storage: optuna's address of a database; null: in memory.
        name: two studies of one name are one.

    Raises:
        SettingsError: the database cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=factor)
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True, pruner=pruner
        )
    except (SQLAlchemyError, OptunaError, ImportError, ValueError) as error:
        raise SettingsError(f"tuning.storage: cannot be used ({str(error).splitlines()[0]}).") from error
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)
    return study


def go_on(study: optuna.Study, search: Search, judge: Judge) -> Iterator[Ended]:
    """Trial after trial, each told to the database before it is given; whoever has enough stops asking."""
    while True:
        nth = sum(ended.counts for ended in ended_trials(study))
        if nth < len(search.starts) and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            start = search.starts[nth]
            study.enqueue_trial(dict(start.values), user_attrs={"origin": start.origin})
        seed = np.random.SeedSequence([search.seed, nth]).generate_state(1)[0]
        study.sampler = optuna.samplers.TPESampler(seed=int(seed), multivariate=True)
        trial = study.ask()
        _try(study, trial, search, judge)
        yield _ended(study.get_trials(deepcopy=False)[trial.number])


def ended_trials(study: optuna.Study) -> list[Ended]:
    """All that have ended, in order of their numbers."""
    return [_ended(trial) for trial in study.get_trials(deepcopy=False, states=tuple(_STATES))]


def _try(study: optuna.Study, trial: Trial, search: Search, judge: Judge) -> None:
    """Judge on one sample after the other until it is given up, and tell the study."""
    values = {each.name: _suggest(trial, each) for each in search.space}
    for nth, share in enumerate(search.shares):
        try:
            judged = judge(values, share)
        except TrainingDataError as error:
            trial.set_user_attr("reason", str(error))
            study.tell(trial, state=TrialState.FAIL)
            return
        trial.set_user_attr("share", share)
        trial.set_user_attr("judged", list(judged))
        trial.report(judged.value, search.factor**nth)
        is_last, is_worse = share == search.shares[-1], trial.should_prune()
        if is_worse and not is_last and "origin" not in trial.user_attrs:
            study.tell(trial, state=TrialState.PRUNED)
            return
    study.tell(trial, judged.value)


def _suggest(trial: Trial, of: Dimension) -> float:
    if of.is_whole:
        return trial.suggest_int(of.name, int(of.low), int(of.high), log=True)
    return trial.suggest_float(of.name, of.low, of.high, log=True)


def _ended(trial: FrozenTrial) -> Ended:
    stored = trial.user_attrs.get("judged")
    state = _STATES[trial.state]
    began, ended = trial.datetime_start, trial.datetime_complete
    assert began is not None
    assert ended is not None
    return Ended(
        trial=trial.number,
        origin=trial.user_attrs.get("origin", PROPOSED),
        values=dict(trial.params),
        share=trial.user_attrs.get("share"),
        judged=Judged(*stored) if stored else None,
        state=state,
        reason=trial.user_attrs.get("reason", CUT_SHORT) if state == FAILED else None,
        seconds=(ended - began).total_seconds(),
        ended_at=ended.astimezone(UTC),  # optuna's times are local
    )
