"""diagnostics.coefficients: every number that shapes what a model says, one row each, in its unit.

Action weights, half-life and ALS's settings are chosen; the calibrations are fitted on the calibrate window. What the
weights would be if they were learned from purchases stands beside them, with intervals. A model's factors are in
model.user_factors and model.item_factors.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.calibrations import Calibration, Knot
from lakerec.model.action_weights import LearnedWeights
from lakerec.model.attributes import AttributeMap

COEFFICIENTS = Table(
    name="diagnostics.coefficients",
    comment="One row per (model, part, name, position): a number that shapes the model, chosen or fitted.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column(
            "part",
            T.StringType(),
            "als, feedback, split: settings as used; calibration, item_attributes: fitted; learned_weights: what "
            "actions are worth by what was bought before the cut, which no model uses unless it is configured.",
        ),
        Column("name", T.StringType(), "Which, such as weights.cart, half_life_days, als.slope, als.knot_score."),
        Column("position", T.IntegerType(), "Place in a list of numbers, from 0; 0 for a single number."),
        Column("value", T.DoubleType(), "Its value in `unit`; null where nothing could be fitted."),
        Column("low", T.DoubleType(), "Lower end of its interval; null: chosen, or not computed."),
        Column("high", T.DoubleType(), "Upper end of its interval; null: chosen, or not computed."),
        Column("unit", T.StringType(), "Unit of value; 1 for a pure number."),
        Column("reason", T.StringType(), "Why value is null; of a calibration: why it was chosen."),
    ),
    key=("model_id", "part", "name", "position"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
    transform_version=3,
)

CALIBRATION, ITEM_ATTRIBUTES, LEARNED_WEIGHTS = "calibration", "item_attributes", "learned_weights"
_PLATT = {
    "intercept": "log-odds",
    "slope": "log-odds per unit of score",
    "lowest_score": "score",
    "highest_score": "score",
}


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
    """What makes each recommender's calibration: the numbers of Platt scaling, or the knots of an isotonic one.

    Those of Platt scaling are always there, null where they do not apply; the reason says why, or why this way was
    chosen.
    """
    found = []
    for recommender, fitted in calibrations.items():
        numbers = [(name, 0, getattr(fitted, name), unit) for name, unit in _PLATT.items()]
        for position, knot in enumerate(fitted.knots):
            numbers += [("knot_score", position, knot.score, "score")]
            numbers += [("knot_probability", position, knot.probability, "1")]
        found += [
            Coefficient(CALIBRATION, f"{recommender}.{name}", position, value, None, None, unit, fitted.reason)
            for name, position, value, unit in numbers
        ]
    return found


def attribute_coefficients(mapped: AttributeMap) -> list[Coefficient]:
    """The map that gives new items their factors: per feature, and for the intercept, a number for each factor."""
    features = [("intercept", mapped.intercept), *zip(mapped.names, mapped.coefficients, strict=True)]
    return [
        Coefficient(ITEM_ATTRIBUTES, name, position, float(value), None, None, "factor", None)
        for name, values in features
        for position, value in enumerate(values)
    ]


def learned_coefficients(learned: LearnedWeights, unit: str) -> list[Coefficient]:
    """What one more event of an action adds to the log-odds of a purchase, and the same in events of the unit.

    Args:
        unit: action that has weight 1.
    """
    found = [(f"log_odds.{name}", each, "log-odds per event") for name, each in learned.log_odds.items()]
    found += [("log_odds.base", learned.base, "log-odds")]
    found += [(f"weights.{name}", each, f"events of {unit}") for name, each in learned.weights.items()]
    rows = [Coefficient(LEARNED_WEIGHTS, name, 0, *each, unit_, learned.reason) for name, each, unit_ in found]
    return [*rows, Coefficient(LEARNED_WEIGHTS, "pair_count", 0, float(learned.pair_count), None, None, "pairs", None)]


def calibration_of(coefficients: Iterable[Mapping[str, Any]], recommender: str) -> Calibration:
    """A recommender's calibration as stored.

    Args:
        coefficients: rows of diagnostics.coefficients of one model.
    """
    rows = {(row["name"], row["position"]): row for row in coefficients if row["part"] == CALIBRATION}
    platt = {name: rows.get((f"{recommender}.{name}", 0)) for name in _PLATT}
    if (slope := platt["slope"]) is None:
        return Calibration(None, None, f"no calibration of {recommender} is stored")
    knots: list[Knot] = []
    while (score := rows.get((f"{recommender}.knot_score", len(knots)))) is not None:
        knots.append(Knot(score["value"], rows[f"{recommender}.knot_probability", len(knots)]["value"]))
    numbers = {name: None if row is None else row["value"] for name, row in platt.items()}
    return Calibration(**numbers, reason=slope["reason"], knots=tuple(knots))


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
