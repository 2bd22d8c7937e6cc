"""Registers of ids: each id gets an integer once, which never changes, is never reused, and survives rebuilds.

A rebuild meets the same ids in another order; so two registers are compared on their ids, not on the integers.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.contract import Table
from lakerec.errors import ContractError

HIGHEST_IX = 2**31 - 1


def number_new_ids(events: DataFrame, known: DataFrame, register: Table) -> DataFrame:
    """Rows to append to a register: ids of the events that it does not know, numbered on from its highest integer.

    New ids are numbered by (first occurred_at, id), from 0 in an empty register. What was appended before is known, so
    that a repeated call appends nothing.

    Args:
        events: silver.events of the days that changed, without bots.
        known: the register as it is.
        register: its declaration: the id's column, then the integer's.

    Returns:
        One row per new id; the integer as long, for `check_room`.
    """
    id_name, ix_name = register.names
    seen = events.where(F.col(id_name).isNotNull()).groupBy(id_name).agg(F.min("occurred_at").alias("first_at"))
    highest = known.agg(F.coalesce(F.max(ix_name).cast("long"), F.lit(-1).cast("long")).alias("highest"))
    nth = F.row_number().over(Window.orderBy("first_at", id_name))
    new = seen.join(known, id_name, how="left_anti").withColumn("nth", nth)
    return new.join(F.broadcast(highest), how="cross").select(id_name, (F.col("highest") + F.col("nth")).alias(ix_name))


def fit_room(entries: DataFrame, register: Table) -> int:
    """How many rows there are to append. Acts: one aggregate.

    Raises:
        ContractError: their integers go beyond 2^31 - 1, which ALS cannot hold.
    """
    id_name, ix_name = register.names
    count, highest = entries.agg(F.count(id_name), F.max(ix_name)).collect()[0]
    if count and highest > HIGHEST_IX:
        raise ContractError(
            f"{register.name}: {count} new ids would be numbered up to {highest}, beyond {HIGHEST_IX}, the most that "
            f"ALS can hold. Learn from fewer '{id_name}' values, for instance in a lake of its own."
        )
    return int(count)
