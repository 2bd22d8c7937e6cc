"""Every table there is, in the order in which data flows."""

from lakerec.bronze.events import EVENTS as BRONZE_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.items import ITEMS as BRONZE_ITEMS
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.contract import Table, View
from lakerec.diagnostics.calibration_metrics import CALIBRATION_METRICS
from lakerec.diagnostics.coefficients import COEFFICIENTS
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.data_checks import DATA_CHECKS
from lakerec.diagnostics.fit_curves import FIT_CURVES
from lakerec.diagnostics.gate_results import GATE_RESULTS
from lakerec.diagnostics.learning_curves import LEARNING_CURVES
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import RANKINGS
from lakerec.diagnostics.sample_certificates import SAMPLE_CERTIFICATES
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.diagnostics.trials import TRIALS
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY
from lakerec.gold.user_index import USER_INDEX
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.replays import REPLAYS
from lakerec.model.runs import RUNS
from lakerec.model.user_factors import USER_FACTORS
from lakerec.operations.progress import PROGRESS
from lakerec.operations.schema_changes import SCHEMA_CHANGES
from lakerec.operations.schema_fields import SCHEMA_FIELDS
from lakerec.operations.stage_runs import STAGE_RUNS
from lakerec.operations.table_health import TABLE_HEALTH
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.coefficients import COEFFICIENTS as USED_COEFFICIENTS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.live import LIVE_VIEWS
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.similar_items import SIMILAR_ITEMS
from lakerec.recommendations.trace import TRACE
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.rejected_items import REJECTED_ITEMS
from lakerec.silver.sessions import SESSIONS

TABLES: tuple[Table, ...] = (
    FILES,
    BRONZE_EVENTS,
    BRONZE_ITEMS,
    MALFORMED_LINES,
    SESSIONS,
    EVENTS,
    REJECTED_EVENTS,
    ITEMS,
    REJECTED_ITEMS,
    USER_INDEX,
    ITEM_INDEX,
    DAILY_INTERACTIONS,
    INTERACTIONS,
    ITEM_POPULARITY,
    RUNS,
    USER_FACTORS,
    ITEM_FACTORS,
    REPLAYS,
    DATA_CHECKS,
    RANKINGS,
    RANKING_METRICS,
    COMPARISONS,
    COEFFICIENTS,
    PROBABILITIES,
    CALIBRATION_METRICS,
    THRESHOLDS,
    TRIALS,
    GATE_RESULTS,
    LEARNING_CURVES,
    FIT_CURVES,
    SAMPLE_CERTIFICATES,
    USER_ITEMS,
    RULED_OUT,
    EXPLANATIONS,
    SIMILAR_ITEMS,
    USED_COEFFICIENTS,
    BATCHES,
    RELEASES,
    SHOWN,
    PROGRESS,
    STAGE_RUNS,
    SCHEMA_FIELDS,
    SCHEMA_CHANGES,
    TABLE_HEALTH,
)


VIEWS: tuple[View, ...] = (*LIVE_VIEWS, TRACE)


def table_named(name: str) -> Table:
    """The declaration of `layer.table`.

    Raises:
        KeyError: there is no such table.
    """
    return {table.name: table for table in TABLES}[name]


def as_markdown() -> str:
    """TABLES.md: every table with its columns, and the views of our sessions."""
    views = [f"- `{view.name}`: {view.comment}" for view in VIEWS]
    return "\n".join(["# Tables", "", _HEAD, *(_section(table) for table in TABLES), _VIEWS_HEAD, *views])


_HEAD = (
    "Generated from the declarations by `python -m lakerec.catalog`; do not edit. Times are UTC; `_ix` are\n"
    "integers for the model, `_id` the producer's strings, `_share` and `probability` lie in 0..1.\n"
)


_VIEWS_HEAD = (
    "# Views\n\nKnown to `sql`, `trace` and notebooks; no table, so other readers ask the same of the tables above.\n"
)


def _section(table: Table) -> str:
    facts = [f"key: {', '.join(table.key)}", f"write: {table.write}"]
    if table.partition_by:
        facts.append(f"partitioned by: {table.partition_by}")
    rows = [f"| {c.name} | {c.type.simpleString()} | {c.comment} |" for c in table.columns]
    lines = [f"## {table.name}", "", table.comment, "", f"{'; '.join(facts)}.", ""]
    lines += ["| column | type | meaning |", "|---|---|---|", *rows, ""]
    if table.expectations:
        lines += ["A row is believed if it", *[f"- {e.name}: `{e.condition}`" for e in table.expectations], ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown())
