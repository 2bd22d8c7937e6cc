"""Ways to hold out by user, beside the cut in time of `split`: each user's last items, and whole users.

A cut in time asks what a shop asks: what will customers do next? The last items of each user are what most published
results hold out; whole users ask how well a model serves people it has never learned from (strong generalisation).
"""

from collections.abc import Collection
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakerec.draws import uniform

PAIR = ("user_ix", "item_ix")


class HeldOutItems(NamedTuple):
    """A split by each user's last items.

    Attributes:
        train: rows of gold.daily_interactions.
        validation, test: distinct (user_ix, item_ix).
    """

    train: DataFrame
    validation: DataFrame
    test: DataFrame


class HeldOutUsers(NamedTuple):
    """A split by user.

    Attributes:
        train: rows of gold.daily_interactions of all other users.
        validation_known, test_known: rows of held-out users by which a model may get to know them.
        validation, test: distinct (user_ix, item_ix) of the same users, which are to be found.
    """

    train: DataFrame
    validation_known: DataFrame
    validation: DataFrame
    test_known: DataFrame
    test: DataFrame


def hold_out_last(daily: DataFrame, count: int, relevant_actions: Collection[str]) -> HeldOutItems:
    """Each user's `count` newest items for the test, those before them for validation, what came before for training.

    An item is as new as the user's first relevant action on it; of equally new ones the smallest item_ix is the newest.
    Training of such a user ends before the oldest held-out item: no later row is in it, of whatever item. A row of a
    day that holds both sides of that moment is in no part. Users who would have no item left keep all for training.

    Args:
        daily: gold.daily_interactions.
        count: items for the test, and as many for validation.
    """
    acted = daily.where(F.col("action").isin(*relevant_actions))
    found = acted.groupBy(*PAIR).agg(F.min("first_at").alias("found_at"))
    of_user = Window.partitionBy("user_ix")
    ranked = found.withColumns(
        {
            "nth": F.row_number().over(of_user.orderBy(F.desc("found_at"), "item_ix")),
            "items": F.count("*").over(of_user),
        }
    )
    held = ranked.where((F.col("items") > 2 * count) & (F.col("nth") <= 2 * count))
    ends = held.groupBy("user_ix").agg(F.min("found_at").alias("ends_at"))
    is_before = F.col("ends_at").isNull() | (F.col("last_at") < F.col("ends_at"))
    train = daily.join(ends, on="user_ix", how="left").where(is_before).select(daily.columns)
    return HeldOutItems(
        train,
        validation=held.where(F.col("nth") > count).select(*PAIR),
        test=held.where(F.col("nth") <= count).select(*PAIR),
    )


def hold_out_users(
    daily: DataFrame, user_share: float, item_share: float, seed: int, relevant_actions: Collection[str]
) -> HeldOutUsers:
    """A share of users for the test and as many for validation; a share of their relevant items is to be found.

    Users and items are drawn by a hash of their integers and the seed, so that more rows move nobody. All rows of an
    item that is to be found are kept from the known side. Source: Marlin, "Collaborative filtering: a machine learning
    perspective", 2004, section 3.3; the share of items as in Liang et al., "Variational autoencoders for collaborative
    filtering", 2018, section 4.1.

    Args:
        daily: gold.daily_interactions.
        user_share: share of users in each of validation and test; 0..0.5.
        item_share: share of a held-out user's items that are to be found; 0..1.
    """
    place = uniform(F.col("user_ix"), F.lit(seed))
    is_wanted = uniform(*map(F.col, PAIR), F.lit(seed)) < item_share
    placed = daily.withColumns({"place": place, "is_wanted": is_wanted})
    columns = daily.columns

    def part(condition: Column) -> tuple[DataFrame, DataFrame]:
        own = placed.where(condition)
        wanted = own.where(F.col("is_wanted") & F.col("action").isin(*relevant_actions)).select(*PAIR).distinct()
        return own.join(wanted, on=[*PAIR], how="left_anti").select(columns), wanted

    test_known, test = part(F.col("place") < user_share)
    validation_known, validation = part((F.col("place") >= user_share) & (F.col("place") < 2 * user_share))
    train = placed.where(F.col("place") >= 2 * user_share).select(columns)
    return HeldOutUsers(train, validation_known, validation, test_known, test)
