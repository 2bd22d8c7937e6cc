"""recommendations.batches -> recommendations.releases, shown: make the newest batch the live one, delete old ones."""

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.errors import TrainingDataError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.releases import RELEASES
from lakerec.releasing import follow_live, release_newest
from lakerec.runner import run
from lakerec.tracking import find_store

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Release the newest batch unless it was released before; then see to it that all else follows the live release."""
    lake = Lakehouse(spark, config.lake)
    store = find_store(config.tracking, config.lake.root, spark.conf.get("spark.master") or "")
    with lake.writing(RELEASES.layer):
        history = release_newest(lake)
        if not history:
            raise TrainingDataError("recommendations.batches: holds no batch to publish. Run recommend_items first.")
        rows = follow_live(lake, history, store, config.release)
    return {"rows_in": rows, "rows_out": rows}


if __name__ == "__main__":
    run(main)
