"""Batches of one recommendation, complete and cut short, for the tests of releases."""

from datetime import UTC, datetime, timedelta

from lakerec.diagnostics.gate_results import GATE_RESULTS, Severity, Verdict
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.user_items import USER_ITEMS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def add_batch(lake: Lakehouse, batch: str, hours: int) -> None:
    """A complete batch that recommends one item named after it, of a model that has passed the gate."""
    add_rows(lake, batch)
    judge(lake, batch, Verdict.MET)
    made_at = NOON + timedelta(hours=hours)
    row = (batch, f"model of {batch}", "evaluation", NOON, NOON.date(), made_at, "{}", "{}", "1", 1)
    lake.replace_partition(BATCHES, batch, lake.frame(BATCHES, [row]))


def add_rows(lake: Lakehouse, batch: str) -> None:
    """What is written before a batch is complete."""
    item = f"item of {batch}"
    row = (batch, "ann", 1, item, 0.5, 0.02, True, "als", f"model of {batch}", NOON, 1)
    lake.replace_partition(USER_ITEMS, batch, lake.frame(USER_ITEMS, [row]))
    reason = (batch, "ann", item, 1, "i0", 0.5, 1.0, None, 1)
    lake.replace_partition(EXPLANATIONS, batch, lake.frame(EXPLANATIONS, [reason]))


def judge(lake: Lakehouse, batch: str, *verdicts: Verdict) -> None:
    """What the gate says of a batch's model; see `judge_model`."""
    judge_model(lake, f"model of {batch}", *verdicts)


def judge_model(lake: Lakehouse, model_id: str, *verdicts: Verdict) -> None:
    """What the gate says of a model, a criterion for each verdict; they replace those before."""
    rows = [
        {
            "model_id": model_id,
            "criterion": f"criterion {nth}",
            "verdict": verdict,
            "severity": Severity.BLOCK,
            "reason": f"criterion {nth}: is {verdict}.",
        }
        for nth, verdict in enumerate(verdicts, start=1)
    ]
    stored = [tuple(row.get(name) for name in GATE_RESULTS.names) for row in rows]
    lake.replace_partition(GATE_RESULTS, model_id, lake.frame(GATE_RESULTS, stored))


def releases(lake: Lakehouse) -> list[tuple[str, str, str]]:
    """Batch, kind and status of each release, oldest first."""
    stored = sorted(lake.rows(RELEASES), key=lambda row: row["release_id"])
    return [(row["batch_id"], row["kind"], row["status"]) for row in stored]


def shown(lake: Lakehouse) -> list[tuple[str, str]]:
    """Item and release of what is shown."""
    return [(row["item_id"], row["release_id"]) for row in lake.rows(SHOWN)]
