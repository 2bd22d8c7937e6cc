from pyspark.sql import Row, SparkSession

from lakerec.gold.interactions import INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.item_popularity import ITEM_POPULARITY, rank_popularity
from tests.records import rows_of

ITEMS = {"chair": 2, "lamp": 1, "table": 3}


def ranked(spark: SparkSession, *pairs: tuple[int, int, int, float]) -> list[Row]:
    names = ("user_ix", "item_ix", "event_count", "strength")
    interactions = rows_of(spark, INTERACTIONS, [dict(zip(names, pair, strict=True)) for pair in pairs])
    items = rows_of(spark, ITEM_INDEX, [{"item_id": item, "item_ix": ix} for item, ix in ITEMS.items()])
    return rank_popularity(interactions, items).orderBy("rank").collect()


def test_items_are_ranked_by_the_sum_of_their_users_strengths(spark):
    lamp, chair = ranked(spark, (1, 1, 4, 1.5), (2, 1, 1, 0.25), (1, 2, 9, -0.5))

    assert lamp.asDict() == {"item_ix": 1, "event_count": 4 + 1, "user_count": 2, "strength": 1.75, "rank": 1}
    assert (chair.item_ix, chair.strength, chair.rank) == (2, -0.5, 2)


def test_equally_strong_items_are_ranked_by_item_id(spark):
    rows = ranked(spark, (1, 1, 1, 2.0), (1, 2, 1, 2.0), (1, 3, 1, 2.0))

    assert [row.item_ix for row in rows] == [ITEMS["chair"], ITEMS["lamp"], ITEMS["table"]]


def test_the_order_of_users_does_not_change_a_sum(spark):
    strengths = [1e8, 0.1, -1e8, 0.3, 0.7]
    forwards = ranked(spark, *[(user, 1, 1, strength) for user, strength in enumerate(strengths)])
    backwards = ranked(spark, *[(user, 1, 1, strength) for user, strength in enumerate(reversed(strengths))])

    assert forwards == backwards
    assert abs(forwards[0].strength - 1.1) < 1e-6


def test_no_interactions_give_no_ranking(spark):
    assert ranked(spark) == []
    assert (
        rank_popularity(rows_of(spark, INTERACTIONS, []), rows_of(spark, ITEM_INDEX, [])).columns
        == ITEM_POPULARITY.names
    )
