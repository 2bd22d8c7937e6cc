"""publish_release: the newest batch goes live once, and all else always follows."""

import pytest

from jobs import publish_release
from lakerec.diagnostics.gate_results import Verdict
from lakerec.errors import GateError, TrainingDataError
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.user_items import USER_ITEMS
from tests.jobs.batches import add_batch, add_rows, judge, releases, shown
from tests.jobs.trained_lake import configuration


def publish(lake, **flags):
    return publish_release.main(lake.spark, configuration(lake, **flags))


def test_the_newest_batch_goes_live_supersedes_the_one_before_and_a_second_run_commits_nothing(lake):
    add_batch(lake, "b2", hours=0)
    publish(lake)
    add_batch(lake, "b1", hours=1)

    counts = publish(lake)

    assert releases(lake) == [("b2", "publish", "superseded"), ("b1", "publish", "live")]
    assert shown(lake) == [("item of b1", "000002-b1")]
    assert counts == {"rows_in": 1, "rows_out": 1}
    before = lake.source_versions(RELEASES, SHOWN, USER_ITEMS)
    assert set(publish(lake).values()) == {0}
    assert lake.source_versions(RELEASES, SHOWN, USER_ITEMS) == before


def test_a_batch_that_was_cut_short_is_not_published(lake):
    add_rows(lake, "b1")

    with pytest.raises(TrainingDataError, match="Run recommend_items first"):
        publish(lake)


def test_a_batch_whose_model_missed_a_criterion_or_was_never_judged_is_not_released_and_what_is_live_stays(lake):
    add_batch(lake, "b1", hours=0)
    publish(lake)
    add_batch(lake, "b2", hours=1)

    refused = []
    for verdicts in ((Verdict.MISSED, Verdict.MET, Verdict.MISSED), (), (Verdict.UNKNOWN,)):
        judge(lake, "b2", *verdicts)
        try:
            publish(lake)
        except GateError as error:
            refused.append((str(error).splitlines(), error.exit_code, shown(lake)))

    still = [("item of b1", "000001-b1")]
    lines = [f"gate: model 'model of b2': criterion {nth}: is missed." for nth in (1, 3)]
    assert refused == [
        (lines, 4, still),
        (["gate: model 'model of b2' was never judged. Run gate_model first."], 4, still),
    ]
    assert shown(lake) == [("item of b2", "000002-b2")]  # too little evidence holds nothing back


def test_batches_that_no_kept_release_names_are_deleted_whole(lake):
    add_rows(lake, "cut short")
    for hours, batch in enumerate(("b1", "b2", "b3")):
        add_batch(lake, batch, hours)
        publish(lake, release__keep_releases=2)

    batches = {row.batch_id for row in lake.read(USER_ITEMS).select("batch_id").distinct().collect()}

    assert batches == {"b2", "b3"}
    assert [batch for batch, _, _ in releases(lake)] == ["b1", "b2", "b3"]  # the history stays
