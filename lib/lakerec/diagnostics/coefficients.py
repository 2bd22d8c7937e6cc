"""diagnostics.coefficients: every number that shapes what a model says, one row each, in its unit.

Action weights, half-life and ALS's settings are chosen; the calibrations are fitted on the calibrate window. A model's
factors are in model.user_factors and model.item_factors.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.probabilities import Calibration

COEFFICIENTS = Table(
    name="diagnostics.coefficients",
    comment="One row per (model, part, name, position): a number that shapes the model, chosen or fitted.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("part", T.StringType(), "als, feedback, split: settings as used; calibration: fitted."),
        Column("name", T.StringType(), "Which, such as weights.cart, half_life_days, als.slope."),
        Column("position", T.IntegerType(), "Place in a list of numbers, from 0; 0 for a single number."),
        Column("value", T.DoubleType(), "Its value in `unit`; null where nothing could be fitted."),
        Column("low", T.DoubleType(), "Lower end of its interval; null: chosen, or not computed."),
        Column("high", T.DoubleType(), "Upper end of its interval; null: chosen, or not computed."),
        Column("unit", T.StringType(), "Unit of value; 1 for a pure number."),
        Column("reason", T.StringType(), "Why value is null; null elsewhere."),
    ),
    key=("model_id", "part", "name", "position"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

CALIBRATION = "calibration"


class Coefficient(NamedTuple):
    """One row of diagnostics.coefficients without model_id."""

    part: str
    name: str
    position: int
    value: float | None
    low: float | None
    high: float | None
    unit: str
    reason: str | None


def chosen_coefficients(settings: Mapping[str, Any]) -> list[Coefficient]:
    """The numbers among a model's settings; texts and switches are no coefficients.

    Args:
        settings: sections of model.runs.settings.
    """
    return [
        Coefficient(part, name, position, value, None, None, _unit(name), None)
        for part, section in settings.items()
        for name, position, value in _numbers(section)
    ]


def fitted_coefficients(calibrations: Mapping[str, Calibration]) -> list[Coefficient]:
    """Intercept and slope of each recommender's calibration; null with the reason where there is none."""
    return [
        Coefficient(CALIBRATION, f"{recommender}.{name}", 0, value, None, None, unit, calibration.reason)
        for recommender, calibration in calibrations.items()
        for name, value, unit in (
            ("intercept", calibration.intercept, "log-odds"),
            ("slope", calibration.slope, "log-odds per unit of score"),
        )
    ]


def calibration_of(coefficients: Iterable[Mapping[str, Any]], recommender: str) -> Calibration:
    """A recommender's calibration as stored.

    Args:
        coefficients: rows of diagnostics.coefficients of one model.
    """
    rows = {row["name"]: row for row in coefficients if row["part"] == CALIBRATION}
    intercept, slope = rows.get(f"{recommender}.intercept"), rows.get(f"{recommender}.slope")
    if intercept is None or slope is None:
        return Calibration(None, None, f"no calibration of {recommender} is stored")
    return Calibration(intercept["value"], slope["value"], slope["reason"])


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, int, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        yield from ((path, nth, float(number)) for nth, number in enumerate(value) if _is_number(number))
    elif _is_number(value):
        yield path, 0, float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unit(name: str) -> str:
    if name.startswith("weights."):
        return "strength per event"
    return "days" if name.endswith("_days") else "1"
