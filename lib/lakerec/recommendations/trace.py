"""recommendations.trace: everything that made a recommendation, back to the delivered bytes, in one SELECT.

One row per (release, user, item, reason, event): a recommendation of three named items with four events each has
twelve rows, and one for the summed rest. Ask it with release_id, user_id and item_id. What a rule took off a list is
there, too, without a rank.

An item's contribution is shared among its events by their decayed weight, and so are strengths; the shares of one
reason add up to 1. The events are those that the batch knew, as silver has them today.
"""

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.contract import View
from lakerec.model.runs import RUNS
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.coefficients import COEFFICIENTS
from lakerec.recommendations.explanations import EXPLANATIONS
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.silver.events import EVENTS


def _day_number(day: str) -> str:
    """Days since the year 1, in functions that every SQL has."""
    before = f"(year({day}) - 1)"
    leap = f"floor({before} / 4) - floor({before} / 100) + floor({before} / 400)"
    return f"(365 * {before} + {leap} + dayofyear({day}))"


_QUERY = f"""
WITH listed AS (
  SELECT batch_id, user_id, item_id, source, score, probability, is_recommended, rank, raw_rank,
         CAST(null AS string) AS rule
  FROM recommendations.user_items
  UNION ALL
  SELECT batch_id, user_id, item_id, source, score, CAST(null AS double) AS probability, false AS is_recommended,
         CAST(null AS int) AS rank, raw_rank, rule
  FROM recommendations.ruled_out
),
used AS (
  SELECT batch_id,
    max(CASE WHEN part = 'als' AND name = 'alpha' THEN value END) AS alpha,
    max(CASE WHEN part = 'als' AND name = 'reg_param' THEN value END) AS reg_param,
    max(CASE WHEN part = 'feedback' AND name = 'half_life_days' THEN value END) AS half_life_days,
    max(CASE WHEN part = 'feedback' AND name = 'window_days' THEN value END) AS window_days,
    max(CASE WHEN part = 'recommend' AND name = 'session_days' THEN value END) AS session_days,
    max(CASE WHEN part = 'threshold' AND name = 'threshold' THEN value END) AS threshold,
    max(CASE WHEN part = 'threshold' AND name = 'threshold' THEN reason END) AS threshold_reason
  FROM recommendations.coefficients
  WHERE part IN ('als', 'feedback', 'recommend', 'threshold')
  GROUP BY batch_id
),
calibrated AS (
  SELECT batch_id, split_part(name, '.', 1) AS source,
    max(CASE WHEN name LIKE '%.intercept' THEN value END) AS intercept,
    max(CASE WHEN name LIKE '%.slope' THEN value END) AS slope,
    max(CASE WHEN name LIKE '%.lowest_score' THEN value END) AS lowest_score,
    max(CASE WHEN name LIKE '%.highest_score' THEN value END) AS highest_score,
    max(CASE WHEN name LIKE '%.slope' THEN reason END) AS calibration_reason
  FROM recommendations.coefficients
  WHERE part = 'calibration'
  GROUP BY batch_id, split_part(name, '.', 1)
),
knots AS (
  SELECT batch_id, split_part(name, '.', 1) AS source, position AS nth,
    max(CASE WHEN name LIKE '%.knot_score' THEN value END) AS knot_score,
    max(CASE WHEN name LIKE '%.knot_probability' THEN value END) AS knot_probability
  FROM recommendations.coefficients
  WHERE part = 'calibration' AND name LIKE '%.knot_%'
  GROUP BY batch_id, split_part(name, '.', 1), position
),
between_knots AS (
  SELECT l.batch_id, l.user_id, l.item_id,
    max(CASE WHEN k.knot_score <= l.score THEN k.knot_score END) AS score_below,
    max(CASE WHEN k.knot_score <= l.score THEN k.knot_probability END) AS probability_below,
    min(CASE WHEN k.knot_score >= l.score THEN k.knot_score END) AS score_above,
    min(CASE WHEN k.knot_score >= l.score THEN k.knot_probability END) AS probability_above
  FROM listed l
  JOIN knots k ON k.batch_id = l.batch_id AND k.source = l.source
  GROUP BY l.batch_id, l.user_id, l.item_id
),
weights AS (
  SELECT batch_id, split_part(name, '.', 2) AS action, value AS weight
  FROM recommendations.coefficients
  WHERE part = 'feedback' AND name LIKE 'weights.%'
),
cancels AS (
  SELECT batch_id, split_part(name, '.', 2) AS action, split_part(name, '.', 3) AS taken
  FROM recommendations.coefficients
  WHERE part = 'feedback' AND name LIKE 'cancels.%'
),
acted AS (
  SELECT coalesce(user_id, concat('session:', source, ':', session_id)) AS user_id, user_id IS NULL AS is_session,
    item_id, action, event_date, event_id, occurred_at, source, file_id, line_number, record_number, ingested_at
  FROM silver.events
  WHERE NOT is_bot
),
known AS (
  SELECT b.batch_id, u.half_life_days, w.weight, a.*,
    least(a.event_date, CAST(b.model_as_of AS date)) AS counted_on, CAST(b.model_as_of AS date) AS stated_on,
    u.window_days
  FROM recommendations.batches b
  JOIN used u ON u.batch_id = b.batch_id
  JOIN weights w ON w.batch_id = b.batch_id
  JOIN acted a ON a.action = w.action AND a.event_date <= b.until_date AND a.ingested_at <= b.created_at
  WHERE NOT a.is_session OR {_day_number("b.until_date")} - {_day_number("a.event_date")} < u.session_days
),
taken_back AS (
  SELECT e.batch_id, e.user_id, e.item_id, e.source, e.event_date, e.event_id, max(p.counted_on) AS taken_on
  FROM known e
  JOIN cancels c ON c.batch_id = e.batch_id AND c.action = e.action
  JOIN known p ON p.batch_id = e.batch_id AND p.user_id = e.user_id AND p.item_id = e.item_id
    AND p.action = c.taken AND p.counted_on <= e.counted_on
  GROUP BY e.batch_id, e.user_id, e.item_id, e.source, e.event_date, e.event_id
),
aged AS (
  SELECT e.*,
    {_day_number("e.stated_on")} - {_day_number("coalesce(t.taken_on, e.counted_on)")} AS age_days
  FROM known e
  LEFT JOIN taken_back t ON t.batch_id = e.batch_id AND t.user_id = e.user_id AND t.item_id = e.item_id
    AND t.source = e.source AND t.event_date = e.event_date AND t.event_id = e.event_id
),
weighed AS (
  SELECT a.*, a.weight * CASE WHEN half_life_days > 0 THEN power(0.5, age_days / half_life_days) ELSE 1.0 END
    AS event_strength
  FROM aged a
  WHERE window_days = 0 OR age_days < window_days
),
shared AS (
  SELECT w.*, event_strength / sum(event_strength) OVER (PARTITION BY batch_id, user_id, item_id) AS event_share
  FROM weighed w
),
lines AS (
  SELECT source, file_id, line_number, raw FROM bronze.events WHERE record_number = 1
  UNION ALL
  SELECT source, file_id, line_number, raw FROM bronze.items WHERE record_number = 1
  UNION ALL
  SELECT source, file_id, line_number, raw FROM bronze.malformed_lines WHERE record_number = 1
)
SELECT r.release_id, r.kind, r.status, r.published_at, l.batch_id, l.user_id, l.item_id,
  l.rank, l.raw_rank, l.rule, l.source, l.score, l.probability, l.is_recommended,
  CASE WHEN k.slope IS NOT NULL THEN 'Platt scaling' WHEN c.batch_id IS NOT NULL THEN 'isotonic regression' END
    AS calibration, k.calibration_reason, k.intercept, k.slope, k.lowest_score, k.highest_score,
  c.score_below, c.probability_below, c.score_above, c.probability_above,
  u.threshold, u.threshold_reason, u.alpha, u.reg_param, u.half_life_days,
  x.reason, x.because_item_id, x.because_count, x.contribution, x.strength, x.score_without,
  s.action, s.weight, s.age_days, s.event_strength, x.contribution * s.event_share AS event_contribution,
  s.event_date, s.occurred_at, s.event_id, f.path, s.line_number, s.record_number, n.raw,
  b.model_id, b.evaluated_by, b.model_as_of, m.trained_at, m.source_versions AS model_source_versions,
  b.source_versions, b.settings, b.code_version
FROM recommendations.releases r
JOIN recommendations.batches b ON b.batch_id = r.batch_id
JOIN listed l ON l.batch_id = r.batch_id
LEFT JOIN used u ON u.batch_id = l.batch_id
LEFT JOIN calibrated k ON k.batch_id = l.batch_id AND k.source = l.source
LEFT JOIN between_knots c ON c.batch_id = l.batch_id AND c.user_id = l.user_id AND c.item_id = l.item_id
LEFT JOIN model.runs m ON m.model_id = b.model_id
LEFT JOIN recommendations.explanations x
  ON x.batch_id = l.batch_id AND x.user_id = l.user_id AND x.item_id = l.item_id
LEFT JOIN shared s ON s.batch_id = x.batch_id AND s.user_id = x.user_id AND s.item_id = x.because_item_id
LEFT JOIN bronze.files f ON f.file_id = s.file_id
LEFT JOIN lines n ON n.source = s.source AND n.file_id = s.file_id AND n.line_number = s.line_number
"""

TRACE = View(
    name="recommendations.trace",
    comment="a recommendation taken apart, one row per (release, user, item, reason, event) down to delivered bytes.",
    query=_QUERY,
    tables=(
        RELEASES,
        BATCHES,
        USER_ITEMS,
        RULED_OUT,
        EXPLANATIONS,
        COEFFICIENTS,
        RUNS,
        EVENTS,
        FILES,
        RAW_EVENTS,
        RAW_ITEMS,
        MALFORMED_LINES,
    ),
)
