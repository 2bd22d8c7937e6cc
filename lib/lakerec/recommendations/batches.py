"""recommendations.batches: every complete batch, and what it was made of.

The row is written last: rows of the other tables without one belong to a batch that was cut short, and is made again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

BATCHES = Table(
    name="recommendations.batches",
    comment="One row per complete batch of recommendations; readers and releases know no others.",
    columns=(
        Column("batch_id", T.StringType(), "Hash of everything that shapes the batch."),
        Column("model_id", T.StringType(), "Serving model."),
        Column("evaluated_by", T.StringType(), "Evaluation model whose probabilities and threshold it uses."),
        Column("model_as_of", T.TimestampType(), "Moment at which its strengths are stated; UTC."),
        Column("until_date", T.DateType(), "Last day of the events that it knows; UTC."),
        Column("created_at", T.TimestampType(), "Start of the run that made it; UTC."),
        Column("settings", T.StringType(), "Sections recommend, rules, explain, ... as used; JSON, sorted keys."),
        Column("source_versions", T.StringType(), "Delta version by table that it read; JSON, sorted keys."),
        Column("code_version", T.StringType(), "Version of lakerec that made it."),
        Column("row_count", T.LongType(), "Its rows in recommendations.user_items."),
    ),
    key=("batch_id",),
    write=Write.REPLACE_PARTITIONS,
    partition_by="batch_id",
)


class Batch(NamedTuple):
    """A batch as releases need it."""

    batch_id: str
    model_id: str
    created_at: datetime


def newest_batch(batches: Iterable[Mapping[str, Any]]) -> Batch | None:
    """The batch made last; None without any.

    Args:
        batches: rows of recommendations.batches.
    """
    by_name = sorted(batches, key=lambda batch: batch["batch_id"])
    newest = max(by_name, key=lambda batch: batch["created_at"], default=None)
    return Batch(*[newest[name] for name in Batch._fields]) if newest else None
