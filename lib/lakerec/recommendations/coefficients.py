"""recommendations.coefficients: the numbers by which a batch's scores became probabilities and decisions.

What diagnostics says of a model may be said anew, with other settings; a batch keeps what it was made with.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.coefficients import ITEM_ATTRIBUTES, Coefficient, attribute_coefficients
from lakerec.model.attributes import AttributeMap

COEFFICIENTS = Table(
    name="recommendations.coefficients",
    comment="One row per (batch, part, name, position): a number that shaped the batch, as it was then.",
    columns=(
        Column("batch_id", T.StringType(), "Batch in recommendations.user_items."),
        Column(
            "part", T.StringType(), "als, feedback, split, calibration, as in diagnostics; threshold; item_attributes."
        ),
        Column("name", T.StringType(), "Which, such as weights.cart, als.slope; for item_attributes the feature."),
        Column("position", T.IntegerType(), "Place in a list of numbers, from 0; 0 for a single number."),
        Column("value", T.DoubleType(), "Its value in `unit`; null where nothing could be fitted."),
        Column("unit", T.StringType(), "Unit of value; 1 for a pure number."),
        Column("reason", T.StringType(), "Of the threshold: why it was chosen; else why value is null."),
    ),
    key=("batch_id", "part", "name", "position"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
)

THRESHOLD = "threshold"
Row = tuple[str, str, int, float | None, str, str | None]


def coefficients_of(
    coefficients: Iterable[Mapping[str, Any]],
    threshold: Mapping[str, Any] | None,
    mapped: AttributeMap,
    settings: Iterable[Coefficient],
    cancels: Mapping[str, str],
) -> list[Row]:
    """The rows of a batch without batch_id.

    Args:
        coefficients: rows of diagnostics.coefficients of the evaluation model.
        threshold: the chosen row of diagnostics.thresholds; None where none could be chosen.
        mapped: what gave new items their factors; fitted on the serving model.
        settings: the numbers among the batch's own settings.
        cancels: feedback.cancels of the model; a row `cancels.return.purchase` says that one decays with the other.
    """
    of_model: list[Row] = [
        (row["part"], row["name"], row["position"], row["value"], row["unit"], row["reason"])
        for row in coefficients
        if row["part"] != ITEM_ATTRIBUTES
    ]
    chosen = [*settings, *attribute_coefficients(mapped)]
    of_batch: list[Row] = [(each.part, each.name, each.position, each.value, each.unit, None) for each in chosen]
    of_batch += [("feedback", f"cancels.{back}.{taken}", 0, 1.0, "1", None) for back, taken in sorted(cancels.items())]
    reason = (threshold or {}).get("reason", "no threshold could be chosen")
    return [*of_model, *of_batch, (THRESHOLD, "threshold", 0, (threshold or {}).get("threshold"), "1", reason)]
