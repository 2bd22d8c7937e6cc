"""What a search may change, how far, and how a configuration is put together from what it proposes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from lakerec.contract import Settings
from lakerec.errors import SettingsError
from lakerec.gold.interactions import FeedbackSettings
from lakerec.model.als_settings import AlsSettings

Whole = tuple[Annotated[int, Field(ge=1)], ...]
Positive = tuple[Annotated[float, Field(gt=0)], ...]
_RANGES = ("rank", "max_iter", "reg_param", "alpha", "half_life_days")


class TuningSettings(Settings):
    """How long to search, where, and by what. A range is lowest and highest; empty leaves what is configured."""

    trials: int = Field(ge=1, description="configurations tried in a study, counting those of earlier runs; trials")
    minutes: float = Field(ge=0, description="no trial is begun after so long; 0: only tuning.trials ends it; min")
    metric: Literal["ndcg", "recall", "map", "mrr", "precision", "hit_rate"] = Field(
        description="what is made as large as can be on the validation window"
    )
    k: int = Field(ge=1, le=1000, description="length of the list that is judged; items")
    samples: int = Field(ge=0, le=5, description="samples of users that a trial has to pass before all users; samples")
    factor: int = Field(ge=2, le=10, description="each sample is so many times as large as the one before")
    seed: int = Field(ge=0, description="seed of the proposals and of the samples of users")
    storage: str = Field(description="database of studies as optuna's address; empty: a file in a local lake")
    settings_file: str = Field(description="where the best configuration is written; empty: beside that file")
    rank: Whole = Field(description="range of als.rank")
    max_iter: Whole = Field(description="range of als.max_iter")
    reg_param: Positive = Field(description="range of als.reg_param")
    alpha: Positive = Field(description="range of als.alpha")
    half_life_days: Whole = Field(description="range of feedback.half_life_days; days")
    weights: dict[str, Positive] = Field(description="ranges of feedback.weights, by action")

    @model_validator(mode="after")
    def _ranges_have_two_ends(self) -> Self:
        ranges = {name: getattr(self, name) for name in _RANGES}
        ranges |= {f"weights.{action}": ends for action, ends in self.weights.items()}
        for name, ends in ranges.items():
            if ends and (len(ends) != 2 or ends[0] > ends[1]):
                raise ValueError(f"{name}: {list(ends)} is not [lowest, highest], nor empty")
        if (self.rank and self.rank[1] > 1024) or (self.max_iter and self.max_iter[1] > 1000):
            raise ValueError("rank goes up to 1024, max_iter up to 1000")
        return self


class Dimension(NamedTuple):
    """One number that may change, on a logarithmic scale.

    Attributes:
        name: section.key of the setting, such as `feedback.weights.cart`.
        low, high: both may be proposed.
        is_whole: whether only whole numbers are.
    """

    name: str
    low: float
    high: float
    is_whole: bool


class Candidate(NamedTuple):
    """A configuration to try."""

    als: AlsSettings
    feedback: FeedbackSettings


def dimensions(tuning: TuningSettings, starts: Sequence[Candidate], *, with_feedback: bool) -> list[Dimension]:
    """What the search may change; ranges are widened to hold what is tried first.

    Args:
        starts: tried before anything is proposed; the first is the configuration as given.
        with_feedback: whether half-life and weights can change: a published split has neither times nor actions.

    Raises:
        SettingsError: what is configured cannot lie in a range of positive numbers.
    """
    space = [each for each in _ranges(tuning, starts[0]) if with_feedback or each.name.startswith("als.")]
    for name, value in values_of(starts[0], space).items():
        if value <= 0:
            raise SettingsError(
                f"tuning: the range of {name} cannot hold what is configured ({value:g}), which is tried first. "
                f"Empty the range, or set {name} above 0."
            )
    held = [values_of(start, space) for start in starts]
    return [
        each._replace(
            low=min([each.low, *(values[each.name] for values in held if values[each.name] > 0)]),
            high=max([each.high, *(values[each.name] for values in held)]),
        )
        for each in space
    ]


def values_of(candidate: Candidate, space: list[Dimension]) -> dict[str, float]:
    """The numbers that a candidate has in a space."""
    settings = {"als": candidate.als.model_dump(), "feedback": candidate.feedback.model_dump()}
    return {dimension.name: _within(settings, dimension.name) for dimension in space}


def with_values(given: Candidate, values: Mapping[str, float]) -> Candidate:
    """The candidate with some numbers replaced, checked like any configuration."""
    settings = {"als": given.als.model_dump(), "feedback": given.feedback.model_dump()}
    for name, value in values.items():
        *path, last = name.split(".")
        table: dict[str, Any] = settings
        for part in path:
            table = table[part]
        table[last] = value
    return Candidate(AlsSettings(**settings["als"]), FeedbackSettings(**settings["feedback"]))


def clipped(values: Mapping[str, float], space: list[Dimension]) -> dict[str, float]:
    """The values as far as they lie in the space; those beyond it at its ends."""
    return {each.name: min(max(values[each.name], each.low), each.high) for each in space}


def as_toml(values: Mapping[str, float], remarks: list[str]) -> str:
    """Settings as a file that `--settings FILE` takes, below remarks."""
    lines = [f"# {remark}" for remark in remarks]
    tables: dict[str, list[str]] = {}
    for name, value in sorted(values.items()):
        table, _, key = name.rpartition(".")
        tables.setdefault(table, []).append(f"{key} = {value!r}")
    for table, settings in tables.items():
        lines += ["", f"[{table}]", *settings]
    return "\n".join(lines) + "\n"


def _ranges(tuning: TuningSettings, given: Candidate) -> Iterator[Dimension]:
    for name in _RANGES:
        if ends := getattr(tuning, name):
            section = "feedback" if name == "half_life_days" else "als"
            yield Dimension(f"{section}.{name}", ends[0], ends[1], name not in ("reg_param", "alpha"))
    for action, ends in sorted(tuning.weights.items()):
        if ends and action not in given.feedback.weights:
            raise SettingsError(f"tuning.weights.{action}: feedback.weights has no such action.")
        if ends:
            yield Dimension(f"feedback.weights.{action}", ends[0], ends[1], False)


def _within(settings: Mapping[str, Any], name: str) -> float:
    value: Any = settings
    for part in name.split("."):
        value = value[part]
    return value
