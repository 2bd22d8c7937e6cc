"""bronze.*, silver.events, gold.* -> a small lake of whole customers, with its certificate: to work on a laptop.

The sample holds bronze.* of the drawn customers (--set sample.root=DIR, sample.share=0.2) and
diagnostics.sample_certificates; every job and notebook runs on it with --lake DIR. The files that it came from are
entered as read, so that ingest_events adds only what is delivered later.
"""

from pyspark.sql import DataFrame, SparkSession

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.config import Config
from lakerec.diagnostics.evidence import EvaluatedModel
from lakerec.diagnostics.sample_certificates import (
    SAMPLE_CERTIFICATES,
    Finding,
    compare_distributions,
    compare_metric,
    conclude,
)
from lakerec.diagnostics.sample_profiles import describe_listed, fit_profiles, people
from lakerec.diagnostics.user_metrics import UserMetric, draw_judged, fit_user_ndcg
from lakerec.errors import LakeError, SettingsError, TrainingDataError
from lakerec.evaluated import read_als, read_happened, read_model
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS, count_days
from lakerec.gold.interactions import project_interactions
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.kept import Keep, kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.model.als import fit_als
from lakerec.model.runs import EVALUATION, RUNS, Run, newest_run, sorted_json
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.samples import (
    RECORD,
    draw_visitors,
    records_of_visitors,
    recount_files,
    single_records,
)

GROUP = "data scientists"

SOURCES = (FILES, RAW_EVENTS, RAW_ITEMS, MALFORMED_LINES, EVENTS, DAILY_INTERACTIONS)


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Draw a sample and certify it; does nothing where the same sample of the same tables is there."""
    full = Lakehouse(spark, config.lake)
    sample = _place(full, config)
    drawn = {
        "settings": sorted_json(config.sample.model_dump(include={"method", "share", "seed"})),
        "source_versions": sorted_json(full.source_versions(*SOURCES)),
    }
    stored = [row.asDict() for row in sample.read(SAMPLE_CERTIFICATES).select(*drawn).distinct().collect()]
    if sample.exists(FILES) and stored == [drawn]:
        return {"rows_in": 0, "rows_out": 0}
    if sample.exists(FILES) or stored not in ([], [drawn]):
        raise LakeError(f"sample.root: '{sample.root}' already holds another lake or sample. Name a new folder.")
    trained = newest_run(full.rows(RUNS), EVALUATION)
    with sample.writing(FILES.layer, SAMPLE_CERTIFICATES.layer):
        counts = _copy(full, sample, config)
        findings = _certify(full, sample, config, trained)
        rows = [(*each.as_row(), *drawn.values()) for each in findings]
        sample.overwrite(SAMPLE_CERTIFICATES, rows)
        sample.overwrite(FILES, _ledger(full, sample))
    _tell(findings, sample.root)
    return counts


def _place(full: Lakehouse, config: Config) -> Lakehouse:
    root = config.sample.root.rstrip("/")
    if not root or root == full.root:
        raise SettingsError("sample.root: name a new folder for the sample, such as --set sample.root=small.")
    if not full.exists(EVENTS):
        raise TrainingDataError("silver.events: holds no event. Run ingest_events and clean_events first.")
    return Lakehouse(full.spark, config.lake.model_copy(update={"root": root, "rebuild": ()}), full.now)


def _copy(full: Lakehouse, sample: Lakehouse, config: Config) -> dict[str, int]:
    """What bronze holds of the sample; the ledger follows at the end, and says that all is there."""
    wanted, records, events = config.sample, full.read(RAW_EVENTS), full.read(EVENTS)
    if wanted.method == "rows":
        kept = single_records(records, wanted.share, wanted.seed)
    else:
        visitors = draw_visitors(events, wanted.share, wanted.seed)
        kept = records_of_visitors(records, events, visitors, wanted.share, wanted.seed)
    malformed = single_records(full.read(MALFORMED_LINES), wanted.share, wanted.seed)
    rows = sample.overwrite(RAW_EVENTS, kept)
    sample.overwrite(RAW_ITEMS, full.read(RAW_ITEMS))
    sample.overwrite(MALFORMED_LINES, malformed)
    return {"rows_in": records.count(), "rows_out": rows}


def _ledger(full: Lakehouse, sample: Lakehouse) -> DataFrame:
    accepted = [sample.read(table) for table in (RAW_EVENTS, RAW_ITEMS)]
    return recount_files(full.read(FILES), accepted, sample.read(MALFORMED_LINES))


def _certify(full: Lakehouse, sample: Lakehouse, config: Config, trained: Run) -> list[Finding]:
    """Hold what became of the sample's records in the whole lake against everything."""
    with kept_frames(sample.root) as keep:
        events = people(full.read(EVENTS))
        own = keep(events.join(sample.read(RAW_EVENTS).select(*RECORD), on=list(RECORD), how="left_semi"))
        listed = describe_listed(events, full.read(ITEMS))
        share = _user_count(own) / max(_user_count(events), 1)
        findings = compare_distributions(
            fit_profiles(events, listed),
            fit_profiles(own, listed),
            share,
            config.sample.seed,
            config.sample.max_distance,
        )
        findings += _compare_models(full, own, config, trained, keep)
    return [*findings, conclude(findings)]


def _user_count(events: DataFrame) -> int:
    return events.select("user_id").distinct().count()


def _compare_models(full: Lakehouse, own: DataFrame, config: Config, trained: Run, keep: Keep) -> list[Finding]:
    """The stored model with the sample's customers against all; and a model of the sample against the stored one."""
    indexes = (full.read(USER_INDEX), full.read(ITEM_INDEX))
    daily, whole = full.read(DAILY_INTERACTIONS), read_model(full, trained)
    own_daily = keep(count_days(own, *indexes, sorted(trained.settings["feedback"]["weights"])))
    interactions = project_interactions(own_daily, trained.as_of, whole.feedback)
    fitted = fit_als(interactions, read_als(full, trained, config.als))
    drawn = whole._replace(user_factors=fitted.user_factors, item_factors=fitted.item_factors)
    same_users = whole.user_factors.join(own_daily.select("user_ix").distinct(), on="user_ix", how="left_semi")
    of_all = _ndcg(full, config, whole, daily, keep)
    of_drawn = _ndcg(full, config, whole._replace(user_factors=same_users), daily, keep)
    anew = _ndcg(full, config, drawn, own_daily, keep)
    name = f"ndcg of the first {config.judging.k}"
    return [
        compare_metric(f"{name}, model of the whole", of_all, of_drawn, config.ranking),
        compare_metric(f"{name}, model of the sample", of_all, anew, config.ranking),
    ]


def _ndcg(full: Lakehouse, config: Config, model: EvaluatedModel, daily: DataFrame, keep: Keep) -> UserMetric:
    happened = read_happened(full, model, daily, config.recommend.mask_actions, keep)
    judged = draw_judged(model.user_factors, happened, config.judging.max_users, config.ranking.seed)
    return fit_user_ndcg(judged, model.item_factors, full.read(ITEM_INDEX), happened, config.judging.k)


def _tell(findings: list[Finding], root: str) -> None:
    for each in findings:
        number = f"{each.distance:>7.3f}" if each.distance is not None else f"{'':>7}"
        if each.sample[0] is not None and each.full[0] is not None:
            number = f"{each.sample[0]:.4f} against {each.full[0]:.4f}"
        say(f"  {each.dimension:<44}{number}  {each.verdict}")
    say(f"next: clean_events, aggregate_feedback, train_model, ..., each with --lake {root}")


if __name__ == "__main__":
    run(main)
