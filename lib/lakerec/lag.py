"""How far behind the tables are: the newest event that was read, and the newest that silver believes."""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.silver.events import EVENTS, newest_event
from lakerec.tables import Tables


def describe_lag(tables: Tables, now: datetime) -> str:
    """One line for the console; days after tomorrow, which no clock that is right can deliver, are left out."""
    read = newest_event(_newest_day(tables.read(RAW_EVENTS).withColumn("occurred_at", F.col("event_at")), now))
    believed = newest_event(_newest_day(tables.read(EVENTS), now))
    if read is None:
        return "no event has been read yet"
    if believed is None:
        return f"newest event read {_text(read)}; silver holds none yet"
    return f"newest event read {_text(read)}, in silver {_text(believed)}: {max(read - believed, timedelta(0))} behind"


def _newest_day(events: DataFrame, now: datetime) -> DataFrame:
    credible = events.where(F.col("event_date") <= now.date() + timedelta(days=1))
    newest = credible.agg(F.max("event_date")).collect()[0][0]
    return credible.where(F.col("event_date") == newest)


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
