"""Frames that are read more than once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyspark.accumulators import Accumulator
from pyspark.sql import functions as F

from lakerec.kept import FOLDER, LEFT_AFTER, kept_frames


def test_a_frame_is_computed_once_and_lies_in_the_lake_while_the_block_lasts(spark, tmp_path: Path):
    computed: Accumulator[int] = spark.sparkContext.accumulator(0)

    def counted(batches):
        for batch in batches:
            computed.add(batch.num_rows)
            yield batch

    with kept_frames(str(tmp_path)) as keep:
        kept = keep(spark.range(3).mapInArrow(counted, "id long").withColumn("twos", F.array(F.lit(2))))
        assert sorted(kept.collect()) == [(0, [2]), (1, [2]), (2, [2])]
        assert kept.count() == 3
        assert computed.value == 3

    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_frame_without_rows_is_kept_with_its_columns(spark, tmp_path: Path):
    with kept_frames(str(tmp_path)) as keep:
        kept = keep(spark.range(3).where("false"))

        assert kept.columns == ["id"]
        assert kept.count() == 0


def test_what_a_killed_run_left_goes_after_a_week_and_what_another_run_holds_stays(spark, tmp_path: Path):
    today = datetime.now(UTC)
    left = tmp_path / FOLDER / f"{today - LEFT_AFTER - timedelta(days=1):%Y-%m-%d}-abc"
    held = tmp_path / FOLDER / f"{today - LEFT_AFTER + timedelta(days=1):%Y-%m-%d}-abc"
    for folder in (left, held):
        folder.mkdir(parents=True)

    with kept_frames(str(tmp_path)):
        assert not left.exists()
        assert held.exists()
