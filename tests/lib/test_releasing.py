"""What follows a release: the alias is tried again until it follows, old batches go whole, and one to come is kept."""

from lakerec import releasing
from lakerec.contract import Write
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import ReleaseSettings
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.releasing import OF_BATCHES, delete_old_batches, follow_live, read_history, release_newest
from tests.jobs.batches import add_batch, add_rows

KEEP_ONE = ReleaseSettings(keep_releases=1, rollback_to="")


def test_every_table_of_batches_goes_by_batches():
    assert {table.partition_by for table in OF_BATCHES} == {"batch_id"}
    assert {table.write for table in OF_BATCHES} == {Write.REPLACE_PARTITIONS}


def test_old_batches_go_whole_and_a_batch_to_come_stays(lake, monkeypatch):
    tried = []
    monkeypatch.setattr(releasing, "point_champion", lambda store, model_id: tried.append(model_id))
    add_batch(lake, "old", hours=0)
    follow_live(lake, release_newest(lake), None, KEEP_ONE)
    add_batch(lake, "live", hours=1)
    history = release_newest(lake)
    add_batch(lake, "to come", hours=2)
    add_rows(lake, "cut short")

    follow_live(lake, history, None, KEEP_ONE)
    again = lake.source_versions(*OF_BATCHES)
    delete_old_batches(lake, history, KEEP_ONE)

    for table in (BATCHES, USER_ITEMS, EXPLANATIONS):
        assert {row.batch_id for row in lake.read(table).collect()} == {"live", "to come"}
    assert tried == ["model of old", "model of live"]
    assert lake.source_versions(*OF_BATCHES) == again
    assert [release.release_id for release in read_history(lake)] == [release.release_id for release in history]
