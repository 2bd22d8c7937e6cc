"""recommendations.user_items -> recommendations.releases, shown: make the newest batch the live one."""

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.errors import TrainingDataError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.releases import RELEASES, Release, is_published, live_release, publish_batch
from lakerec.recommendations.shown import SHOWN, show_release, shown_release
from lakerec.recommendations.user_items import USER_ITEMS, newest_batch
from lakerec.runner import run

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Release the newest batch unless it was released before; then see to it that `shown` follows the live release."""
    lake = Lakehouse(spark, config.lake)
    with lake.writing(RELEASES.layer):
        live = _release_newest(lake)
        if shown_release(lake.read(SHOWN)) == live.release_id:
            return dict.fromkeys(("rows_in", "rows_out"), 0)
        rows = lake.overwrite(SHOWN, show_release(lake.read_partition(USER_ITEMS, live.batch_id), live.release_id))
    return {"rows_in": rows, "rows_out": rows}


def _release_newest(lake: Lakehouse) -> Release:
    history = [Release(*row) for row in lake.read(RELEASES).orderBy("release_id").collect()]
    batch = newest_batch(lake.read(USER_ITEMS))
    if batch is not None and not is_published(history, batch["batch_id"]):
        history = publish_batch(history, batch["batch_id"], batch["model_id"], lake.now)
        lake.overwrite(RELEASES, lake.spark.createDataFrame(history, RELEASES.schema))
    live = live_release(history)
    if live is None:
        raise TrainingDataError("recommendations.user_items: holds no batch to publish. Run recommend_items first.")
    return live


if __name__ == "__main__":
    run(main)
