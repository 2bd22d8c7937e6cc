"""What follows a release: the alias is tried again until it follows, old batches go whole, and one to come is kept."""

from datetime import timedelta

import pytest

from lakerec import releasing
from lakerec.contract import Write
from lakerec.diagnostics.gate_results import Verdict
from lakerec.errors import GateError
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import RUNS, SERVING
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import ReleaseSettings
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.releasing import (
    OF_BATCHES,
    delete_old_batches,
    follow_live,
    model_to_list_by,
    read_history,
    release_newest,
)
from tests.jobs.batches import NOON, add_batch, add_rows, judge
from tests.jobs.trained_lake import put

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


def test_lists_are_made_by_the_newest_model_unless_the_gate_refused_it_and_another_is_live(lake):
    add_run(lake, "model of b1", hours=0)
    judge(lake, "b1", Verdict.MISSED)
    with pytest.raises(GateError, match="model of b1"):
        model_to_list_by(lake)
    add_batch(lake, "b1", hours=0)
    release_newest(lake)
    add_run(lake, "model of b2", hours=1)

    made_by = []
    for verdicts in ((), (Verdict.MET, Verdict.UNKNOWN), (Verdict.MET, Verdict.MISSED)):
        judge(lake, "b2", *verdicts)
        made_by.append(model_to_list_by(lake).model_id)

    assert made_by == ["model of b2", "model of b2", "model of b1"]


def add_run(lake: Lakehouse, model_id: str, hours: int) -> None:
    """A serving model of which nothing else is stored."""
    values = {"model_id": model_id, "purpose": SERVING, "trained_at": NOON + timedelta(hours=hours), "as_of": NOON}
    put(lake, RUNS, [tuple(values.get(name) for name in RUNS.names)])
