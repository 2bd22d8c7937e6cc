"""recommendations.releases: which batch is live, now and before."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

RELEASES = Table(
    name="recommendations.releases",
    comment="One row per release; the one live row decides what the shop shows.",
    columns=(
        Column("release_id", T.StringType(), "Number of the release and its batch."),
        Column("batch_id", T.StringType(), "Batch in recommendations.user_items."),
        Column("model_id", T.StringType(), "Serving model of the batch."),
        Column("kind", T.StringType(), "publish: a new batch; rollback: back to an older one."),
        Column("published_at", T.TimestampType(), "Start of the run that released it; UTC."),
        Column("status", T.StringType(), "live, or superseded by a later release."),
    ),
    key=("release_id",),
    write=Write.REPLACE,
)

PUBLISH = "publish"
LIVE, SUPERSEDED = "live", "superseded"


class Release(NamedTuple):
    """One row of recommendations.releases."""

    release_id: str
    batch_id: str
    model_id: str
    kind: str
    published_at: datetime
    status: str


def live_release(history: Sequence[Release]) -> Release | None:
    """The live one; None before the first."""
    return next((release for release in history if release.status == LIVE), None)


def is_published(history: Sequence[Release], batch_id: str) -> bool:
    """Whether the batch has ever been live; a batch that was rolled back is not published a second time by itself."""
    return any(release.batch_id == batch_id for release in history)


def publish_batch(history: Sequence[Release], batch_id: str, model_id: str, now: datetime) -> list[Release]:
    """The history with this batch live and all others superseded."""
    release_id = f"{len(history) + 1:06d}-{batch_id}"
    superseded = [release._replace(status=SUPERSEDED) for release in history]
    return [*superseded, Release(release_id, batch_id, model_id, PUBLISH, now, LIVE)]
