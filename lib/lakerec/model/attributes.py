"""Factors of items that nobody has acted on yet, from what the catalogue says of them.

Ridge regression from attributes to the factors of the items that have some (Gantner et al., "Learning
attribute-to-feature mappings for cold-start recommendations", 2010, section 4, with a linear map). An item of which
nothing is known gets the intercept: the mean item.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from lakerec.contract import Settings
from lakerec.model.scorer import Floats, Floats32

LOG_PRICE = "log_price"


class AttributeSettings(Settings):
    """How attributes become factors."""

    penalty: float = Field(gt=0, description="weight of the penalty on the map's coefficients, per squared coefficient")
    min_items: int = Field(ge=1, description="fewest items with factors that share an attribute's value; items")
    max_features: int = Field(ge=1, le=10_000, description="values that the map knows at most, the commonest; values")


class Described(NamedTuple):
    """What the catalogue says of an item; any of it may be missing. `attributes` is a JSON object as text."""

    category: str | None
    attributes: str | None
    price: float | None


class AttributeMap(NamedTuple):
    """factors = intercept + features · coefficients.

    Attributes:
        names: of the features, such as `category=coats`, `brand=Noir` and `log_price`.
        intercept: (rank,).
        coefficients: (features, rank).
        mean_log_price: which counts as 0, as does a missing price.
    """

    names: tuple[str, ...]
    intercept: Floats
    coefficients: Floats
    mean_log_price: float

    def of(self, items: Sequence[Described]) -> Floats32:
        """Factors of items, a row each."""
        return (self.intercept + _features(items, self.names, self.mean_log_price) @ self.coefficients).astype(
            np.float32
        )


def fit_attribute_map(items: Sequence[Described], factors: Floats32, settings: AttributeSettings) -> AttributeMap:
    """The map that predicts the factors of known items best from their attributes.

    Args:
        items: those that have factors.
        factors: theirs, a row each.
    """
    from sklearn.linear_model import Ridge  # imported where it is used: it takes a second

    counts = Counter(value for item in items for value in set(_values(item)))
    common = sorted(
        (name for name, n in counts.items() if n >= settings.min_items), key=lambda name: (-counts[name], name)
    )
    prices = [_log_price(item) for item in items if item.price]
    mean = float(np.mean(prices)) if prices else 0.0
    names = (LOG_PRICE, *sorted(common[: settings.max_features]))
    fitted = Ridge(alpha=settings.penalty).fit(_features(items, names, mean), factors.astype(np.float64))
    return AttributeMap(names, np.atleast_1d(fitted.intercept_), np.atleast_2d(fitted.coef_).T, mean)


def _features(items: Sequence[Described], names: Sequence[str], mean_log_price: float) -> Floats:
    column = {name: nth for nth, name in enumerate(names)}
    features = np.zeros((len(items), len(names)))
    for row, item in enumerate(items):
        features[row, [column[value] for value in _values(item) if value in column]] = 1.0
        features[row, column[LOG_PRICE]] = _log_price(item) - mean_log_price if item.price else 0.0
    return features


def _values(item: Described) -> list[str]:
    """`category=coats`, `brand=Noir`: texts, switches and whole numbers; each entry of a list counts."""
    found = [f"category={item.category}"] if item.category else []
    attributes = json.loads(item.attributes) if item.attributes else {}
    return found + list(_named(attributes if isinstance(attributes, Mapping) else {}))


def _named(attributes: Mapping[str, Any]) -> Iterable[str]:
    for name, value in attributes.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str | bool | int):
                yield f"{name}={each}"


def _log_price(item: Described) -> float:
    return math.log1p(max(0.0, item.price or 0.0))
