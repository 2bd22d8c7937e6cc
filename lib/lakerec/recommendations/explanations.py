"""recommendations.explanations: which of a user's items made a recommendation, in numbers that add up to its score.

Only als and fold_in rows are explained: their scores come from the user's own items. How a contribution divides among
the events of its item is in recommendations.trace.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import TWO_ROWS_SHARE_A_KEY, Column, Settings, Table, Write
from lakerec.errors import ContractError
from lakerec.gathered import gathered_by
from lakerec.model.contributions import find_reasons
from lakerec.model.fold_in import Histories, Space, filled_up
from lakerec.model.scorer import Ints

EXPLANATIONS = Table(
    name="recommendations.explanations",
    comment="One row per (batch, user, item, reason): the contributions to a score, which add up to it.",
    columns=(
        Column("batch_id", T.StringType(), "Batch in recommendations.user_items."),
        Column("user_id", T.StringType(), "For whom."),
        Column("item_id", T.StringType(), "What was recommended."),
        Column("reason", T.IntegerType(), "1 for the item that contributes most; the summed rest comes last."),
        Column("because_item_id", T.StringType(), "The user's item that contributes; null for the summed rest."),
        Column("contribution", T.DoubleType(), "Part of the score; the rows of a recommendation add up to it."),
        Column(
            "strength", T.FloatType(), "How strongly the user was drawn to it, at the model's as_of; null: the rest."
        ),
        Column(
            "score_without",
            T.DoubleType(),
            "Score had the user never had it, solved anew; null for the rest, and where nothing liked would be left.",
        ),
        Column("because_count", T.LongType(), "Items that this row speaks of: 1, or how many the rest sums."),
    ),
    key=("batch_id", "user_id", "item_id", "reason"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
    distinct=True,
)


class ExplainSettings(Settings):
    """How far recommendations are taken apart."""

    top_m: int = Field(ge=1, le=100, description="contributing items that are named, each recommendation; items")


def gather_explained(lists: DataFrame, histories: DataFrame) -> DataFrame:
    """What explaining lists takes, a row for each user.

    Args:
        lists: user_id, user_ix, item_ix and whatever else of rows that als or fold_in scored; one row per pair.
        histories: user_ix, history, which the users' factors solve; see `fold_in.collect_histories`.

    Returns:
        user_id, listed array<int>, history.
    """
    gathered = gathered_by(lists, "user_ix")
    listed = gathered.agg(F.first("user_id").alias("user_id"), F.collect_list("item_ix").alias("listed"))
    both = listed.join(histories.select("user_ix", "history"), on="user_ix", how="inner")
    return both.select("user_id", "listed", "history")


def explainer(
    space: Space, item_ids: pa.StringArray, top_m: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What takes the scores of users apart, on an executor; the taste space travels inside.

    It makes the columns of recommendations.explanations without batch_id of what `gather_explained` gives: a row for
    each named item and one for the rest, where there is any. It raises ContractError where a list names an item twice.

    Args:
        item_ids: of the items of the space, by position.
        top_m: contributing items that are named.
    """

    def explain_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            longest = max(batch["listed"].value_lengths().to_pylist(), default=0)
            for rows, histories in filled_up(batch["history"], space.items, longest + space.rank**2):
                yield _explain(batch.take(pa.array(rows)), histories, space, item_ids, top_m)

    return explain_batches


def _explain(
    users: pa.RecordBatch, histories: Histories, space: Space, item_ids: pa.StringArray, top_m: int
) -> pa.RecordBatch:
    """The rows of several users; axes are user, place in the list, and reason, the rest being the last."""
    listed = _filled_up(users["listed"])
    _require_each_once(listed)
    positions = np.where(listed < 0, -1, space.items.positions(listed.astype(np.int32)))
    reasons = find_reasons(space, histories, positions, top_m)
    rest_count = np.broadcast_to(reasons.rest_count[:, np.newaxis], listed.shape)
    has_row = _beside(reasons.entries >= 0, rest_count > 0) & (listed >= 0)[..., np.newaxis]
    user, place, nth = np.nonzero(has_row)
    entries = _beside(reasons.entries, np.full(listed.shape, -1))[has_row]
    is_rest = entries < 0
    because = histories.positions[user, entries]
    without = _beside(reasons.without, np.full(listed.shape, np.nan))[has_row]
    columns = {
        "user_id": users["user_id"].take(pa.array(user)),
        "item_id": item_ids.take(pa.array(positions[user, place])),
        "reason": (nth + 1).astype(np.int32),
        "because_item_id": item_ids.take(pa.array(because, mask=is_rest | (because < 0))),
        "contribution": _beside(reasons.contributions, reasons.rest)[has_row],
        "strength": pa.array(histories.strengths[user, entries].astype(np.float32), mask=is_rest),
        "score_without": pa.array(without, mask=np.isnan(without)),
        "because_count": np.where(is_rest, rest_count[user, place], 1).astype(np.int64),
    }
    return pa.RecordBatch.from_pydict(columns)


def _require_each_once(listed: Ints) -> None:
    """Fail as the check of a key would, which this spares."""
    in_order = np.sort(listed, axis=1)
    if ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)).any():
        raise ContractError(f"recommendations.explanations: a list names an item twice: {TWO_ROWS_SHARE_A_KEY}")


def _beside(named: npt.NDArray[Any], rest: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rest as one more reason."""
    return np.concatenate([named, rest[..., np.newaxis]], axis=2)


def _filled_up(lists: pa.ListArray) -> Ints:
    """Lists as rows of a matrix, -1 where they are shorter than the longest."""
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    filled = np.full((len(lists), max(lengths, default=0)), -1)
    filled[np.arange(filled.shape[1]) < lengths[:, np.newaxis]] = lists.flatten().to_numpy()
    return filled
