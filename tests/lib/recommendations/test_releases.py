"""recommendations.releases: one live row, and a history that is never rewritten."""

from datetime import UTC, datetime

import pytest

from lakerec.errors import SettingsError
from lakerec.recommendations.releases import (
    earlier_release,
    is_published,
    kept_batches,
    live_release,
    of_live_release,
    publish_batch,
    roll_back,
)

MONDAY, TUESDAY = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


def test_before_the_first_release_nothing_is_live():
    assert live_release([]) is None
    assert not is_published([], "b1")


def test_the_first_release_is_live():
    (release,) = publish_batch([], "b1", "m1", MONDAY)

    assert release == ("000001-b1", "b1", "m1", "publish", MONDAY, "live", None)
    assert live_release([release]) == release


def test_the_next_release_supersedes_all_before_it_and_keeps_their_rows():
    first = publish_batch([], "b1", "m1", MONDAY)

    history = publish_batch(first, "b2", "m2", TUESDAY)

    assert [(release.release_id, release.status) for release in history] == [
        ("000001-b1", "superseded"),
        ("000002-b2", "live"),
    ]
    assert history[0].published_at == MONDAY
    assert live_release(history).batch_id == "b2"


def test_a_batch_that_is_no_longer_live_still_counts_as_published():
    history = publish_batch(publish_batch([], "b1", "m1", MONDAY), "b2", "m2", TUESDAY)

    assert is_published(history, "b1")
    assert not is_published(history, "b3")


def published(*batches):
    history = []
    for batch in batches:
        history = publish_batch(history, batch, f"model of {batch}", MONDAY)
    return history


def test_going_back_is_a_release_of_its_own_that_names_the_older_batch():
    history = published("b1", "b2")

    history = roll_back(history, earlier_release(history, ""), TUESDAY)

    assert live_release(history) == ("000003-b1", "b1", "model of b1", "rollback", TUESDAY, "live", None)
    assert [release.status for release in history] == ["superseded", "superseded", "live"]
    assert is_published(history, "b2")  # it does not come back by itself


def test_going_back_twice_goes_back_two_batches():
    history = published("b1", "b2", "b3")

    once = roll_back(history, earlier_release(history, ""), TUESDAY)
    twice = roll_back(once, earlier_release(once, ""), TUESDAY)

    assert [release.batch_id for release in twice] == ["b1", "b2", "b3", "b2", "b1"]


def test_one_can_go_to_any_release_by_name_also_forwards():
    history = published("b1", "b2", "b3")
    history = roll_back(history, earlier_release(history, "000001-b1"), TUESDAY)

    assert earlier_release(history, "000003-b3").batch_id == "b3"


@pytest.mark.parametrize(
    ("history", "wanted", "message"),
    [
        ([], "", "no batch was published before the live one. Releases to go back to: none"),
        (published("b1"), "", "no batch was published before the live one. Releases to go back to: none"),
        (published("b1", "b2"), "000009-b9", "no earlier release '000009-b9'. Releases to go back to: 000001-b1"),
        (published("b1", "b2"), "000002-b2", "no earlier release '000002-b2'"),
    ],
)
def test_where_there_is_nothing_to_go_back_to_it_says_what_there_is(history, wanted, message):
    with pytest.raises(SettingsError, match=message):
        earlier_release(history, wanted)


def test_the_batches_of_the_newest_releases_are_kept():
    history = published("b1", "b2", "b3")

    assert kept_batches(history, 2) == {"b2", "b3"}
    assert kept_batches(roll_back(history, history[0], TUESDAY), 2) == {"b3", "b1"}
    assert kept_batches(history, 9) == {"b1", "b2", "b3"}


def test_rows_of_the_live_release_are_those_of_its_batch(spark):
    rows = spark.createDataFrame([("b1", 1), ("b2", 2)], "batch_id string, number int")
    releases = spark.createDataFrame(
        [("b1", "superseded"), ("b2", "superseded"), ("b1", "live")], "batch_id string, status string"
    )

    assert [row.number for row in of_live_release(rows, releases).collect()] == [1]
