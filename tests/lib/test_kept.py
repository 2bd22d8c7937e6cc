"""Frames that are read more than once."""

from lakerec.kept import kept_frames


def test_a_frame_is_kept_while_the_block_lasts(spark):
    frame = spark.range(3)

    with kept_frames() as keep:
        kept = keep(frame)
        assert kept.is_cached

    assert not frame.is_cached
