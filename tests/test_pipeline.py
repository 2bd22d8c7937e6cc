"""The whole way, from generated files to what is shown, on one tiny shop."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F
from pyspark.sql import types as T

from jobs import generate_events, run_pipeline
from lakerec.bronze.events import EVENTS as BRONZE_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.catalog import TABLES
from lakerec.config import load, load_source
from lakerec.contract import Table
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.errors import GateError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import RUNS
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.releases import RELEASES
from lakerec.recommendations.shown import SHOWN
from lakerec.recommendations.user_items import USER_ITEMS
from lakerec.silver.events import EVENTS
from lakerec.silver.rejected_events import REJECTED_EVENTS
from lakerec.silver.sessions import SESSIONS
from tests.conftest import TINY_SHOP, Shop
from tests.lake_oracle import disagreements, found, predict

BESIDE_THE_PIPELINE = {  # filled by jobs of their own
    "model.replays",
    "diagnostics.trials",
    "diagnostics.learning_curves",
    "diagnostics.fit_curves",
    "diagnostics.sample_certificates",
}
DATA = [table for table in TABLES if table.layer != "operations" and table.name not in BESIDE_THE_PIPELINE]


def versions(lake: Lakehouse) -> dict[str, int]:
    return lake.source_versions(*DATA)


@pytest.fixture
def copy(shop: Shop, tmp_path: Path) -> Iterator[Shop]:
    """A shop of one's own to change."""
    folder = tmp_path / "copy"
    shutil.copytree(shop.folder, folder)
    config = _config_in(folder, {})
    yield Shop(Lakehouse(shop.lake.spark, config.lake), config, folder)
    shop.lake.spark.catalog.clearCache()


def test_every_table_of_the_catalogue_has_rows(shop: Shop) -> None:
    empty = [table.name for table in DATA if not shop.lake.read(table).limit(1).count()]

    assert set(empty) <= {"silver.rejected_items", "recommendations.ruled_out"}


def test_every_line_of_every_file_and_every_record_of_every_day_is_accounted_for(shop: Shop) -> None:
    files = shop.lake.read(FILES)
    unbalanced = files.where(
        "line_count != header_count + blank_count + malformed_line_count + accepted_line_count OR status != 'read'"
    )
    delivered = shop.lake.read(BRONZE_EVENTS).groupBy("event_date").count().collect()
    believed = dict(shop.lake.read(EVENTS).groupBy("event_date").count().collect())
    rejected = dict(shop.lake.read(REJECTED_EVENTS).groupBy("event_date").count().collect())
    planted = _planted(shop, "duplicate")
    duplicates = Counter(line["event_date"] for line in planted)

    assert unbalanced.count() == 0
    assert {row.event_date: row["count"] for row in delivered} == {
        row.event_date: believed.get(row.event_date, 0) + rejected.get(row.event_date, 0) + duplicates[row.event_date]
        for row in delivered
    }


def test_what_was_set_aside_is_exactly_what_was_planted(shop: Shop) -> None:
    malformed = shop.lake.read(MALFORMED_LINES).groupBy("reason").count().collect()
    rejected = shop.lake.read(REJECTED_EVENTS).select(F.explode("reasons").alias("reason")).groupBy("reason").count()

    assert dict(malformed) == Counter(line["reason"] for line in _planted(shop, "malformed"))
    assert dict(rejected.collect()) == Counter(line["reason"] for line in _planted(shop, "rejected"))


def test_plain_python_predicts_every_row_up_to_gold_from_the_delivered_files(shop: Shop) -> None:
    predicted = predict(shop.folder / "landing", load_source("shop"), shop.config)

    compared = disagreements(predicted, found(shop.folder / "lake"))

    assert {table: different for table, (_, _, different) in compared.items() if different} == {}
    assert all(expected for expected, _, _ in compared.values())


def test_bots_are_found_and_do_not_train(shop: Shop) -> None:
    sessions = pl.concat([pl.read_parquet(path) for path in (shop.folder / "truth" / "sessions").glob("*.parquet")])
    planted = set(sessions.filter("is_bot")["session_id"])
    found = {row.session_id for row in shop.lake.read(SESSIONS).where("is_bot").select("session_id").collect()}
    weighted = shop.lake.read(EVENTS).where("user_id IS NOT NULL AND NOT is_bot AND action != 'impression'")

    assert found == planted
    assert shop.lake.read(DAILY_INTERACTIONS).agg(F.sum("event_count")).first()[0] == weighted.count()


def test_the_model_has_two_fits_and_the_serving_one_is_what_is_shown(shop: Shop) -> None:
    runs = {row.purpose: row for row in shop.lake.read(RUNS).collect()}
    release = shop.lake.read(RELEASES).where("status = 'live'").collect()
    batch = shop.lake.read(USER_ITEMS).where(F.col("batch_id") == release[0].batch_id)

    assert runs.keys() == {"evaluation", "serving"}
    assert runs["serving"].evaluated_by == runs["evaluation"].model_id
    assert [row.model_id for row in release] == [runs["serving"].model_id]
    assert shop.lake.read(SHOWN).count() == batch.count()


def test_the_model_finds_more_later_purchases_than_chance(shop: Shop) -> None:
    metrics = shop.lake.read(RANKING_METRICS).where("split = 'test' AND slice = 'all' AND metric = 'recall' AND k = 10")

    recall = {row.recommender: row.value for row in metrics.collect()}

    assert recall["als"] > recall["random"]


def test_one_threshold_is_chosen_with_its_reason(shop: Shop) -> None:
    chosen = shop.lake.read(THRESHOLDS).where("is_chosen").collect()

    assert len(chosen) == 1
    assert chosen[0].reason


@pytest.mark.parametrize("table", DATA, ids=lambda table: table.name)
def test_outside_readers_see_the_same_rows_and_sums(shop: Shop, table: Table) -> None:
    numbers = [c.name for c in table.columns if isinstance(c.type, T.NumericType)]
    sums = [F.coalesce(F.sum(F.col(name).cast("double")), F.lit(0.0)) for name in numbers]
    ours = tuple(shop.lake.read(table).agg(F.count("*"), *sums).first())
    path = shop.lake.location(table)

    outside = DeltaTable(path)
    arrow: ds.Dataset = outside.to_pyarrow_dataset()
    by_polars = pl.scan_delta(path).select(pl.len(), *[pl.col(name).cast(pl.Float64).sum() for name in numbers])
    of_duckdb = ", ".join(["count(*)", *[f'coalesce(sum("{name}"::DOUBLE), 0)' for name in numbers]])

    assert outside.protocol().min_reader_version == 1
    assert arrow.count_rows() == ours[0]
    assert by_polars.collect().row(0) == pytest.approx(ours)
    assert duckdb.sql(f"SELECT {of_duckdb} FROM arrow").fetchall()[0] == pytest.approx(ours)


def test_a_second_run_with_nothing_new_commits_nothing(copy: Shop) -> None:
    before = versions(copy.lake)

    run_pipeline.main(copy.lake.spark, _config_in(copy.folder, {"lake.run_id": "second"}))

    assert versions(copy.lake) == before


def test_one_more_day_of_files_is_only_its_own_consequences(copy: Shop) -> None:
    before = versions(copy.lake)
    config = _config_in(copy.folder, {"lake.run_id": "next day", "shop.days": "9"})
    generate_events.main(None, config)

    run_pipeline.main(copy.lake.spark, config)

    touched = copy.lake.increment(EVENTS, DAILY_INTERACTIONS, {"actions": sorted(config.feedback.weights)})
    commits = {table.name: copy.lake.version(table) - before[table.name] for table in (EVENTS, DAILY_INTERACTIONS)}
    progress = copy.lake.read(next(t for t in TABLES if t.name == "operations.progress"))
    written = progress.where("consumer = 'silver.events' AND run_id = 'next day'").first().dates
    days = [day for day in written if day]
    assert not touched.is_needed
    assert commits == {"silver.events": 1, "gold.daily_interactions": 1}
    assert days == ["2025-03-08", "2025-03-09", "2025-03-10", "2025-03-11"][-len(days) :]
    assert copy.lake.read(RUNS).where("purpose = 'serving'").count() == 2
    assert copy.lake.read(RELEASES).where("status = 'live'").count() == 1


def test_a_refused_model_ends_the_run_only_when_all_else_is_done(
    copy: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    live = copy.lake.read(RELEASES).where("status = 'live'").collect()
    asked = {"lake.run_id": "asked more", "gate.criteria.coverage.minimum": "1.1", "recommend.top_n": "5"}

    with pytest.raises(GateError, match="coverage@10 of als"):
        run_pipeline.main(copy.lake.spark, _config_in(copy.folder, asked))

    assert "verdict" in capsys.readouterr().out
    assert copy.lake.read(BATCHES).count() == 2  # lists of five, which wait
    assert copy.lake.read(RELEASES).where("status = 'live'").collect() == live


@pytest.mark.slow
def test_rebuilding_silver_gives_the_same_events(copy: Shop) -> None:
    content = [c for c in EVENTS.names if c not in ("ingested_at", "file_id", "line_number", "record_number")]
    before = copy.lake.read(EVENTS).select(content).toPandas().sort_values(content[:3]).reset_index(drop=True)

    run_pipeline.main(copy.lake.spark, _config_in(copy.folder, {"lake.run_id": "anew", "lake.rebuild": ["silver"]}))

    after = copy.lake.read(EVENTS).select(content).toPandas().sort_values(content[:3]).reset_index(drop=True)
    assert after.equals(before)


def test_the_report_is_one_page_that_needs_no_network(shop: Shop) -> None:
    page = (shop.folder / "report.html").read_text()

    assert page.count("<svg") == 5
    assert "src=" not in page
    assert "not JSON" in page


def _planted(shop: Shop, kind: str) -> list[dict[str, object]]:
    folder = shop.folder / "truth" / "planted_lines"
    lines = pl.concat([pl.read_parquet(path) for path in folder.glob("*.parquet")])
    return lines.filter(pl.col("kind") == kind).to_dicts()


def _config_in(folder: Path, changes: dict[str, object]) -> object:
    places = {"lake.root": str(folder / "lake"), "landing.root": str(folder / "landing"), "lake.run_id": "copy"}
    return load("test", {**TINY_SHOP, **places, **changes})
