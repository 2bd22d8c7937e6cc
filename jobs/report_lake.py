"""every table -> console, report.html: tell what the lake holds and how good its newest model is; writes no table."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.lakehouse import Lakehouse
from lakerec.report.facts import collect_facts
from lakerec.report.figures import get_ready
from lakerec.report.page import draw_page
from lakerec.report.summary import summarise
from lakerec.runner import run, say
from lakerec.whole_files import write_whole

GROUP = "analysts"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Print the summary and draw the page beside the lake."""
    lake = Lakehouse(spark, config.lake)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(get_ready)
        facts = collect_facts(lake, config.ranking.ks)
    page = Path("report.html") if "://" in lake.root else Path(lake.root).resolve().parent / "report.html"
    write_whole(page, draw_page(facts))
    say(summarise(facts, str(page), "" if lake.root == "lake" else f" --lake {lake.root}"))
    return {}


if __name__ == "__main__":
    run(main)
