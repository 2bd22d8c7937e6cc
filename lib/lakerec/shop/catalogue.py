"""What the shop sells: items with names, prices and a latent style, listed and changed from day to day."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lakerec.shop.rows import Bools, Floats, Ints
from lakerec.shop.settings import ShopSettings
from lakerec.shop.wording import CATEGORIES, STYLES, Category, Style

CATALOGUE_STREAM, SHELF_STREAM = 2, 3
ZIPF_EXPONENT, ZIPF_SHIFT = 0.7, 3  # popularity inside a style: (rank + shift) ** -exponent
PRICE_SPREAD = 0.25  # sigma of the log-normal around the category's price
REPRICED_SHARE, MARKDOWNS = 0.01, (1.0, 0.9, 0.8, 0.7)  # of listed items a day
SOLD_OUT_SHARE, RESTOCKED_SHARE = 0.003, 0.3  # of available and of unavailable items a day


@dataclass(frozen=True)
class Catalogue:
    """One entry per item in every array; what never changes about it."""

    style: Ints
    category: Ints
    names: list[str]
    attributes: list[dict[str, str]]
    base_cents: Ints
    listed_day: Ints
    appeal: Floats  # popularity among those who like the style; sums to 1 per style
    fame: Floats  # popularity among everybody; sums to 1

    @property
    def count(self) -> int:
        """How many items there are once all are listed."""
        return len(self.style)


@dataclass
class Offer:
    """What does change: today's price and availability of each item. Flows forward from day to day."""

    cents: Ints
    is_available: Bools


def make_catalogue(settings: ShopSettings) -> Catalogue:
    """The shop's items; independent of `settings.days`, so that a longer log has the same items."""
    rng = np.random.default_rng([settings.seed, CATALOGUE_STREAM])
    count = settings.item_count
    style = rng.integers(0, settings.style_count, count)
    category, names, attributes = _describe_items(rng, style)
    usual = np.array([CATEGORIES[c].price * STYLES[s].price_factor for c, s in zip(category, style, strict=True)])
    price = np.maximum(np.round(usual * rng.lognormal(0.0, PRICE_SPREAD, count)), 5)
    return Catalogue(
        style=style,
        category=category,
        names=names,
        attributes=attributes,
        base_cents=(100 * price - 10).astype(np.int64),
        listed_day=settings.arrival_days(count),
        appeal=_zipf_by_group(rng, style),
        fame=_zipf_by_group(rng, np.zeros(count, np.int64)),
    )


def open_offer(catalogue: Catalogue) -> Offer:
    """Everything at its own price, nothing listed yet."""
    return Offer(cents=catalogue.base_cents.copy(), is_available=np.zeros(catalogue.count, bool))


def change_offer(settings: ShopSettings, catalogue: Catalogue, offer: Offer, day: int) -> Ints:
    """Bring the offer from the day before to this day (in place): listings, markdowns, sold out and restocked.

    Returns:
        Items with something new to say today, in order.
    """
    rng = np.random.default_rng([settings.seed, SHELF_STREAM, day])
    is_new, is_old = catalogue.listed_day == day, catalogue.listed_day < day
    repriced = is_old & (rng.random(catalogue.count) < REPRICED_SHARE)
    markdown = rng.choice(MARKDOWNS, catalogue.count)
    turn = np.where(offer.is_available, SOLD_OUT_SHARE, RESTOCKED_SHARE)
    turned = is_old & (rng.random(catalogue.count) < turn)
    cents = np.where(repriced, np.round(catalogue.base_cents * markdown / 10) * 10, offer.cents).astype(np.int64)
    changed = is_new | turned | (cents != offer.cents)
    offer.cents = cents
    offer.is_available = (offer.is_available ^ turned) | is_new
    return np.flatnonzero(changed)


def catalogue_records(catalogue: Catalogue, offer: Offer, items: Ints, changed_at: str) -> Iterator[dict[str, Any]]:
    """What the shop's catalogue says about `items`; one record each, as it goes into a JSON line."""
    for item in items.tolist():
        yield {
            "item_id": item_id(item),
            "name": catalogue.names[item],
            "category": CATEGORIES[catalogue.category[item]].name,
            "attributes": catalogue.attributes[item],
            "price": int(offer.cents[item]) / 100,
            "is_available": bool(offer.is_available[item]),
            "changed_at": changed_at,
        }


def item_id(item: int) -> str:
    """The id that log, catalogue and truth know an item by."""
    return f"i{item:06d}"


def _describe_items(rng: np.random.Generator, style: Ints) -> tuple[Ints, list[str], list[dict[str, str]]]:
    """Category, name and attributes of each item; names are unique: the n-th of a style is its n-th description."""
    described = {s: _descriptions(rng, STYLES[s]) for s in np.unique(style).tolist()}
    items = [next(described[s]) for s in style.tolist()]
    return np.array([c for c, _, _ in items], np.int64), [n for _, n, _ in items], [a for _, _, a in items]


def _descriptions(rng: np.random.Generator, style: Style) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Category, name, attributes in random order; used up, the same ones again as a further edition."""
    shape = (len(style.materials), len(CATEGORIES), len(CATEGORIES[0].cuts), len(style.colours))
    order = rng.permutation(np.prod(shape))
    edition = 1
    while True:
        for material, category, cut, colour in zip(*np.unravel_index(order, shape), strict=True):
            name, attributes = _describe(style, CATEGORIES[category], style.materials[material], cut, colour)
            yield int(category), name if edition == 1 else f"{name}, edition {edition}", attributes
        edition += 1


def _describe(style: Style, category: Category, material: str, cut: int, colour: int) -> tuple[str, dict[str, str]]:
    """Such as "Linen summer dress, sage"."""
    attributes = {
        "brand": style.brand,
        "colour": style.colours[colour],
        "cut": category.cuts[cut],
        "material": material.lower(),
    }
    return f"{material} {category.cuts[cut]}, {style.colours[colour]}", attributes


def _zipf_by_group(rng: np.random.Generator, group: Ints) -> Floats:
    """A share for each item, by its random rank within its group; each group sums to 1."""
    order = np.lexsort((rng.random(len(group)), group))
    first = np.searchsorted(group[order], group[order])
    weight = np.empty(len(group))
    weight[order] = (np.arange(len(group)) - first + ZIPF_SHIFT) ** -ZIPF_EXPONENT
    return weight / np.bincount(group, weight)[group]
