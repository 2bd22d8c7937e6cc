"""model.*, diagnostics.* -> recommendations.user_items, explanations, ruled_out, ...: a new batch for everybody."""

from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec import __version__
from lakerec.config import Config
from lakerec.contract import Table
from lakerec.diagnostics.coefficients import COEFFICIENTS, calibration_of, chosen_coefficients
from lakerec.diagnostics.rungs import EXPLAINED, RUNGS
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.errors import TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.interactions import FeedbackSettings, counted_at_latest, project_interactions
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY
from lakerec.gold.user_index import USER_INDEX
from lakerec.kept import Keep, kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.mapped_rows import MappedRows
from lakerec.model.attributes import AttributeMap
from lakerec.model.described_items import collect_known, fit_sides
from lakerec.model.fold_in import Space, Weights, collect_histories
from lakerec.model.item_factors import ITEM_FACTORS
from lakerec.model.runs import Run, sorted_json
from lakerec.model.split import pairs_with
from lakerec.model.user_factors import USER_FACTORS
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.coefficients import COEFFICIENTS as USED_COEFFICIENTS
from lakerec.recommendations.coefficients import coefficients_of
from lakerec.recommendations.explanations import EXPLANATIONS, explainer, gather_explained
from lakerec.recommendations.ladder import Index, place_users, recent_events, see_what_happened
from lakerec.recommendations.lists import Audience, Bars, make_lists
from lakerec.recommendations.offer import Offer, fit_offer, index_of
from lakerec.recommendations.ruled_out import RULED_OUT
from lakerec.recommendations.rules import NOT_AVAILABLE, barred_items, collect_barred, resting_pairs
from lakerec.recommendations.similar_items import SIMILAR_ITEMS, find_similar, name_similar
from lakerec.recommendations.user_items import USER_ITEMS, batch_id, judge_recommendations, name_items
from lakerec.releasing import model_to_list_by
from lakerec.runner import run
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS

GROUP = "platform team"

READ = (ITEMS, ITEM_POPULARITY, USER_INDEX, ITEM_INDEX, DAILY_INTERACTIONS, EVENTS)
SHAPING = ("recommend", "rules", "explain", "similar", "attributes")


class Judgement(NamedTuple):
    """What the evaluation of the same settings says: its coefficients, and the chosen row of its thresholds."""

    coefficients: list[dict[str, Any]]
    threshold: dict[str, Any] | None


class Basis(NamedTuple):
    """What a batch is made from.

    Attributes:
        model: the serving model.
        offer: what can be listed.
        mapped: what gave new items their factors.
        space: the model, for folding in and for explaining.
        item_ids: of the items of the space, by position.
        daily: what users and session users did until `until`.
        names: ids of users and sessions, and of items, also of those that nobody ever acted on.
    """

    model: Run
    offer: Offer
    mapped: AttributeMap
    space: Space
    item_ids: pa.StringArray
    daily: DataFrame
    names: Index
    until: date


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Recommend by the newest events and serving model; a batch that is already there is left alone.

    Where the gate refused the newest model, the one that is live makes the lists.

    Raises:
        GateError: it was refused, and nothing is live.
    """
    lake = Lakehouse(spark, config.lake)
    model = model_to_list_by(lake)
    judgement = _judgement(lake, model.evaluated_by)
    versions = lake.source_versions(*READ)
    settings = {**config.sections(*SHAPING), "as_of": config.as_of}
    batch = batch_id(model.model_id, judgement._asdict(), settings, versions)
    with lake.writing(USER_ITEMS.layer):
        if lake.has_partition(BATCHES, batch):
            return dict.fromkeys(("rows_in", "rows_out", "explanations"), 0)
        with kept_frames(lake.root) as keep:
            basis = _basis(lake, config, model, keep)
            counts = _write_batch(lake, config, basis, judgement, batch, keep)
        described = (batch, model.model_id, model.evaluated_by, model.as_of, basis.until, lake.now)
        made_of = (sorted_json(settings), sorted_json(versions), __version__, counts["rows_out"])
        lake.replace_partition(BATCHES, batch, [(*described, *made_of)])
    return counts


def _judgement(lake: Lakehouse, evaluated_by: str) -> Judgement:
    in_order = itemgetter("part", "name", "position")
    rows = sorted(lake.rows(COEFFICIENTS, evaluated_by), key=in_order)
    if not rows:
        raise TrainingDataError(
            f"diagnostics.coefficients: holds nothing of evaluation model '{evaluated_by}'. Run diagnose_model first."
        )
    return Judgement(rows, next((row for row in lake.rows(THRESHOLDS, evaluated_by) if row["is_chosen"]), None))


def _write_batch(
    lake: Lakehouse, config: Config, basis: Basis, judgement: Judgement, batch: str, keep: Keep
) -> dict[str, int]:
    """All tables of the batch but its row in recommendations.batches; counts."""
    model = basis.model
    write = partial(_write, lake, {"batch_id": batch, "model_id": model.model_id, "created_at": lake.now})
    histories = keep(_histories(basis.daily, model))
    placed = keep(place_users(histories, lake.read_partition(USER_FACTORS, model.model_id), basis.space))
    masked = keep(pairs_with(basis.daily, config.recommend.mask_actions))
    audience = Audience(basis.names.users, placed, masked)
    bars = _bars(lake, config, basis)
    lists = make_lists(audience, basis.offer, bars, (config.recommend, config.rules), keep)
    rows = write(USER_ITEMS, _judged(name_items(lists.final, basis.names.items), judgement))
    if lists.refused is not None:
        write(RULED_OUT, name_items(lists.refused, basis.names.items))
    explained = lists.final.where(F.col("source").isin(*EXPLAINED))
    explain = explainer(basis.space, basis.item_ids, config.explain.top_m)
    reasons = MappedRows(gather_explained(explained, histories), explain, EXPLANATIONS, batch)
    explanations = lake.replace_partition(EXPLANATIONS, batch, reasons)
    similar = find_similar(
        basis.daily.where("user_ix >= 0"), basis.offer.model, bars.barred.item_ix, config.similar, keep
    )
    write(SIMILAR_ITEMS, name_similar(similar, basis.names.items))
    of_batch = chosen_coefficients(config.sections(*SHAPING)), model.settings["feedback"]["cancels"]
    used = coefficients_of(judgement.coefficients, judgement.threshold, basis.mapped, *of_batch)
    lake.replace_partition(USED_COEFFICIENTS, batch, [(batch, *row) for row in used])
    return {"rows_in": basis.names.users.count(), "rows_out": rows, "explanations": explanations}


def _basis(lake: Lakehouse, config: Config, model: Run, keep: Keep) -> Basis:
    index = Index(lake.read(USER_INDEX), lake.read(ITEM_INDEX))
    known = collect_known(lake.read(ITEMS), index.items, lake.read_partition(ITEM_FACTORS, model.model_id))
    sides, mapped = fit_sides(known, config.attributes)
    offer = fit_offer(sides, lake.read(ITEM_POPULARITY), index.items)
    newest = config.as_of_time or lake.newest(EVENTS, "occurred_at") or model.as_of
    until = max(newest, model.as_of).date()
    daily = lake.read(DAILY_INTERACTIONS).where(F.col("event_date") <= F.lit(until))
    recent = recent_events(lake.read(EVENTS), until, config.recommend.session_days)
    happened = see_what_happened(daily, recent, index, model.settings["feedback"]["weights"], keep)
    names = Index(keep(happened.users), keep(index_of(known, index.items)))
    space = Space(offer.model, Weights.of(model.settings["als"]))
    item_ids = pa.array([known.item_ids[nth] for nth in known.of_model], pa.string())
    return Basis(model, offer, mapped, space, item_ids, happened.daily, names, until)


def _histories(daily: DataFrame, model: Run) -> DataFrame:
    feedback = FeedbackSettings(**model.settings["feedback"])
    return collect_histories(project_interactions(counted_at_latest(daily, model.as_of), model.as_of, feedback))


def _bars(lake: Lakehouse, config: Config, basis: Basis) -> Bars:
    items = lake.read(ITEMS)
    barred = barred_items(items, basis.names.items, config.rules)
    if not config.recommend.only_available:
        barred = barred.where(F.col("rule") != NOT_AVAILABLE)
    resting = resting_pairs(basis.daily, basis.until, config.rules)
    categories = basis.names.items.join(items, on="item_id", how="inner").select("item_ix", "category")
    return Bars(collect_barred(barred), resting, categories)


def _judged(named: DataFrame, judgement: Judgement) -> DataFrame:
    calibrations = {source: calibration_of(judgement.coefficients, source) for source in RUNGS}
    return judge_recommendations(named, calibrations, judgement.threshold["threshold"] if judgement.threshold else None)


def _write(lake: Lakehouse, stamps: dict[str, Any], table: Table, frame: DataFrame) -> int:
    stamped = frame.withColumns({name: F.lit(value) for name, value in stamps.items()})
    return lake.replace_partition(table, stamps["batch_id"], stamped.select(table.names))


if __name__ == "__main__":
    run(main)
