"""recommendations.releases -> recommendations.releases, shown: make an earlier batch the live one again.

It goes back to the batch that was published before the live one, or with `--set release.rollback_to=ID` to the batch of
any release that is still kept; see release.keep_releases. The batch it leaves is not published again by itself.
"""

from pyspark.sql import SparkSession

from lakerec.config import Config
from lakerec.errors import SettingsError
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.batches import BATCHES
from lakerec.recommendations.releases import RELEASES, ROLLBACK, Release, earlier_release, live_release, roll_back
from lakerec.releasing import follow_live, read_history, release_shown, write_history
from lakerec.runner import run, say
from lakerec.tracking import find_store

GROUP = "platform team"


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """One commit goes back; then alias and `shown` follow."""
    lake = Lakehouse(spark, config.lake)
    store = find_store(config.tracking, config.lake.root, spark.conf.get("spark.master") or "")
    with lake.writing(RELEASES.layer):
        history = read_history(lake)
        if is_cut_short(lake, history) and not config.release.rollback_to:
            rows = follow_live(lake, history, store, config.release)
            say(f"finished the rollback that was cut short: release {history[-1].release_id} is shown")
            return {"rows_in": rows, "rows_out": rows}
        target = earlier_release(history, config.release.rollback_to)
        if not lake.has_partition(BATCHES, target.batch_id):
            raise SettingsError(
                f"release.rollback_to: batch {target.batch_id} of release '{target.release_id}' was deleted, as "
                f"release.keep_releases is {config.release.keep_releases}. Publish it anew, or name a later release."
            )
        history = roll_back(history, target, lake.now)
        write_history(lake, history)
        rows = follow_live(lake, history, store, config.release)
    say(f"live again: batch {target.batch_id} of {target.published_at:%F %T}, as release {history[-1].release_id}")
    return {"rows_in": rows, "rows_out": rows}


def is_cut_short(lake: Lakehouse, history: list[Release]) -> bool:
    """Whether the last rollback has been released, and what is shown has not followed."""
    live = live_release(history)
    return live is not None and live.kind == ROLLBACK and release_shown(lake) != live.release_id


if __name__ == "__main__":
    run(main)
