"""recommendations.batches -> recommendations.releases, shown: make the newest batch live, delete old ones.

The gate stands before it: see gate_model.
"""

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.errors import GateError, TrainingDataError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.releases import RELEASES
from lakerec.releasing import follow_live, read_history, refusal_of_newest, release_newest
from lakerec.runner import run
from lakerec.tracking import find_store

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Release the newest batch unless it was released before; then see to it that all else follows the live release.

    A batch whose model has not passed the gate is not released; what is live stays live, and is followed.

    Raises:
        GateError: why the newest batch is not released, a line for each criterion that its model misses.
    """
    lake = Lakehouse(spark, config.lake)
    store = find_store(config.tracking, config.lake.root, spark.conf.get("spark.master") or "")
    with lake.writing(RELEASES.layer):
        refused = refusal_of_newest(lake)
        history = read_history(lake) if refused else release_newest(lake)
        rows = follow_live(lake, history, store, config.release) if history else 0
        if refused:
            raise GateError(refused)
        if not history:
            raise TrainingDataError("recommendations.batches: holds no batch to publish. Run recommend_items first.")
    return {"rows_in": rows, "rows_out": rows}


if __name__ == "__main__":
    run(main)
