"""recommendations.trace: one SELECT from a recommendation down to delivered bytes, by readers who share no code."""

import gzip
import json
from pathlib import Path

import pytest

from jobs.trace import find, tell
from lakerec.errors import SettingsError
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.user_factors import USER_FACTORS
from lakerec.recommendations.trace import TRACE
from tests.outside import ask_duckdb


@pytest.fixture(scope="module")
def outside(shop):
    """duckdb over the tiny shop's tables, the trace as a view among them."""
    from lakerec.gold.item_index import ITEM_INDEX
    from lakerec.gold.user_index import USER_INDEX

    connection = ask_duckdb(shop.lake.root, [*TRACE.tables, ITEM_FACTORS, USER_FACTORS, ITEM_INDEX, USER_INDEX])
    connection.execute(f"CREATE VIEW recommendations.trace AS {TRACE.query}")
    return connection


@pytest.fixture(scope="module")
def pair(outside):
    """A user and an item whose recommendation has several reasons."""
    return outside.sql(
        "SELECT user_id, item_id FROM recommendations.explanations WHERE because_item_id IS NULL "
        "ORDER BY because_count DESC, user_id, item_id LIMIT 1"
    ).fetchall()[0]


def rows(connection, user, item):
    found = connection.execute(
        "SELECT * FROM recommendations.trace WHERE status = 'live' AND user_id = ? AND item_id = ?", [user, item]
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_the_parts_add_up_to_the_score_and_events_to_their_part(outside, pair):
    traced = rows(outside, *pair)

    parts = {row["reason"]: row["contribution"] for row in traced}
    score = traced[0]["score"]
    assert abs(sum(parts.values()) - score) <= 1e-5 * max(1, abs(score))
    for reason, contribution in parts.items():
        events = [row["event_contribution"] for row in traced if row["reason"] == reason and row["event_id"]]
        if events:
            assert sum(events) == pytest.approx(contribution)
    strengths = {row["reason"]: row["strength"] for row in traced if row["because_item_id"]}
    for reason, strength in strengths.items():
        own = [row["event_strength"] for row in traced if row["reason"] == reason]
        assert sum(own) == pytest.approx(strength, rel=1e-5)


def test_every_event_leads_to_the_exact_bytes_of_its_line(outside, pair, shop):
    traced = [row for row in rows(outside, *pair) if row["event_id"]]

    assert traced
    for row in traced:
        path = Path(row["path"].removeprefix("file://"))
        path = path if path.is_absolute() else Path(shop.config.landing.root) / path
        line = gzip.decompress(path.read_bytes()).splitlines()[row["line_number"] - 1]
        assert bytes(row["raw"]) == line
        assert json.loads(line)["item_id"] == row["because_item_id"]


def test_score_and_probability_can_be_rebuilt_from_tables_in_sql(outside):
    found = outside.sql("""
        WITH listed AS (
          SELECT u.*, k.*, list_inner_product(x.factors::DOUBLE[], y.factors::DOUBLE[]) AS rebuilt
          FROM recommendations.user_items u
          JOIN gold.user_index ui ON ui.user_id = u.user_id
          JOIN gold.item_index ii ON ii.item_id = u.item_id
          JOIN model.user_factors x ON x.model_id = u.model_id AND x.user_ix = ui.user_ix
          JOIN model.item_factors y ON y.model_id = u.model_id AND y.item_ix = ii.item_ix
          LEFT JOIN (
            SELECT batch_id, max(value) FILTER (name = 'als.intercept') AS intercept,
              max(value) FILTER (name = 'als.slope') AS slope,
              max(value) FILTER (name = 'als.lowest_score') AS lowest_score,
              max(value) FILTER (name = 'als.highest_score') AS highest_score
            FROM recommendations.coefficients WHERE part = 'calibration' GROUP BY batch_id
          ) k ON k.batch_id = u.batch_id
          WHERE u.source = 'als'
        )
        SELECT count(*), max(abs(score - rebuilt)),
          max(abs(probability - 1 / (1 + exp(-(intercept + slope * held)))))
        FROM (SELECT *, least(greatest(rebuilt, lowest_score), highest_score) AS held FROM listed)
    """).fetchall()[0]

    assert found[0] > 0
    assert found[1] < 1e-12
    assert found[2] is None or found[2] < 1e-12  # null: none was fitted, or an isotonic one


def test_spark_answers_the_same_and_the_command_tells_it(outside, pair, shop):
    user, item = pair

    found = find(shop.lake, user, item, None)
    told = "\n".join(tell(found))

    ours = sorted((row.reason, row.event_id or "", row.contribution) for row in found)
    theirs = sorted((row["reason"], row["event_id"] or "", row["contribution"]) for row in rows(outside, user, item))
    assert ours == theirs
    assert f"score {found[0].score:.6f} by als" in told
    assert found[0].because_item_id in told
    assert '"event_id"' in told


def test_what_was_never_recommended_is_said_to_be_so(shop):
    with pytest.raises(SettingsError, match="neither recommends nor refuses user 'nobody' anything"):
        find(shop.lake, "nobody", None, None)
