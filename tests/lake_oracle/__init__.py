"""What the tables must hold, worked out in plain Python from the delivered files, without Spark and our transforms.

    PYTHONPATH=lib:. .venv/bin/python -m tests.lake_oracle --lake lake --landing landing [--source shop] [--set ...]

prints, for every table that it predicts, how many rows it expects, how many there are, and how many differ. It knows
sources of JSON lines and of CSV whose records are lines. Everything it needs to know of a run is in its configuration;
a row is compared in all columns but those that say when and from which of several equal files it was taken.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from lakerec.bronze.mapping import Source
from lakerec.config import Config
from tests.lake_oracle.files import FILE_COUNTS, Record, delivered, read_file
from tests.lake_oracle.gold import count_days, interactions, popularity
from tests.lake_oracle.silver import (
    Rows,
    believe,
    keep_first,
    latest_items,
    link_users,
    make_sessions,
    summarise_sessions,
)

Tables = dict[str, Rows]

SILVER_EVENTS = [
    "source",
    "event_date",
    "event_id",
    "user_id",
    "user_id_sent",
    "session_id",
    "session_id_sent",
    "item_id",
    "action",
    "quantity",
    "price",
    "occurred_at",
    "list_id",
    "position",
    "surface",
    "propensity",
    "is_bot",
]
SESSIONS = [
    "source",
    "event_date",
    "session_id",
    "user_id",
    "signed_in_at",
    "signed_in_event_id",
    "last_signed_in_at",
    "last_signed_in_event_id",
    "user_count",
    "first_at",
    "last_at",
    "event_count",
    "anonymous_count",
    "moment_count",
    "is_bot",
]
ITEMS = ["item_id", "name", "category", "attributes", "price", "is_available", "first_seen_at", "changed_at", "origin"]


def predict(landing: Path, source: Source, config: Config) -> Tables:
    """The rows of every table up to gold, by table name, as tuples of the columns that `COLUMNS` lists."""
    files: Rows = Counter()
    malformed: Rows = Counter()
    records, catalogue = [], []
    for kind, path in delivered(landing, source):
        held = read_file(landing / path, path, source, kind)
        files[(path, *(held["counts"][name] for name in FILE_COUNTS))] += 1
        malformed.update(held["malformed"])
        (records if kind == "event" else catalogue).extend(held["records"])
    believed, rejected = believe(records, source, config)
    events = keep_first(believed)
    make_sessions(events, config.session.gap_minutes)
    sessions = summarise_sessions(events, config)
    link_users(events, sessions, config.session.max_days)
    daily = count_days(events, config)
    strengths = interactions(daily, max(e["occurred_at"] for e in events).date(), config)
    people = [e for e in events if not e["is_bot"]]
    return {
        "bronze.files": files,
        "bronze.malformed_lines": malformed,
        "silver.events": rows_of(events, SILVER_EVENTS),
        "silver.rejected_events": rejected,
        "silver.sessions": rows_of(sessions.values(), SESSIONS),
        "silver.items": latest_items(catalogue, believed, source),
        "gold.user_index": Counter({(e["user_id"],): 1 for e in people if e["user_id"]}),
        "gold.item_index": Counter({(e["item_id"],): 1 for e in people}),
        "gold.daily_interactions": Counter((*key, *values) for key, values in daily.items()),
        "gold.interactions": Counter((*key, *values) for key, values in strengths.items()),
        "gold.item_popularity": popularity(strengths),
    }


def rows_of(rows: Iterable[Record], names: list[str]) -> Rows:
    """Rows as tuples."""
    return Counter(tuple(row[name] for name in names) for row in rows)


def found(lake: Path) -> Tables:
    """The rows that the lake holds, read without Spark, in the form of `predict`."""

    def read(name: str) -> pl.DataFrame:
        return pl.read_delta(str(lake / name.replace(".", "/")))

    def rows(frame: pl.DataFrame, names: Iterable[str]) -> Rows:
        return Counter(frame.select(list(names)).iter_rows())

    paths = read("bronze.files").select("file_id", "path")
    users, items = read("gold.user_index"), read("gold.item_index")
    daily = read("gold.daily_interactions").join(users, on="user_ix").join(items, on="item_ix")
    strengths = read("gold.interactions").join(users, on="user_ix").join(items, on="item_ix")
    popular = read("gold.item_popularity").join(items, on="item_ix")
    rejected = read("silver.rejected_events").join(paths, on="file_id")
    reasons = rejected.select("source", "event_date", "path", "line_number", "reasons").iter_rows()
    malformed = read("bronze.malformed_lines").join(paths, on="file_id")
    return {
        "bronze.files": rows(read("bronze.files"), ["path", *FILE_COUNTS]),
        "bronze.malformed_lines": rows(malformed, ["source", "path", "line_number", "raw", "reason"]),
        "silver.events": rows(read("silver.events"), SILVER_EVENTS),
        "silver.rejected_events": Counter((*place, tuple(names)) for *place, names in reasons),
        "silver.sessions": rows(read("silver.sessions"), SESSIONS),
        "silver.items": rows(read("silver.items"), ITEMS),
        "gold.user_index": rows(users, ["user_id"]),
        "gold.item_index": rows(items, ["item_id"]),
        "gold.daily_interactions": rows(
            daily, ["event_date", "user_id", "item_id", "action", "event_count", "quantity", "first_at", "last_at"]
        ),
        "gold.interactions": rows(strengths, ["user_id", "item_id", "event_count", "strength", "first_at", "last_at"]),
        "gold.item_popularity": rows(popular, ["item_id", "event_count", "user_count"]),
    }


def disagreements(predicted: Tables, there: Tables) -> dict[str, tuple[int, int, int]]:
    """By table: rows expected, rows found, and rows that only one side has."""
    return {
        name: (rows.total(), there[name].total(), (rows - there[name]).total() + (there[name] - rows).total())
        for name, rows in predicted.items()
    }
