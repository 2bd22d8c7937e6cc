"""raw logs -> every table, report.html: all stages in one session, doing only what is new.

Where no log has been delivered and the source is the generated shop, the shop is generated first.
"""

from pathlib import Path

from pyspark.sql import SparkSession

from jobs import (
    aggregate_feedback,
    clean_events,
    diagnose_model,
    gate_model,
    generate_events,
    ingest_events,
    publish_release,
    recommend_items,
    report_lake,
    train_model,
)
from lakerec.config import Config
from lakerec.errors import GateError
from lakerec.runner import Main, describe_stages, is_news, run, say, stage, stages_so_far

GROUP = "platform team"
STAGES: tuple[Main, ...] = (
    ingest_events.main,
    clean_events.main,
    aggregate_feedback.main,
    train_model.main,
    diagnose_model.main,
    gate_model.main,
    recommend_items.main,
    publish_release.main,
)
GATES = (gate_model.main, recommend_items.main, publish_release.main)


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Bring every table up to date with the landing folder; a second run with nothing new commits nothing.

    Raises:
        GateError: the newest model is refused. By then a live one has made new lists, and the summary is told.
    """
    if config.landing.source == "shop" and not Path(config.landing.root).exists():
        stage("generate_events", generate_events.main, spark, config)
    counts, refused = [], None
    for job in STAGES:
        try:
            counts.append(stage(job.__module__.removeprefix("jobs."), job, spark, config))
        except GateError as error:
            if job not in GATES:
                raise
            refused = refused or error
            if job is recommend_items.main:
                break  # nothing is live that could make lists in its place
    say(describe_stages(stages_so_far()[1:]))
    if any(map(is_news, counts)):
        report_lake.main(spark, config)
    else:
        say(f"\nnothing new; ./spark-submit.sh report_lake --lake {config.lake.root} tells again what the tables hold")
    if refused:
        raise refused
    return {}


if __name__ == "__main__":
    run(main)
