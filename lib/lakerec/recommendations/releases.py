"""recommendations.releases: which batch is live, now and before."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.errors import SettingsError

RELEASES = Table(
    name="recommendations.releases",
    comment="One row per release; the one live row decides what the shop shows.",
    columns=(
        Column("release_id", T.StringType(), "Number of the release and its batch."),
        Column("batch_id", T.StringType(), "Batch in recommendations.batches, user_items, explanations, ..."),
        Column("model_id", T.StringType(), "Serving model of the batch."),
        Column("kind", T.StringType(), "publish: a new batch; rollback: back to an older one."),
        Column("published_at", T.TimestampType(), "Start of the run that released it; UTC."),
        Column("status", T.StringType(), "live, or superseded by a later release."),
        Column("alias_error", T.StringType(), "Why the model registry's alias could not follow yet; null: it follows."),
    ),
    key=("release_id",),
    write=Write.REPLACE,
)

PUBLISH, ROLLBACK = "publish", "rollback"
LIVE, SUPERSEDED = "live", "superseded"


class ReleaseSettings(Settings):
    """How far one can go back, and where to."""

    keep_releases: int = Field(ge=1, description="newest releases whose batches are kept, to go back to; releases")
    rollback_to: str = Field(description="release that `rollback` goes back to; empty: the batch published before")


class Release(NamedTuple):
    """One row of recommendations.releases."""

    release_id: str
    batch_id: str
    model_id: str
    kind: str
    published_at: datetime
    status: str
    alias_error: str | None = None


def live_release(history: Sequence[Release]) -> Release | None:
    """The live one; None before the first."""
    return next((release for release in history if release.status == LIVE), None)


def is_published(history: Sequence[Release], batch_id: str) -> bool:
    """Whether the batch has ever been live; a batch that was rolled back is not published a second time by itself."""
    return any(release.batch_id == batch_id for release in history)


def publish_batch(history: Sequence[Release], batch_id: str, model_id: str, now: datetime) -> list[Release]:
    """The history with this batch live and all others superseded."""
    return _release(history, batch_id, model_id, PUBLISH, now)


def roll_back(history: Sequence[Release], to: Release, now: datetime) -> list[Release]:
    """The history with the batch of an earlier release live again, as a release of its own."""
    return _release(history, to.batch_id, to.model_id, ROLLBACK, now)


def earlier_release(history: Sequence[Release], release_id: str) -> Release:
    """The release to go back to.

    Args:
        release_id: its id; empty for the batch that was first published before the live one, so that going back twice
            goes back two batches.

    Raises:
        SettingsError: there is no such release, or it is live.
    """
    live = live_release(history)
    others = [release for release in history if live and release.batch_id != live.batch_id]
    if release_id:
        named = [release for release in others if release.release_id == release_id]
    else:
        published = [release for release in history if release.kind == PUBLISH]
        first = next((nth for nth, release in enumerate(published) if live and release.batch_id == live.batch_id), 0)
        named = published[:first]
    if named:
        return named[-1]
    known = ", ".join(release.release_id for release in others) or "none"
    wanted = (
        f"there is no earlier release '{release_id}'" if release_id else "no batch was published before the live one"
    )
    raise SettingsError(f"release.rollback_to: {wanted}. Releases to go back to: {known}.")


def kept_batches(history: Sequence[Release], keep_releases: int) -> set[str]:
    """Batches of the newest releases, the live one among them."""
    return {release.batch_id for release in history[-keep_releases:]}


def of_live_release(rows: DataFrame, releases: DataFrame) -> DataFrame:
    """Those rows of a table of batches that belong to the live release: all old or all new, whoever writes meanwhile.

    Args:
        rows: with batch_id.
        releases: recommendations.releases.
    """
    live = releases.where(F.col("status") == LIVE).select("batch_id")
    return rows.join(F.broadcast(live), on="batch_id", how="left_semi")


def _release(history: Sequence[Release], batch_id: str, model_id: str, kind: str, now: datetime) -> list[Release]:
    release_id = f"{len(history) + 1:06d}-{batch_id}"
    superseded = [release._replace(status=SUPERSEDED) for release in history]
    return [*superseded, Release(release_id, batch_id, model_id, kind, now, LIVE)]
