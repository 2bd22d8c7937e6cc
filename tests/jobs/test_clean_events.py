import random
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import clean_events
from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.config import Config, load
from lakerec.contract import Table
from lakerec.errors import RebuildNeededError
from lakerec.lakehouse import Lakehouse
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.rejected_items import REJECTED_ITEMS
from lakerec.silver.sessions import SESSIONS
from tests import oracle
from tests.records import a_catalogue_record, a_record, at, on, raw_events, raw_items

TABLES = (SESSIONS, EVENTS, REJECTED_EVENTS, ITEMS, REJECTED_ITEMS)
WHERE_READ = {"ingested_at", "file_id", "line_number", "record_number"}
NOTHING = dict.fromkeys(
    ("rows_in", "rows_out", "rows_rejected", "rows_duplicate", "days", "items", "items_rejected", "schema_changes"), 0
)

BROWSED = a_record("browse", at(1), session_id="s1")
SIGNED_IN = a_record("sign in", at(2), session_id="s1", user_id="ann")


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def configured(root: str, **flags: object) -> Config:
    return load("test", {"lake.root": root, "lake.run_id": "first", "session.max_days": 2, **flags})


def deliver(spark: SparkSession, root: str, records: list[dict], catalogue: list[dict] = ()) -> Lakehouse:
    """Add one file of events, and perhaps one of the catalogue, to bronze."""
    lake = Lakehouse(spark, configured(root).lake)
    if records:
        file_id = f"f{lake.version(RAW_EVENTS)}"
        lake.append(RAW_EVENTS, raw_events(spark, [{**record, "file_id": file_id} for record in records]))
    if catalogue:
        lake.append(RAW_ITEMS, raw_items(spark, catalogue))
    return lake


def rows(lake: Lakehouse, table: Table) -> list[tuple]:
    """The table as the design compares it: without where and when a row was read."""
    shown = [name for name in table.names if name not in WHERE_READ]
    return sorted((tuple(row) for row in lake.read(table).select(shown).collect()), key=str)


def sessions(lake: Lakehouse) -> dict[str, str | None]:
    return {row["event_id"]: row["session_id"] for row in lake.rows(EVENTS)}


def users(lake: Lakehouse) -> dict[str, str | None]:
    return {row["event_id"]: row["user_id"] for row in lake.rows(EVENTS)}


def test_every_record_is_believed_duplicate_or_rejected_and_a_rerun_commits_nothing(spark, root):
    records = [
        a_record("e1", at(1)),
        a_record("e1", at(1)),
        a_record("e2", at(2), action="hover"),
        a_record("e3", event_at=None),
        a_record("e4", at(2), session_id="s1"),
    ]
    lake = deliver(
        spark, root, records, [a_catalogue_record("lamp", at(1), name="Lamp"), a_catalogue_record(None, at(1))]
    )

    counts = clean_events.main(spark, configured(root))
    versions = lake.source_versions(*TABLES)
    again = clean_events.main(spark, configured(root, **{"lake.run_id": "second"}))

    assert counts == {
        "rows_in": 5,
        "rows_out": 2,
        "rows_rejected": 2,
        "rows_duplicate": 1,
        "days": 3,
        "items": 1,
        "items_rejected": 1,
        "schema_changes": 0,
    }
    assert sorted(row.event_id for row in lake.read(EVENTS).collect()) == ["e1", "e4"]
    assert {row.event_id: row.event_date for row in lake.read(REJECTED_EVENTS).collect()} == {"e2": on(2), "e3": None}
    assert [row.name for row in lake.read(ITEMS).collect()] == ["Lamp"]
    assert again == NOTHING
    assert lake.source_versions(*TABLES) == versions


def test_a_sign_in_computes_the_earlier_day_of_its_session_again_and_no_other(spark, root):
    unrelated = [a_record("other", at(1, 13), session_id="s2"), a_record("early", at(28))]
    lake = deliver(spark, root, [BROWSED, *unrelated])
    clean_events.main(spark, configured(root))
    before = users(lake)

    deliver(spark, root, [SIGNED_IN])
    counts = clean_events.main(spark, configured(root))

    assert before == {"browse": None, "other": None, "early": None}
    assert users(lake) == {"browse": "ann", "other": None, "early": None, "sign in": "ann"}
    assert (counts["days"], counts["rows_in"]) == (2, 3)


def test_a_late_event_touches_its_own_day_although_others_of_that_day_signed_in_earlier_days(spark, root):
    lake = deliver(spark, root, [BROWSED, SIGNED_IN])
    clean_events.main(spark, configured(root))

    deliver(spark, root, [a_record("late", at(2, 13), session_id="s2", user_id="bea")])
    counts = clean_events.main(spark, configured(root))

    assert users(lake) == {"browse": "ann", "sign in": "ann", "late": "bea"}
    assert (counts["days"], counts["rows_in"]) == (1, 2)


def test_a_record_that_displaces_a_sign_in_takes_it_back_from_earlier_days(spark, root):
    lake = deliver(spark, root, [BROWSED, SIGNED_IN])
    clean_events.main(spark, configured(root))

    deliver(spark, root, [a_record("sign in", at(2, 1), session_id="s2")])
    counts = clean_events.main(spark, configured(root))

    assert users(lake) == {"browse": None, "sign in": None}
    assert (counts["days"], counts["rows_duplicate"]) == (2, 1)


def test_a_late_evening_joins_the_next_morning_to_its_session_and_touches_no_other_day(spark, root):
    morning = [a_record("morning", at(2, 0, 10), user_id="ann"), a_record("noon", at(2, 12), user_id="ann")]
    lake = deliver(
        spark, root, [*morning, a_record("next", at(3), user_id="ann"), a_record("eve", at(1), user_id="ann")]
    )
    clean_events.main(spark, configured(root))
    before = sessions(lake)

    deliver(spark, root, [a_record("evening", at(1, 23, 50), user_id="ann")])
    counts = clean_events.main(spark, configured(root))

    assert before["morning"] == "ann@2026-03-02T00:10:00.000000Z"
    assert sessions(lake) == {
        **before,
        "evening": "ann@2026-03-01T23:50:00.000000Z",
        "morning": "ann@2026-03-01T23:50:00.000000Z",
    }
    assert {row.session_id for row in lake.read(SESSIONS).collect()} == set(sessions(lake).values())
    assert (counts["days"], counts["rows_in"]) == (2, 4)


def test_a_run_that_broke_off_after_the_sessions_is_healed_by_the_next(spark, root, monkeypatch):
    lake = deliver(spark, root, [BROWSED])
    clean_events.main(spark, configured(root))
    deliver(spark, root, [SIGNED_IN])

    whole = Lakehouse.replace_days
    with monkeypatch.context() as power_cut:
        power_cut.setattr(Lakehouse, "replace_days", _only_sessions(whole))
        with pytest.raises(KeyboardInterrupt):
            clean_events.main(spark, configured(root))
    in_between = users(lake), {row.user_id for row in lake.read(SESSIONS).collect()}
    clean_events.main(spark, configured(root))

    assert in_between == ({"browse": None}, {None, "ann"})
    assert users(lake) == {"browse": "ann", "sign in": "ann"}


def test_other_settings_are_refused_until_silver_is_rebuilt(spark, root):
    lake = deliver(spark, root, [BROWSED, SIGNED_IN, a_record("e1", item_id="chair", action="hover")])
    clean_events.main(spark, configured(root))
    hovering = {"events.actions": ["view", "hover"]}

    with pytest.raises(RebuildNeededError, match=r"silver.events: .*--rebuild silver"):
        clean_events.main(spark, configured(root, **hovering))
    counts = clean_events.main(spark, configured(root, **hovering, **{"lake.run_id": "2", "lake.rebuild": ["silver"]}))

    assert (counts["rows_in"], counts["rows_out"], counts["items"]) == (3, 3, 2)
    assert lake.read(REJECTED_EVENTS).count() == 0


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_any_order_of_arrival_in_any_batches_and_a_rebuild_give_the_same_tables(spark, tmp_path, seed):
    chance = random.Random(seed)
    over_days = [a_record("x1", at(1), session_id="s9"), a_record("x2", at(2), session_id="s9", user_id="cem")]
    over_midnight = [a_record("m1", at(1, 23, 50), user_id="dan"), a_record("m2", at(2, 0, 5), user_id="dan")]
    world = [*over_days, *over_midnight, *(_any_record(chance) for _ in range(40))]
    at_once, in_batches = str(tmp_path / "at_once"), str(tmp_path / "in_batches")
    config = configured(at_once)

    one = deliver(spark, at_once, world)
    clean_events.main(spark, configured(at_once))
    shuffled = chance.sample(world, len(world))
    cut = chance.randint(10, 20)
    for batch in (shuffled[:cut], shuffled[cut:]):
        other = deliver(spark, in_batches, batch)
        clean_events.main(spark, configured(in_batches))
    incremental = {table.name: rows(other, table) for table in TABLES}
    clean_events.main(spark, configured(in_batches, **{"lake.run_id": "again", "lake.rebuild": ["silver"]}))

    assert incremental == {table.name: rows(one, table) for table in TABLES}
    assert incremental == {table.name: rows(other, table) for table in TABLES}
    told = oracle.predict(one.read(RAW_EVENTS).toArrow().to_pylist(), config.events, config.session)
    assert oracle.events_of(one.read(EVENTS).collect()) == oracle.shown(told.events)
    assert oracle.sessions_of(one.read(SESSIONS).collect()) == told.sessions
    assert linked_over_days(one) > 0
    assert joined_over_midnight(one) > 0
    assert incremental[REJECTED_EVENTS.name] != []


def linked_over_days(lake: Lakehouse) -> int:
    """How many events took the user of a sign-in on a later day."""
    days = (
        lake.read(EVENTS)
        .where("user_id_sent IS NULL AND user_id IS NOT NULL")
        .select("source", "session_id", "event_date")
    )
    return days.join(lake.read(SESSIONS).where("user_id IS NULL"), [*SESSIONS.key]).count()


def joined_over_midnight(lake: Lakehouse) -> int:
    """How many made sessions lie on two days."""
    return lake.read(SESSIONS).where("is_made").groupBy("source", "session_id").count().where("count > 1").count()


def _any_record(chance: random.Random) -> dict:
    return a_record(
        f"e{chance.randrange(14)}",
        at(chance.randint(1, 4), chance.choice([0, 9, 10, 23]), chance.choice([5, 50])),
        user_id=chance.choice([None, None, None, "ann", "bob"]),
        session_id=chance.choice(["s1", "s2", "s3", None]),
        action=chance.choice(["view", "view", "view", "hover"]),
        item_name=chance.choice([None, "Lamp", "Lantern"]),
    )


def _only_sessions(whole):
    """A writer that dies before it writes anything but sessions."""

    def replace_days(lake, increment, frames, days=None):
        if SESSIONS not in frames:
            raise KeyboardInterrupt
        return whole(lake, increment, frames, days)

    return replace_days
