"""raw logs -> every table, the summary, report.html: all stages in one session, doing only what is new.

Where no log has been delivered and the source is the generated shop, the shop is generated first.
"""

from pathlib import Path

from pyspark.sql import SparkSession

from jobs import (
    aggregate_feedback,
    clean_events,
    diagnose_model,
    generate_events,
    ingest_events,
    publish_release,
    recommend_items,
    train_model,
)
from lakerec.config import Config
from lakerec.lakehouse import Lakehouse
from lakerec.report.facts import collect_facts
from lakerec.report.page import draw_page
from lakerec.report.summary import summarise
from lakerec.runner import Main, run, say, stage

GROUP = "platform team"
STAGES: tuple[Main, ...] = (
    ingest_events.main,
    clean_events.main,
    aggregate_feedback.main,
    train_model.main,
    diagnose_model.main,
    recommend_items.main,
    publish_release.main,
)


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring every table up to date with the landing folder; a second run with nothing new commits nothing."""
    if config.landing.source == "shop" and not Path(config.landing.root).exists():
        stage("generate_events", generate_events.main, spark, config)
    for job in STAGES:
        stage(job.__module__.removeprefix("jobs."), job, spark, config)
    tell(Lakehouse(spark, config.lake), config)
    return {}


def tell(lake: Lakehouse, config: Config) -> None:
    """Print the summary and draw the page beside the lake."""
    facts = collect_facts(lake, config.ranking.ks)
    page = Path("report.html") if "://" in lake.root else Path(lake.root).resolve().parent / "report.html"
    page.write_text(draw_page(facts), encoding="utf-8")
    say(summarise(facts, str(page), "" if lake.root == "lake" else f" --lake {lake.root}"))


if __name__ == "__main__":
    run(main)
