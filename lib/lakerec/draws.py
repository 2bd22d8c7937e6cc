"""Drawing by a hash: the same rows each time, whatever their order and their partitions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

STEPS = 2**40


def uniform(*values: Column) -> Column:
    """A number in 0..1, without 1, that looks drawn and depends on the values alone, and on their order."""
    return F.pmod(F.xxhash64(*values), F.lit(STEPS)) / F.lit(STEPS)


def place_of(seed: int) -> Column:
    """Where the row's user_ix lies in 0..1, without 1: samples of larger shares hold those of smaller ones."""
    return uniform(F.lit(seed), F.col("user_ix"))


def draw_users(users: DataFrame, most: int, seed: int) -> DataFrame:
    """At most so many of the rows, which have each its own user_ix."""
    return users.orderBy(F.xxhash64(F.col("user_ix"), F.lit(seed)), "user_ix").limit(most)
