"""Every setting of a run, typed: conf/base.toml < conf/<profile>.toml < --settings FILE < environment < flags.

The settings classes stand beside the code that they steer; this module only gathers them. An environment variable is
`LAKEREC_<SECTION>__<KEY>`, a flag `--set section.key=value`.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from lakerec.bronze.mapping import Source
from lakerec.contract import Settings
from lakerec.diagnostics.calibrations import CalibrationSettings
from lakerec.diagnostics.data_checks import DataSettings
from lakerec.diagnostics.fit_curves import FitSettings
from lakerec.diagnostics.gate_results import GateSettings
from lakerec.diagnostics.learning_curves import LearningSettings
from lakerec.diagnostics.rankings import RankingSettings
from lakerec.diagnostics.search_space import TuningSettings
from lakerec.diagnostics.thresholds import ThresholdSettings
from lakerec.diagnostics.user_metrics import JudgingSettings
from lakerec.errors import LandingError, SettingsError
from lakerec.gold.interactions import FeedbackSettings
from lakerec.lakehouse import LakeSettings
from lakerec.landing import LandingSettings
from lakerec.model.action_weights import ActionWeightSettings
from lakerec.model.als_settings import AlsSettings
from lakerec.model.attributes import AttributeSettings
from lakerec.model.item_knn import BaselineSettings
from lakerec.model.replays import ReplaySettings
from lakerec.model.split import SplitSettings
from lakerec.planning.estimate import PlanSettings
from lakerec.recommendations.explanations import ExplainSettings
from lakerec.recommendations.releases import ReleaseSettings
from lakerec.recommendations.rules import RuleSettings
from lakerec.recommendations.similar_items import SimilarSettings
from lakerec.recommendations.user_items import RecommendSettings
from lakerec.shop.settings import ShopSettings
from lakerec.silver.events import EventSettings
from lakerec.silver.samples import SampleSettings
from lakerec.silver.sessions import SessionSettings
from lakerec.tracking import TrackingSettings

ENVIRONMENT_PREFIX = "LAKEREC_"
OTHER_VARIABLES = {"LAKEREC_CACHE", "LAKEREC_DRIVER_PID_FILE", "LAKEREC_IVY_SETTINGS", "LAKEREC_SHARED_DATA"}


class Config(BaseSettings):
    """One run's settings; frozen, complete, without defaults of its own."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__"
    )

    as_of: str = Field(description="time up to which is learned and recommended, ISO with zone; empty: newest event")
    fail_on_held: bool = Field(description="end with exit code 3 when delivered files were held back")
    lake: LakeSettings
    landing: LandingSettings
    tracking: TrackingSettings
    shop: ShopSettings
    events: EventSettings
    session: SessionSettings
    feedback: FeedbackSettings
    split: SplitSettings
    als: AlsSettings
    action_weights: ActionWeightSettings
    tuning: TuningSettings
    replay: ReplaySettings
    ranking: RankingSettings
    baselines: BaselineSettings
    calibration: CalibrationSettings
    threshold: ThresholdSettings
    gate: GateSettings
    recommend: RecommendSettings
    rules: RuleSettings
    explain: ExplainSettings
    similar: SimilarSettings
    attributes: AttributeSettings
    release: ReleaseSettings
    data: DataSettings
    sample: SampleSettings
    judging: JudgingSettings
    learning: LearningSettings
    fitting: FitSettings
    plan: PlanSettings

    @property
    def as_of_time(self) -> datetime | None:
        """`as_of` as a time; None stands for the newest event."""
        return datetime.fromisoformat(self.as_of) if self.as_of else None

    def sections(self, *names: str) -> dict[str, Any]:
        """Values of whole sections by their names, as plain JSON would hold them."""
        return {name: getattr(self, name).model_dump(mode="json") for name in names}

    @field_validator("as_of")
    @classmethod
    def _has_zone(cls, value: str) -> str:
        if value and datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("needs a zone, such as 2026-03-02T00:00:00Z")
        return value


def load(profile: str, flags: Mapping[str, Any], file: Path | None = None) -> Config:
    """The settings of a run.

    Args:
        profile: name of a file in conf/ that holds what differs from base.toml, such as `local`.
        flags: values by `section.key`; text is converted, lists and tables are written as in TOML.
        file: a further file of settings, such as `tune_model` writes; wins over the profile.

    Raises:
        SettingsError: one line for each setting that is missing, unknown or out of range.
    """
    in_files = _merge(
        read_toml("base.toml"), read_toml(f"{profile}.toml"), _parse_toml(file, str(file)) if file else {}
    )

    class LoadedConfig(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, in_files)

    _refuse_unknown_variables()
    try:
        return LoadedConfig(**_merge(*(_nested(path, value) for path, value in flags.items())))
    except ValidationError as error:
        raise SettingsError("\n".join(setting_errors(error, LoadedConfig))) from error


def load_source(name: str) -> Source:
    """How one producer's records map to ours, from conf/sources/<name>.toml.

    Raises:
        LandingError: there is no such source.
        SettingsError: its file has a setting that is missing, unknown or out of range.
    """
    known = sorted(file.name.removesuffix(".toml") for file in configuration().joinpath("sources").iterdir())
    if name not in known:
        raise LandingError(f"landing.source: no source '{name}' is configured. Known: {', '.join(known)}.")
    try:
        return Source.model_validate({"name": name, **read_toml(f"sources/{name}.toml")})
    except ValidationError as error:
        lines = setting_errors(error, Source)
        raise SettingsError("\n".join(f"sources/{name}.toml: {line}" for line in lines)) from error


def described_settings() -> Iterator[tuple[str, Any, str]]:
    """Every setting: its `section.key`, its default in base.toml, and its meaning with unit."""
    defaults = read_toml("base.toml")
    for section, field in Config.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            for key, inner in field.annotation.model_fields.items():
                yield f"{section}.{key}", defaults.get(section, {}).get(key), inner.description or ""
        else:
            yield section, defaults.get(section), field.description or ""


def configuration() -> Traversable:
    """The folder of configuration: inside the package where it was shipped as a zip, else the checkout's conf/."""
    packaged = files("lakerec").joinpath("conf")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"


def read_toml(name: str) -> dict[str, Any]:
    """One file of the configuration.

    Raises:
        SettingsError: it is not there, or is not TOML.
    """
    return _parse_toml(configuration().joinpath(name), f"conf/{name}")


def setting_errors(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each wrong setting: its path, what is wrong with it, and the nearest known names."""
    return [_setting_error(fault, model) for fault in error.errors()]


def _parse_toml(file: Traversable, name: str) -> dict[str, Any]:
    if not file.is_file():
        raise SettingsError(f"{name}: no such file.")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: {error}.") from error


def _setting_error(fault: ErrorDetails, model: type[BaseModel]) -> str:
    parts = _without_tags(model, fault["loc"])
    path = ".".join(str(part) for part, _ in parts) or "the file"
    if fault["type"] == "extra_forbidden":
        known = sorted(parts[-1][1].model_fields)
        return f"{path}: unknown setting. Known here: {', '.join(known)}."
    if fault["type"] in ("missing", "union_tag_not_found"):
        return f"{path}{'.kind' if fault['type'] == 'union_tag_not_found' else ''}: missing."
    if fault["type"] == "union_tag_invalid":
        return f"{path}.kind: unknown kind. Known: {fault['ctx']['expected_tags']}."
    shown = "" if isinstance(fault["input"], Mapping) else f" (is {fault['input']!r})"
    return f"{path}: {fault['msg'].removeprefix('Value error, ')}{shown}."


def _without_tags(model: type[BaseModel], location: tuple[int | str, ...]) -> list[tuple[int | str, type[BaseModel]]]:
    """The parts of a setting's path, each with the model that it is named in.

    pydantic puts the chosen kind of one of several models into the path, where nobody wrote it.
    """
    parts: list[tuple[int | str, type[BaseModel]]] = []
    choices: dict[str, type[BaseModel]] = {}
    for part in location:
        if str(part) in choices:
            model, choices = choices[str(part)], {}
            continue
        parts.append((part, model))
        field = model.model_fields.get(str(part))
        inner = _models_in(field.annotation) if field else []
        choices = {get_args(one.model_fields["kind"].annotation)[0]: one for one in inner if len(inner) > 1}
        model = inner[0] if inner else model
    return parts


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a setting may be; an optional, listed or annotated one counts as the model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _nested(path: str, value: Any) -> dict[str, Any]:
    """`als.rank`, `8` -> {"als": {"rank": "8"}}."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            value = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path}: {error} (is '{value}').") from error
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def _merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Later layers win, table by table."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
            merged[key] = _merge(merged[key], value) if both else value
    return merged


def _refuse_unknown_variables() -> None:
    """A mistyped environment variable would otherwise be passed over in silence."""
    known = {f"{ENVIRONMENT_PREFIX}{path.replace('.', '__')}".upper() for path, _, _ in described_settings()}
    given = {name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)}
    if unknown := sorted(given - known - OTHER_VARIABLES):
        nearest = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise SettingsError(f"{unknown[0]}: no setting has this environment variable.{hint}")
