"""What a run has to do, in the units that its stages are priced in."""

from typing import NamedTuple

from pydantic import Field

from lakerec.contract import Settings
from lakerec.costs import Unit
from lakerec.diagnostics.rankings import RankingSettings
from lakerec.model.als_settings import AlsSettings
from lakerec.model.fit_cost import units_of_fits
from lakerec.recommendations.similar_items import SimilarSettings
from lakerec.recommendations.user_items import RecommendSettings


class LogShape(Settings):
    """How a log is made up, where nobody has read it yet."""

    lines_per_event: float = Field(ge=1, description="delivered lines for each believed event, rejects included")
    pairs_per_event: float = Field(gt=0, le=1, description="different (user, item) pairs for each event of the log")
    events_per_user: float = Field(gt=0, description="events of a user in the whole log")
    events_per_item: float = Field(gt=0, description="events of an item in the whole log")


class Workload(NamedTuple):
    """Sizes. Lines, records and events are those that the run is new to; the rest is of the whole log after it."""

    lines: float = 0
    records: float = 0
    events: float = 0
    pairs: float = 0
    users: float = 0
    items: float = 0


class Shaping(NamedTuple):
    """The settings that a run's work depends on."""

    als: AlsSettings
    recommend: RecommendSettings
    ranking: RankingSettings
    similar: SimilarSettings


def units_of(workload: Workload, shaping: Shaping, cores: float) -> dict[Unit, float]:
    """How many there are of each unit; what they are is said in `lakerec.costs`."""
    pairs, users, items = workload.pairs, workload.users, workload.items
    als, recommend, ranking, similar = shaping
    judged = min(users, ranking.max_users)
    of_a_user = min(pairs / users, similar.max_items_per_user) if users else 0.0
    return {
        **units_of_fits(pairs, users, items, als),
        "cores": cores,
        "lines": workload.lines,
        "records": workload.records,
        "events": workload.events,
        "scores": users * items * als.rank,
        "listed": users * min(recommend.top_n, items),
        "judged": judged * min(ranking.top_n, items),
        "judged_scores": judged * items * als.rank,
        "shared": pairs * of_a_user,
    }


def given_workload(events: float, users: float | None, items: float | None, shape: LogShape) -> Workload:
    """A first run over a log of so many events; users and items that are not given follow from its shape."""
    users = users or max(1.0, events / shape.events_per_user)
    items = items or max(1.0, events / shape.events_per_item)
    lines = events * shape.lines_per_event
    pairs = min(events * shape.pairs_per_event, users * items)
    return Workload(lines, lines, events, pairs, users, items)


def grown_workload(lines: float, stored: Workload, shape: LogShape) -> Workload:
    """A run over further lines of a log that the lake holds already; as new users, items and pairs to events as so far.

    Customers come back, so that there will rather be fewer. Lines of days that are there already bring these days'
    records along, which nobody can know before the lines are read: they are not counted.

    Args:
        stored: what the lake holds, all of it counted as new; nothing in an empty one.
    """
    if not stored.events:
        return given_workload(lines / shape.lines_per_event, None, None, shape)
    new_events = lines * stored.events / stored.lines
    growth = 1 + new_events / stored.events
    records = lines * stored.records / stored.lines
    grown = stored.pairs * growth, stored.users * growth, stored.items * growth
    return Workload(lines, records, new_events, *grown)
