"""recommendations.batches: which batch was made last."""

from datetime import UTC, datetime

from lakerec.recommendations.batches import BATCHES, newest_batch


def test_the_newest_batch_is_the_one_created_last(spark):
    def row(batch, hour):
        values = {"batch_id": batch, "model_id": "m", "created_at": datetime(2026, 3, 2, hour, tzinfo=UTC)}
        return tuple(values.get(name) for name in BATCHES.names)

    batches = spark.createDataFrame([row("b9", 8), row("b1", 9)], BATCHES.schema)

    assert newest_batch(batches)[:2] == ("b1", "m")
    assert newest_batch(batches.where("false")) is None
