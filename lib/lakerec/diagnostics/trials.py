"""diagnostics.trials: every configuration that a search has tried, and what it was worth on validation."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.search_space import TuningSettings
from lakerec.diagnostics.summaries import judge as verdict_of

TRIALS = Table(
    name="diagnostics.trials",
    comment="One row per (study, trial) that has ended. Nothing in it knows the test window.",
    columns=(
        Column("study", T.StringType(), "Hash of all that shapes a trial's value: data, windows, what is searched."),
        Column("trial", T.IntegerType(), "Number within the study, from 0; 0 is the configuration as given."),
        Column("origin", T.StringType(), "configured, learned_weights (of actions), or proposed by the search."),
        Column("settings", T.StringType(), "What was tried, by section.key; JSON object with sorted keys."),
        Column("metric", T.StringType(), "What is made as large as can be, of the validation window."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column("share", T.DoubleType(), "Users it was last judged on, of all; 0..1. Below 1 where it was pruned."),
        Column("user_count", T.LongType(), "Users judged then."),
        Column("value", T.DoubleType(), "The metric there: mean over users; null where it failed."),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 users."),
        Column("high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 users."),
        Column("difference", T.DoubleType(), "Value less that of the configuration as given, on the same users."),
        Column("difference_low", T.DoubleType(), "Lower end of its 95 % interval, paired by user."),
        Column("difference_high", T.DoubleType(), "Upper end of its 95 % interval, paired by user."),
        Column("verdict", T.StringType(), "better, worse or not told apart, by that interval; null without one."),
        Column("state", T.StringType(), "complete: judged on all users; pruned: given up on a sample of them; failed."),
        Column("reason", T.StringType(), "Why it failed; else null."),
        Column("seconds", T.DoubleType(), "Wall time; s."),
        Column("ended_at", T.TimestampType(), "When it ended; UTC."),
        Column("run_id", T.StringType(), "Run that recorded it."),
        Column("mlflow_run_id", T.StringType(), "The trial's own MLflow run; null where no tracking server answered."),
    ),
    key=("study", "trial"),
    write=Write.APPEND,
)

CONFIGURED, LEARNED_WEIGHTS, PROPOSED = "configured", "learned_weights", "proposed"
COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"
CUT_SHORT = "the run that tried it was ended; it is tried again"


class Judged(NamedTuple):
    """What a configuration was worth.

    Attributes:
        value: mean of the metric over users; with the ends of its 95 % interval, null for too few users.
        difference: to the configuration as given, paired by user, with its interval.
        user_count: users judged.
    """

    value: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None
    user_count: int

    @property
    def verdict(self) -> str | None:
        """What the interval of the difference says; null without one."""
        if self.difference_low is None or self.difference_high is None:
            return None
        return verdict_of(self.difference_low, self.difference_high)


class Ended(NamedTuple):
    """A trial that has ended.

    Attributes:
        share: of the users it was last judged on; null where it never was.
        judged: what came of it there; null where it failed before.
        state: complete, pruned or failed.
        reason: why it failed.
    """

    trial: int
    origin: str
    values: dict[str, float]
    share: float | None
    judged: Judged | None
    state: str
    reason: str | None
    seconds: float
    ended_at: datetime

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that a budget is for; not where its run was ended."""
        return self.reason != CUT_SHORT


def best_of(ended: Sequence[Ended]) -> Ended | None:
    """The best of those judged on all users; of equal ones the first."""
    complete = [(each.judged.value, -each.trial, each) for each in ended if each.state == COMPLETE and each.judged]
    return max(complete)[-1] if complete else None


def trial_row(
    study: str, ended: Ended, tuning: TuningSettings, run_id: str, mlflow_run_id: str | None
) -> tuple[Any, ...]:
    """The trial's row of diagnostics.trials."""
    judged = ended.judged
    values: dict[str, Any] = {
        **ended._asdict(),
        **(judged._asdict() if judged else {}),
        "study": study,
        "settings": json.dumps(ended.values, sort_keys=True),
        "metric": tuning.metric,
        "k": tuning.k,
        "verdict": judged.verdict if judged else None,
        "run_id": run_id,
        "mlflow_run_id": mlflow_run_id,
    }
    return tuple(values.get(name) for name in TRIALS.names)
