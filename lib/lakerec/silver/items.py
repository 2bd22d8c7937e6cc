"""silver.items: what is known of each item, from the catalogue or else from its events."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Expectation, Table, Write
from lakerec.quality import Belief, split_by_belief
from lakerec.silver.events import HAS_FAIR_PRICE, MONEY, filled
from lakerec.silver.ids import has_short_ids, in_namespace

CATALOGUE = "catalogue"
EVENTS_ORIGIN = "events"

ITEMS = Table(
    name="silver.items",
    comment="One row per item that a catalogue record or a believed event names.",
    columns=(
        Column("item_id", T.StringType(), "Item, with its source's namespace.", nullable=False),
        Column("name", T.StringType(), "Name that a person would recognise; null where nobody gave one."),
        Column("category", T.StringType(), "Category as delivered."),
        Column("attributes", T.StringType(), "Further properties; JSON object with sorted keys."),
        Column("price", MONEY, "Latest price of one unit in the shop's currency."),
        Column("is_available", T.BooleanType(), "Whether it can be sold; true until a record says otherwise."),
        Column("first_seen_at", T.TimestampType(), "Earliest catalogue record or event; UTC."),
        Column("changed_at", T.TimestampType(), "Time of the record that the other columns come from; UTC."),
        Column("origin", T.StringType(), "Where they come from: 'catalogue', or 'events' where it has no record."),
    ),
    key=("item_id",),
    write=Write.REPLACE,
    expectations=(HAS_FAIR_PRICE,),
    transform_version=2,
)

BELIEVED_WHEN = (
    Expectation("has an item", "item_id IS NOT NULL"),
    Expectation("has a readable time", "changed_at IS NOT NULL"),
    Expectation("has a readable price", "price_sent IS NULL OR price IS NOT NULL"),
    HAS_FAIR_PRICE,
    Expectation("has a readable availability", "is_available_sent IS NULL OR is_available IS NOT NULL"),
)


def believe_items(records: DataFrame, max_id_bytes: int) -> Belief:
    """The records of bronze.items, typed and split by belief; the believed side are facts for `latest_items`."""
    typed = records.select(
        "source",
        in_namespace("item_id"),
        *[filled(name).alias(name) for name in ("name", "category", "attributes")],
        *[filled(name).alias(f"{name}_sent") for name in ("price", "is_available")],
        F.col("item_at").alias("changed_at"),
        F.col("changed_at").alias("changed_at_sent"),
        F.lit(CATALOGUE).alias("origin"),
        *["file_id", "line_number", "record_number", "ingested_at"],
    ).withColumns(
        {
            "price": F.col("price_sent").try_cast(MONEY),
            "is_available": F.coalesce("is_available_sent", F.lit("true")).try_cast("boolean"),
            "first_seen_at": F.col("changed_at"),
        }
    )
    return split_by_belief(typed, (*BELIEVED_WHEN, has_short_ids(("item_id",), max_id_bytes)))


def items_of_events(believed: DataFrame) -> DataFrame:
    """What believed events say of their items, as facts for `latest_items`; one row for each thing that is said.

    Args:
        believed: believed records with duplicates still among them, so that facts only ever become more.
    """
    named = believed.withColumnsRenamed({"item_name": "name", "item_category": "category"})
    said = named.groupBy("item_id", "name", "category", "price").agg(
        F.min("occurred_at").alias("first_seen_at"), F.max("occurred_at").alias("changed_at")
    )
    return said.withColumns(
        {
            "attributes": F.lit(None).cast("string"),
            "is_available": F.lit(True),
            "origin": F.lit(EVENTS_ORIGIN),
        }
    )


def latest_items(facts: DataFrame) -> DataFrame:
    """The rows of silver.items: per item the largest fact, and when the item was first seen.

    A catalogue record outdoes events, an event that names the item outdoes one that does not, then the later wins,
    then the larger content. Facts may be rows of silver.items themselves: adding new facts to old rows gives the same
    table as taking all facts at once.

    Args:
        facts: the columns of silver.items, any number of rows per item.
    """
    is_catalogue = (F.col("origin") == CATALOGUE).alias("is_catalogue")
    is_named = (is_catalogue | F.col("name").isNotNull()).alias("is_named")
    said = ("name", "category", "attributes", "price", "is_available", "origin")
    fact = F.struct(is_catalogue, is_named, "changed_at", *said)
    latest = facts.groupBy("item_id").agg(F.max(fact).alias("fact"), F.min("first_seen_at").alias("first_seen_at"))
    return latest.select("item_id", "fact.*", "first_seen_at").select(ITEMS.names)
