"""What some users would be listed if there were no rules: by the model, with new items among it, or bestsellers."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lakerec.model.scorer import Floats, Floats32, Ints, Ints32, Pairs, Places, Ranker, list_places, nth_of
from lakerec.recommendations.offer import Offer

Bools = npt.NDArray[np.bool_]


class Listed(NamedTuple):
    """Places of several users' lists, behind each other; as `Places`.

    Attributes:
        is_new: whether the item's attributes put it there, and not the model.
    """

    rows: Ints
    ranks: Ints32
    item_ix: Ints32
    scores: Floats
    is_new: Bools

    def where(self, chosen: Bools | Ints) -> "Listed":
        """Some of the places."""
        columns: tuple[Any, ...] = self
        return Listed(*(column[chosen] for column in columns))

    def beside(self, others: "Listed") -> "Listed":
        """Its places, and others behind them."""
        columns: Any = zip(self, others, strict=True)
        return Listed(*(np.concatenate(pair) for pair in columns))

    def numbered(self) -> "Listed":
        """The same with the ranks that they have now that others are gone."""
        return self._replace(ranks=(nth_of(self.rows) + 1).astype(np.int32))


class Depth(NamedTuple):
    """How far lists go.

    Attributes:
        places: of each list.
        length: of the list that is shown; the last `new_slots` of its places are for new items.
    """

    places: int
    length: int
    new_slots: int


class Lister:
    """Lists of one offer, for one block of users after the other."""

    def __init__(self, offer: Offer, depth: Depth) -> None:
        self.offer, self.depth = offer, depth
        self.model = Ranker(offer.model.factors, depth.places)
        self.new = Ranker(offer.new.factors, depth.new_slots)
        self.popularity = Ranker(offer.popularity.factors, depth.places)

    def by_model(self, users: Floats32, masked: Pairs) -> Listed:
        """From a row of factors for each user.

        New items have the last places of the list that is shown, and behind these the model goes on. Lists have fewer
        places where too few items are left.
        """
        old = _listed(list_places(users, masked, self.offer.model, self.model), is_new=False)
        if not (self.depth.new_slots and len(self.offer.new.item_ix)):
            return old
        new = _listed(list_places(users, masked, self.offer.new, self.new), is_new=True)
        first = self.depth.length - self.depth.new_slots
        behind = np.where(old.ranks > first, self.depth.new_slots, 0)
        both = old.beside(new)
        places = np.concatenate([old.ranks + behind, new.ranks + first])
        mixed = both.where(np.lexsort((places, both.rows))).numbered()
        return mixed.where(mixed.ranks <= self.depth.places)

    def bestsellers(self, count: int, masked: Pairs) -> Listed:
        """For so many users, who differ in what is masked alone."""
        alike = np.ones((count, 1), np.float32)
        return _listed(list_places(alike, masked, self.offer.popularity, self.popularity), is_new=False)


def _listed(places: Places, *, is_new: bool) -> Listed:
    return Listed(*places, np.full(len(places.rows), is_new))
