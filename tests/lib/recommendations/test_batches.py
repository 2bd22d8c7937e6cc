"""recommendations.batches: which batch was made last."""

from datetime import UTC, datetime

from lakerec.recommendations.batches import newest_batch


def row(batch, hour):
    return {"batch_id": batch, "model_id": "m", "created_at": datetime(2026, 3, 2, hour, tzinfo=UTC)}


def test_the_newest_batch_is_the_one_created_last():
    assert newest_batch([row("b9", 8), row("b1", 9)])[:2] == ("b1", "m")
    assert newest_batch([]) is None


def test_of_batches_created_at_one_moment_the_first_by_name_is_taken():
    assert newest_batch([row("b9", 8), row("b1", 8)]).batch_id == "b1"
