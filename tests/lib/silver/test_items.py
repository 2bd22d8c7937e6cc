import random
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from lakerec.silver.events import EventSettings, believe_events
from lakerec.silver.items import ITEMS, believe_items, items_of_events, latest_items
from tests.records import a_catalogue_record, a_record, at, raw_events, raw_items, rows_of

SETTINGS = EventSettings(actions=("view",), return_actions=(), max_future_skew_minutes=60, max_id_bytes=64)


def facts(spark: SparkSession, catalogue: list[dict], events: list[dict]) -> DataFrame:
    of_catalogue = believe_items(raw_items(spark, catalogue), 64).believed.select(ITEMS.names)
    of_events = items_of_events(believe_events(raw_events(spark, events), SETTINGS).believed).select(ITEMS.names)
    return of_catalogue.union(of_events)


def items(spark: SparkSession, catalogue: list[dict], events: list[dict]) -> dict:
    return {row.item_id: row for row in latest_items(facts(spark, catalogue, events)).collect()}


def test_the_latest_catalogue_record_describes_an_item_whatever_its_events_say(spark):
    catalogue = [
        a_catalogue_record("lamp", at(2), name="Lamp", price="20", is_available="false", attributes='{"watts":40}'),
        a_catalogue_record("lamp", at(1), name="Old lamp", price="30", is_available="true", category="light"),
    ]
    events = [a_record("e1", at(3), item_name="LAMP!", price="1"), a_record("e2", at(1, 6))]

    lamp = items(spark, catalogue, events)["lamp"]

    assert (lamp.name, lamp.category, lamp.price, lamp.is_available) == ("Lamp", None, Decimal("20.0000"), False)
    assert (lamp.attributes, lamp.origin) == ('{"watts":40}', "catalogue")
    assert (lamp.first_seen_at.day, lamp.first_seen_at.hour, lamp.changed_at.day) == (1, 6, 2)


def test_without_a_catalogue_the_latest_event_that_names_the_item_describes_it(spark):
    events = [
        a_record("e1", at(1), item_id="A", item_name="old name", price="3"),
        a_record("e2", at(2), item_id="A", item_name="name", item_category="c", price="4"),
        a_record("e3", at(3), item_id="A", price="5"),
        a_record("e4", at(3), item_id="B", price="6"),
    ]

    found = items(spark, [], events)

    a, b = found["A"], found["B"]
    assert (a.name, a.category, a.price, a.is_available, a.origin) == ("name", "c", Decimal("4.0000"), True, "events")
    assert (a.first_seen_at.day, a.changed_at.day) == (1, 2)
    assert (b.name, b.price) == (None, Decimal("6.0000"))


def test_an_item_without_stated_availability_can_be_sold(spark):
    assert items(spark, [a_catalogue_record("lamp", at(1))], [])["lamp"].is_available is True


def test_two_records_of_one_moment_are_told_apart_by_their_content(spark):
    pair = [a_catalogue_record("lamp", at(1), name="Lamp"), a_catalogue_record("lamp", at(1), name="Lantern")]

    assert items(spark, pair, [])["lamp"].name == "Lantern"
    assert items(spark, pair[::-1], [])["lamp"].name == "Lantern"


def test_adding_news_to_known_items_gives_the_same_as_taking_all_at_once(spark):
    chance = random.Random(3)
    names = [None, "one", "two"]
    catalogue = [
        a_catalogue_record(chance.choice("AB"), at(chance.randint(1, 3)), name=chance.choice(names)) for _ in range(6)
    ]
    events = [
        a_record(f"e{n}", at(chance.randint(1, 3)), item_id=chance.choice("ABC"), item_name=chance.choice(names))
        for n in range(12)
    ]

    at_once = items(spark, catalogue, events)
    known = rows_of(spark, ITEMS, [])
    for some_records, some_events in ((catalogue[:2], events[6:]), ([], events[:3]), (catalogue[2:], events[3:6])):
        known = latest_items(facts(spark, some_records, some_events).union(known))

    assert {row.item_id: row for row in known.collect()} == at_once
    assert sorted(at_once) == ["A", "B", "C"]


def test_no_facts_give_no_items(spark):
    assert items(spark, [], []) == {}
