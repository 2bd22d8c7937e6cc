"""recommendations.releases: one live row, and a history that is never rewritten."""

from datetime import UTC, datetime

from lakerec.recommendations.releases import is_published, live_release, publish_batch

MONDAY, TUESDAY = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


def test_before_the_first_release_nothing_is_live():
    assert live_release([]) is None
    assert not is_published([], "b1")


def test_the_first_release_is_live():
    (release,) = publish_batch([], "b1", "m1", MONDAY)

    assert release == ("000001-b1", "b1", "m1", "publish", MONDAY, "live")
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
