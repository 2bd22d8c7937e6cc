"""diagnostics.gate_results: whether a model fulfils its definition of done, criterion by criterion.

The business writes the criteria, in conf; each has an owner. A criterion names one row of what a model was measured by
and the bound that the row has to keep. Intervals count: "not worse than the champion" is asked of the low end of the
paired difference. Where evidence is too small to tell, the verdict says so, and does not hold a model back: a shop that
is too young to be measured can open. What was never measured is missed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self

from pydantic import Field, model_validator
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write

GATE_RESULTS = Table(
    name="diagnostics.gate_results",
    comment="One row per (model, criterion): what was asked of a serving model, what was found, and the verdict.",
    columns=(
        Column("model_id", T.StringType(), "Serving model that was judged."),
        Column("evaluated_by", T.StringType(), "Evaluation model whose metrics were looked at."),
        Column("criterion", T.StringType(), "Its name in conf, below [gate.criteria]."),
        Column("metric", T.StringType(), "What was looked at, in words."),
        Column("value", T.DoubleType(), "Its value; null where it was not measured."),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval; null where there is none."),
        Column("high", T.DoubleType(), "Upper end of its 95 % interval; null where there is none."),
        Column("judged_by", T.StringType(), "Which of the three has to keep the bound: value, low or high."),
        Column("minimum", T.DoubleType(), "Least that is asked; null: no such bound."),
        Column("maximum", T.DoubleType(), "Most that is allowed; null: no such bound."),
        Column("user_count", T.LongType(), "Users that it was measured on; null for facts of the factors."),
        Column("verdict", T.StringType(), "met, missed, or unknown: too little evidence, which holds nothing back."),
        Column("is_met", T.BooleanType(), "The verdict as a truth value; null: unknown."),
        Column("severity", T.StringType(), "block: a miss keeps the model from being released; warn: it is told."),
        Column("owner", T.StringType(), "Whom to ask about the criterion."),
        Column("reason", T.StringType(), "The verdict in one sentence."),
    ),
    key=("model_id", "criterion"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

CHAMPION = "champion"


class Measure(StrEnum):
    """Where a criterion's row stands: a table of diagnostics, or the facts of `model_facts`."""

    RANKING = "ranking_metrics"
    COMPARISON = "comparisons"
    CALIBRATION = "calibration_metrics"
    FACT = "model_facts"


class End(StrEnum):
    """Which number has to keep the bound: the value, or an end of its 95 % interval."""

    VALUE = "value"
    LOW = "low"
    HIGH = "high"


class Severity(StrEnum):
    """What a miss does: it keeps a model from being released, is told, or the criterion is not looked at."""

    BLOCK = "block"
    WARN = "warn"
    OFF = "off"


class Verdict(StrEnum):
    """What was found; UNKNOWN where the evidence is too small to tell."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


class Criterion(Settings):
    """One line of the definition of done. What does not apply to a measure is left out."""

    table: Measure = Field(description="ranking_metrics, comparisons, calibration_metrics, or model_facts")
    metric: str = Field(min_length=1, description="its metric")
    recommender: str = Field(default="", description="its recommender, such as als")
    compared_with: str = Field(default="", description="comparisons: a baseline such as popularity, or champion")
    split: str = Field(default="test", description="validation or test")
    slice: str = Field(default="all", description="its slice")
    k: int = Field(default=0, ge=0, description="its length of the list; items")
    judged_by: End = Field(default=End.VALUE, description="which has to keep the bound: value, low or high")
    minimum: float | None = Field(default=None, description="least that is asked")
    maximum: float | None = Field(default=None, description="most that is allowed")
    min_users: int = Field(default=0, ge=0, description="with fewer users there is too little evidence; users")
    owner: str = Field(min_length=1, description="whom to ask about it")
    severity: Severity = Field(description="block, warn or off")

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        if (self.minimum is None) == (self.maximum is None):
            raise ValueError("states either a minimum or a maximum")
        return self

    @property
    def key(self) -> "Key":
        """The row that it looks at."""
        if self.table is Measure.FACT:
            return Key(self.table, self.metric)
        if self.table is Measure.CALIBRATION:
            return Key(self.table, self.metric, self.recommender, "", "", self.slice)
        return Key(self.table, self.metric, self.recommender, self.compared_with, self.split, self.slice, self.k)


class GateSettings(Settings):
    """The definition of done."""

    sample_users: int = Field(ge=1, description="users whose factors are solved again from their own events; users")
    criteria: dict[str, Criterion] = Field(description="what is asked of a model, by name; see [gate.criteria]")


class Key(NamedTuple):
    """What names one measured number; what does not apply is empty."""

    table: str
    metric: str
    recommender: str = ""
    compared_with: str = ""
    split: str = ""
    slice: str = ""
    k: int = 0

    def __str__(self) -> str:
        """In words, as in `ndcg@10 of als - popularity (test, all)`."""
        name = f"{self.metric}@{self.k}" if self.k else self.metric
        if self.recommender:
            name += f" of {self.recommender}"
        if self.compared_with:
            name += f" - {self.compared_with}"
        return name + (f" ({', '.join(filter(None, (self.split, self.slice)))})" if self.slice else "")


class Evidence(NamedTuple):
    """A measured number; nulls where something was not computed."""

    value: float | None
    low: float | None = None
    high: float | None = None
    user_count: int | None = None


class Result(NamedTuple):
    """One row of diagnostics.gate_results from `criterion` on."""

    criterion: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    judged_by: str
    minimum: float | None
    maximum: float | None
    user_count: int | None
    verdict: str
    is_met: bool | None
    severity: str
    owner: str
    reason: str


def judge_model(
    criteria: Mapping[str, Criterion], evidence: Mapping[Key, Evidence], excused: Mapping[str, str]
) -> list[Result]:
    """Hold what was measured against the criteria that are not off.

    Args:
        excused: by a table, or by what is compared with, why it may have no rows: then they are unknown, not missed.
    """
    judged = sorted((name, each) for name, each in criteria.items() if each.severity is not Severity.OFF)
    return [_judge(name, each, evidence.get(each.key), excused) for name, each in judged]


def read_results(rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """The stored verdicts of one model, in order of criteria.

    Args:
        rows: of diagnostics.gate_results of the model.
    """
    in_order = sorted(rows, key=lambda row: row["criterion"])
    return [Result(*[row[name] for name in Result._fields]) for row in in_order]


def misses(results: Iterable[Result], severity: Severity) -> list[str]:
    """One line for each criterion of that severity that is missed."""
    return [each.reason for each in results if each.verdict == Verdict.MISSED and each.severity == severity]


def refusal(results: Iterable[Result], model_id: str) -> str | None:
    """Why a model must not be released, a line for each miss; None where it may."""
    judged = list(results)
    if not judged:
        return f"gate: model '{model_id}' was never judged. Run gate_model first."
    blocking = misses(judged, Severity.BLOCK)
    return "\n".join(f"gate: model '{model_id}': {line}" for line in blocking) or None


def _judge(name: str, criterion: Criterion, found: Evidence | None, excused: Mapping[str, str]) -> Result:
    verdict, why = _verdict(criterion, found, excused)
    known = found or Evidence(None)
    return Result(
        criterion=name,
        metric=str(criterion.key),
        value=known.value,
        low=known.low,
        high=known.high,
        judged_by=criterion.judged_by,
        minimum=criterion.minimum,
        maximum=criterion.maximum,
        user_count=known.user_count,
        verdict=verdict,
        is_met=None if verdict is Verdict.UNKNOWN else verdict is Verdict.MET,
        severity=criterion.severity,
        owner=criterion.owner,
        reason=f"{name}: {criterion.key} {why} (owner: {criterion.owner}).",
    )


def _verdict(criterion: Criterion, found: Evidence | None, excused: Mapping[str, str]) -> tuple[Verdict, str]:
    if found is None:
        for reason in (excused.get(criterion.compared_with), excused.get(criterion.table)):
            if reason:
                return Verdict.UNKNOWN, f"was not measured: {reason}"
        return Verdict.MISSED, "was not measured. Run diagnose_model, and see that this row is among what it measures"
    number = {End.VALUE: found.value, End.LOW: found.low, End.HIGH: found.high}[criterion.judged_by]
    users = found.user_count
    if users is not None and (users < criterion.min_users or (number is None and found.value is not None)):
        return Verdict.UNKNOWN, f"is measured on {users:,} users, too few to tell"
    if number is None:
        return Verdict.MISSED, "could not be computed"
    shown = (
        f"is {number:.4g}" if criterion.judged_by is End.VALUE else f"has the {criterion.judged_by} end {number:.4g}"
    )
    bound = f"at least {criterion.minimum:g}" if criterion.maximum is None else f"at most {criterion.maximum:g}"
    return (Verdict.MET if _holds(criterion, number) else Verdict.MISSED), f"{shown}; {bound} is asked"


def _holds(criterion: Criterion, number: float) -> bool:
    """Whether the bound is kept; no bound is kept by nan."""
    if criterion.maximum is not None:
        return number <= criterion.maximum
    return criterion.minimum is not None and number >= criterion.minimum
