"""Rows of silver as those of gold."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import numpy as np

from lakerec.config import Config
from tests.lake_oracle.files import Record
from tests.lake_oracle.silver import Rows


def count_days(events: list[Record], config: Config) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """(day, user, item, action) -> (events, units, first, last)."""
    groups = defaultdict(list)
    for event in events:
        if event["action"] in config.feedback.weights and not event["is_bot"] and event["user_id"] is not None:
            groups[event["event_date"], event["user_id"], event["item_id"], event["action"]].append(event)
    return {key: counted(mine) for key, mine in groups.items()}


def counted(mine: list[Record]) -> tuple[Any, ...]:
    """Events, units, first and last of them."""
    units = [event["quantity"] for event in mine if event["quantity"] is not None]
    times = [event["occurred_at"] for event in mine]
    return len(mine), sum(units) if units else None, min(times), max(times)


def interactions(
    daily: dict[tuple[Any, ...], tuple[Any, ...]], as_of: date, config: Config
) -> dict[tuple[str, str], tuple[Any, ...]]:
    """(user, item) -> (events, strength as float32, first, last), as of a day."""
    rule = config.feedback
    pairs = defaultdict(list)
    for (day, user, item, action), (count, _, first, last) in daily.items():
        pairs[user, item].append((day, action, count, first, last))
    strengths = {}
    for pair, mine in pairs.items():
        counting = []
        for day, action, count, first, last in sorted(mine):
            taken = [d for d, a, *_ in mine if a == rule.cancels.get(action) and d <= day]
            age = (as_of - max(taken, default=day)).days
            if not rule.window_days or age < rule.window_days:
                decay = 0.5 ** (age / rule.half_life_days) if rule.half_life_days else 1.0
                part = round(rule.weights[action] * count * decay * 2**36) / 2**36
                counting.append((count, part, first, last))
        if counting:
            counts, parts, firsts, lasts = zip(*counting, strict=True)
            strengths[pair] = (sum(counts), float(np.float32(sum(parts))), min(firsts), max(lasts))
    return strengths


def popularity(strengths: dict[tuple[str, str], tuple[Any, ...]]) -> Rows:
    """Item -> (events, users), as rows."""
    events, users = Counter(), Counter()
    for (_, item), (count, *_) in strengths.items():
        events[item] += count
        users[item] += 1
    return Counter((item, events[item], users[item]) for item in events)
