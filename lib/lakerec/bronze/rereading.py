"""Reading delivered records a second time, after their source's mapping was corrected."""

from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS

PLACE = ("file_id", "line_number", "record_number")
AS_FIRST_READ = ("source", "raw", "batch", "ingested_at")
READ_VALUES = tuple(name for name in EVENTS.names if name not in {*PLACE, *AS_FIRST_READ})


class Rereading(NamedTuple):
    """What the mapping reads otherwise now."""

    corrected: DataFrame
    strayed: DataFrame


def reread_rejected(stored: DataFrame, again: DataFrame, rejected: DataFrame) -> Rereading:
    """Set what a mapping makes of some files now against what it made of them when they were first read.

    Args:
        stored: bronze.events of those files.
        again: the same files read now, as bronze.events.
        rejected: silver.rejected_events.

    Returns:
        Rows of bronze.events: the rejected records that read otherwise now, with when they were first read; and the
        places of other records that do, which a correction must not touch.
    """
    before = stored.select(*PLACE, *AS_FIRST_READ, F.struct(*READ_VALUES).alias("before"))
    now = again.select(*PLACE, F.struct(*READ_VALUES).alias("now"))
    places = rejected.select(*PLACE, F.lit(True).alias("is_rejected")).distinct()
    both = before.join(now, [*PLACE], how="full_outer").join(places, [*PLACE], how="left")
    otherwise = both.where(~F.col("before").eqNullSafe(F.col("now")))
    is_correction = F.col("is_rejected").isNotNull() & F.col("now").isNotNull() & F.col("before").isNotNull()
    corrected = otherwise.where(is_correction).select(*PLACE, *AS_FIRST_READ, "now.*").select(EVENTS.names)
    return Rereading(corrected, otherwise.where(~is_correction).select(*PLACE))
