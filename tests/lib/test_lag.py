"""How far behind the tables are."""

from datetime import UTC, datetime

from pyspark.sql import functions as F

from lakerec.lag import describe_lag
from lakerec.lakehouse import Lakehouse
from lakerec.silver.events import EVENTS
from tests.conftest import Shop


def test_an_empty_lake_has_read_nothing(lake: Lakehouse) -> None:
    assert describe_lag(lake, datetime(2026, 1, 1, tzinfo=UTC)) == "no event has been read yet"


def test_the_newest_event_read_stands_beside_the_newest_believed(shop: Shop) -> None:
    newest = shop.lake.read(EVENTS).agg(F.max("occurred_at")).first()[0]

    text = describe_lag(shop.lake, datetime(2026, 1, 1, tzinfo=UTC))

    assert f"in silver {newest:%Y-%m-%d %H:%M:%S}" in text
    assert text.endswith("behind")


def test_days_that_lie_ahead_do_not_count(shop: Shop) -> None:
    assert "newest event read 2025-03-04" in describe_lag(shop.lake, datetime(2025, 3, 3, 12, tzinfo=UTC))
