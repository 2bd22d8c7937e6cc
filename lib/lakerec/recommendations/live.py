"""Views named live.<table>: the live release of what belongs to a batch or to its model, for SQL in our sessions.

One row of recommendations.releases decides for all of them, so a reader sees all of the old release or all of the new.
"""

from lakerec.contract import Table, View
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.model.runs import RUNS
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.coefficients import COEFFICIENTS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.similar_items import SIMILAR_ITEMS
from lakerec.recommendations.user_items import USER_ITEMS


def _of_batch(table: Table) -> View:
    condition = "t.batch_id = r.batch_id"
    return _view(table, (RELEASES,), f"JOIN {RELEASES.name} r ON {condition} WHERE r.status = 'live'")


def _of_model(table: Table, column: str) -> View:
    joined = f"JOIN {BATCHES.name} b ON t.model_id = b.{column} JOIN {RELEASES.name} r ON b.batch_id = r.batch_id"
    return _view(table, (BATCHES, RELEASES), f"{joined} WHERE r.status = 'live'")


def _view(table: Table, others: tuple[Table, ...], joined: str) -> View:
    name = f"live.{table.name.split('.')[1]}"
    query = f"SELECT t.* FROM {table.name} t {joined}"
    return View(name, f"rows of {table.name} that belong to the live release.", query, (table, *others))


LIVE_VIEWS: tuple[View, ...] = (
    *map(_of_batch, (USER_ITEMS, EXPLANATIONS, SIMILAR_ITEMS, RULED_OUT, COEFFICIENTS, BATCHES)),
    _of_model(RUNS, "model_id"),
    _of_model(PROBABILITIES, "evaluated_by"),
    _of_model(THRESHOLDS, "evaluated_by"),
)
