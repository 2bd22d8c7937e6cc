"""trace: one recommendation, told line by line."""

from pyspark.sql import Row

from jobs.trace import tell
from lakerec.recommendations.trace import TRACE

NOTHING = dict.fromkeys(
    [
        "release_id",
        "kind",
        "status",
        "batch_id",
        "user_id",
        "item_id",
        "rank",
        "raw_rank",
        "rule",
        "source",
        "score",
        "probability",
        "is_recommended",
        "calibration",
        "highest_score",
        "threshold",
        "threshold_reason",
        "reason",
        "because_item_id",
        "because_count",
        "contribution",
        "strength",
        "score_without",
        "action",
        "weight",
        "age_days",
        "event_contribution",
        "event_date",
        "event_id",
        "path",
        "line_number",
        "raw",
        "model_id",
        "evaluated_by",
        "model_as_of",
        "model_source_versions",
        "source_versions",
        "code_version",
    ]
)


def row(**values):
    return Row(**{**NOTHING, "user_id": "ann", "item_id": "coat", "score": 0.5, "source": "als", **values})


def test_parts_events_and_bytes_are_told_in_order():
    event = {"action": "view", "weight": 1.0, "age_days": 3.0, "event_id": "e1", "raw": b'{"a":1}', "path": "f.gz"}
    why = {"reason": 1, "because_item_id": "cap", "contribution": 0.4, "strength": 1.0, "score_without": 0.1}
    rest = {"reason": 2, "because_count": 7, "contribution": 0.1}
    judged = {
        "probability": 0.02,
        "highest_score": 0.4,
        "threshold": 0.01,
        "threshold_reason": "enough",
        "is_recommended": True,
    }

    told = list(tell([row(rank=1, **why, **event, **judged, event_contribution=0.4), row(**rest)]))

    text = "\n".join(told)
    assert "recommended: threshold 1.0000%, enough" in text
    assert "as of a score of 0.400000: too few purchases speak for more" in text
    assert "+0.400000 cap, strength 1.000; without it 0.100000" in text
    assert "+0.100000 the 7 other items together" in text
    assert text.index('{"a":1}') > text.index("view on")


def test_what_a_rule_took_off_is_told_with_the_rule():
    told = "\n".join(tell([row(rule="not available", raw_rank=2)]))

    assert "not listed: not available; it would have been number 2" in told


def test_the_view_reads_every_table_that_it_names():
    named = {word.strip("()") for word in TRACE.query.split() if word.count(".") == 1 and word.split(".")[0].isalpha()}

    assert {table.name for table in TRACE.tables} <= named
