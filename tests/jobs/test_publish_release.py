"""publish_release: the newest batch goes live once, and `shown` always follows."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs import publish_release
from lakerec.errors import TrainingDataError
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.user_items import USER_ITEMS
from tests.jobs.trained_lake import configuration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def add_batch(lake, batch, item, hours):
    row = (batch, "ann", 1, item, 0.5, 0.02, True, "als", f"model of {batch}", NOON + timedelta(hours=hours))
    lake.replace_partition(USER_ITEMS, batch, lake.spark.createDataFrame([row], USER_ITEMS.schema))


def publish(lake):
    return publish_release.main(lake.spark, configuration(lake))


def releases(lake):
    return [(row["batch_id"], row["status"]) for row in lake.read(RELEASES).orderBy("release_id").collect()]


def shown(lake):
    return [(row["item_id"], row["release_id"]) for row in lake.read(SHOWN).collect()]


def test_the_newest_batch_goes_live_and_supersedes_the_one_before(lake):
    add_batch(lake, "b2", "i1", hours=0)
    publish(lake)
    add_batch(lake, "b1", "i7", hours=1)

    counts = publish(lake)

    assert releases(lake) == [("b2", "superseded"), ("b1", "live")]
    assert shown(lake) == [("i7", "000002-b1")]
    assert counts == {"rows_in": 1, "rows_out": 1}


def test_a_second_run_commits_nothing(lake):
    add_batch(lake, "b1", "i1", hours=0)
    publish(lake)
    before = lake.source_versions(RELEASES, SHOWN)

    counts = publish(lake)

    assert set(counts.values()) == {0}
    assert lake.source_versions(RELEASES, SHOWN) == before


def test_what_is_shown_is_healed_after_a_crash_between_the_release_and_it(lake):
    add_batch(lake, "b1", "i1", hours=0)
    publish(lake)
    lake.overwrite(SHOWN, lake.read(SHOWN).where("false"))

    publish(lake)

    assert releases(lake) == [("b1", "live")]
    assert shown(lake) == [("i1", "000001-b1")]


def test_a_batch_that_was_rolled_back_does_not_come_back_by_itself(lake):
    add_batch(lake, "b1", "i1", hours=0)
    publish(lake)
    add_batch(lake, "b2", "i7", hours=1)
    publish(lake)
    rolled_back = [
        ("000001-b1", "b1", "m1", "publish", NOON, "superseded"),
        ("000002-b2", "b2", "m2", "publish", NOON, "superseded"),
        ("000003-b1", "b1", "m1", "rollback", NOON, "live"),
    ]
    lake.overwrite(RELEASES, lake.spark.createDataFrame(rolled_back, RELEASES.schema))

    publish(lake)

    assert releases(lake)[-1] == ("b1", "live")
    assert shown(lake) == [("i1", "000003-b1")]


def test_without_a_batch_it_says_what_to_run_first(lake):
    with pytest.raises(TrainingDataError, match="Run recommend_items first"):
        publish(lake)
