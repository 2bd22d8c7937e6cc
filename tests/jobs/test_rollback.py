"""rollback: an earlier batch is live again, whatever happens on the way."""

import pytest

from jobs import publish_release, rollback
from lakerec import releasing
from lakerec.errors import SettingsError
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import RUNS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import RELEASES, of_live_release
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.tracking import CHAMPION, _client, find_store
from tests.jobs.batches import add_batch, releases, shown
from tests.jobs.trained_lake import configuration, copy_of, lake_at


@pytest.fixture(scope="module")
def template(spark, tmp_path_factory):
    """Two batches were published, the second is live; to be copied."""
    lake = lake_at(spark, tmp_path_factory.mktemp("template") / "lake")
    for hours, batch in enumerate(("b1", "b2")):
        add_batch(lake, batch, hours)
        publish_release.main(spark, configuration(lake))
    return lake


@pytest.fixture
def released(template, tmp_path):
    """A lake of one's own in which the second of two batches is live."""
    return copy_of(template, tmp_path / "lake")


def live(lake):
    """What readers see who follow the live release: batches of recommendations and of explanations."""
    tables = (lake.read(table) for table in (USER_ITEMS, EXPLANATIONS))
    return [[row.batch_id for row in of_live_release(rows, lake.read(RELEASES)).collect()] for rows in tables]


def test_one_command_goes_back_and_later_publishing_does_not_bring_the_batch_again(released):
    counts = rollback.main(released.spark, configuration(released))
    publish_release.main(released.spark, configuration(released))

    assert releases(released)[-1] == ("b1", "rollback", "live")
    assert shown(released) == [("item of b1", "000003-b1")]
    assert live(released) == [["b1"], ["b1"]]
    assert counts == {"rows_in": 1, "rows_out": 1}


class PowerCutError(Exception):
    """The process dies."""


def test_killed_between_any_two_writes_readers_see_old_or_new_and_the_next_start_repairs(released, monkeypatch):
    write, alias = Lakehouse._write, releasing.point_champion
    seen = []
    for writes in range(3):  # the release, then the alias, then what is shown
        done = []

        def step(act, done=done, allowed=writes):
            if len(done) == allowed:
                raise PowerCutError
            done.append(act)

        def dying_write(self, *arguments, step=step, **named):
            step("write")
            return write(self, *arguments, **named)

        def dying_alias(*arguments, step=step):
            step("alias")
            return

        monkeypatch.setattr(Lakehouse, "_write", dying_write)
        monkeypatch.setattr(releasing, "point_champion", dying_alias)
        with pytest.raises(PowerCutError):
            rollback.main(released.spark, configuration(released))
        monkeypatch.setattr(Lakehouse, "_write", write)
        monkeypatch.setattr(releasing, "point_champion", lambda *_: None)
        seen.append((live(released), shown(released)[0][0]))
        publish_release.main(released.spark, configuration(released))
        after = shown(released)[0][0]
        seen[-1] += (after,)
        if writes and writes < 2:  # forwards again, for the next cut
            rollback.main(released.spark, configuration(released, release__rollback_to="000002-b2"))

    monkeypatch.setattr(releasing, "point_champion", alias)
    assert seen == [
        ([["b2"], ["b2"]], "item of b2", "item of b2"),  # nothing was written: all old
        ([["b1"], ["b1"]], "item of b2", "item of b1"),  # released; what is shown was repaired
        ([["b1"], ["b1"]], "item of b2", "item of b1"),
    ]


def test_a_rollback_that_was_cut_short_is_finished_and_does_not_go_back_twice(released, monkeypatch):
    add_batch(released, "b3", hours=5)
    publish_release.main(released.spark, configuration(released))
    monkeypatch.setattr(releasing, "point_champion", lambda *_: (_ for _ in ()).throw(PowerCutError))
    with pytest.raises(PowerCutError):
        rollback.main(released.spark, configuration(released))
    monkeypatch.undo()

    rollback.main(released.spark, configuration(released))

    assert releases(released)[-1] == ("b2", "rollback", "live")
    assert shown(released) == [("item of b2", "000004-b2")]


def test_a_batch_that_was_deleted_cannot_be_gone_back_to(released):
    add_batch(released, "b3", hours=5)
    config = configuration(released, release__keep_releases=2)
    publish_release.main(released.spark, config)

    with pytest.raises(SettingsError, match="batch b1 of release '000001-b1' was deleted"):
        rollback.main(released.spark, configuration(released, release__rollback_to="000001-b1"))


def test_the_alias_of_the_registry_follows_and_a_failure_is_on_record_until_it_does(released):
    config = configuration(released)
    store = find_store(config.tracking, released.root, "local[2]")
    (row,) = released.read(RELEASES).where("status = 'live'").collect()
    assert row.alias_error == "the registry has no version of lakerec with model_id model of b2"
    client = _client(store)
    client.create_registered_model("lakerec")
    for batch in ("b1", "b2"):
        client.create_model_version("lakerec", source=f"file:///{batch}", tags={"model_id": f"model of {batch}"})

    publish_release.main(released.spark, config)

    assert client.get_model_version_by_alias("lakerec", CHAMPION).tags["model_id"] == "model of b2"
    assert released.read(RELEASES).where("alias_error IS NOT NULL AND status = 'live'").count() == 0
    rollback.main(released.spark, config)
    assert client.get_model_version_by_alias("lakerec", CHAMPION).tags["model_id"] == "model of b1"
    assert not released.exists(RUNS)
