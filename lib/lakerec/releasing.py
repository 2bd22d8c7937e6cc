"""What follows a release: the model registry's alias, recommendations.shown, and the end of old batches.

One commit of recommendations.releases decides what is live. Everything here only follows it, in this order, and can be
done again: where `shown` names the live release, what stands before it has been done, or its failure is on record.
"""

from lakerec.contract import Table
from lakerec.diagnostics.gate_results import GATE_RESULTS, Severity, misses, read_results, refusal
from lakerec.errors import GateError
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import RUNS, SERVING, Run, find_run, newest_run
from lakerec.recommendations.batches import BATCHES, newest_batch
from lakerec.recommendations.coefficients import COEFFICIENTS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import (
    RELEASES,
    Release,
    ReleaseSettings,
    is_published,
    kept_batches,
    live_release,
    publish_batch,
)
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.shown import SHOWN, show_release, shown_release
from lakerec.recommendations.similar_items import SIMILAR_ITEMS
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.tracking import Store, point_champion

OF_BATCHES: tuple[Table, ...] = (BATCHES, USER_ITEMS, RULED_OUT, EXPLANATIONS, SIMILAR_ITEMS, COEFFICIENTS)
"""Tables that a batch has rows in; its row in recommendations.batches is the last to be written and the first to go."""


def read_history(lake: Lakehouse) -> list[Release]:
    """All releases, oldest first."""
    stored = sorted(lake.rows(RELEASES), key=lambda row: row["release_id"])
    return [Release(*[row[name] for name in Release._fields]) for row in stored]


def release_shown(lake: Lakehouse) -> str | None:
    """The release that recommendations.shown was written from; None where it has no rows."""
    return shown_release(lake.rows(SHOWN, columns=("release_id",), at_most=1))


def write_history(lake: Lakehouse, history: list[Release]) -> None:
    """The one commit that makes a release."""
    lake.overwrite(RELEASES, history)


def find_champion(lake: Lakehouse) -> Run | None:
    """The evaluation model of the model that is live, by whose lists that is judged; None where nothing is live."""
    serving = _live_model(lake)
    return find_run(lake.rows(RUNS), serving.evaluated_by) if serving else None


def model_to_list_by(lake: Lakehouse) -> Run:
    """The serving model that makes new lists: the newest, or what is live where the gate refused the newest.

    Raises:
        TrainingDataError: no model has been trained.
        GateError: the newest was refused, and nothing is live.
    """
    newest = newest_run(lake.rows(RUNS), SERVING)
    results = read_results(lake.rows(GATE_RESULTS, newest.model_id))
    if not misses(results, Severity.BLOCK):
        return newest
    live = _live_model(lake)
    if live is None:
        raise GateError(refusal(results, newest.model_id))
    return live


def refusal_of_newest(lake: Lakehouse) -> str | None:
    """Why the newest batch must not go live, a line for each miss of its model; None where it may, or was live."""
    batch = newest_batch(lake.rows(BATCHES))
    if batch is None or is_published(read_history(lake), batch.batch_id):
        return None
    return refusal(read_results(lake.rows(GATE_RESULTS, batch.model_id)), batch.model_id)


def release_newest(lake: Lakehouse) -> list[Release]:
    """Release the newest complete batch unless it ever was; the history as it is then."""
    history, batch = read_history(lake), newest_batch(lake.rows(BATCHES))
    if batch is not None and not is_published(history, batch.batch_id):
        history = publish_batch(history, batch.batch_id, batch.model_id, lake.now)
        write_history(lake, history)
    return history


def follow_live(lake: Lakehouse, history: list[Release], store: Store, settings: ReleaseSettings) -> int:
    """Bring alias, `shown` and the kept batches to where the live release is; rows shown, 0 where they were there."""
    live = live_release(history)
    assert live is not None  # every release leaves one live
    is_shown = release_shown(lake) == live.release_id
    if not is_shown or live.alias_error:
        _follow_alias(lake, history, live, store)
    if is_shown:
        return 0
    rows = lake.overwrite(SHOWN, show_release(lake.read_partition(USER_ITEMS, live.batch_id), live.release_id))
    delete_old_batches(lake, history, settings)
    return rows


def delete_old_batches(lake: Lakehouse, history: list[Release], settings: ReleaseSettings) -> None:
    """Delete what no kept release names, also the remains of batches that were cut short; a batch to come is kept."""
    newest = newest_batch(lake.rows(BATCHES))
    kept = kept_batches(history, settings.keep_releases) | ({newest.batch_id} if newest else set())
    for table in OF_BATCHES:
        if old := lake.partitions(table) - kept:
            lake.delete_partitions(table, old)


def _live_model(lake: Lakehouse) -> Run | None:
    live = live_release(read_history(lake))
    return find_run(lake.rows(RUNS), live.model_id) if live else None


def _follow_alias(lake: Lakehouse, history: list[Release], live: Release, store: Store) -> None:
    error = point_champion(store, live.model_id)
    if error != live.alias_error:
        write_history(lake, [r._replace(alias_error=error) if r == live else r for r in history])
