"""Drawing by a hash."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakerec.draws import draw_users, uniform


def test_numbers_lie_evenly_in_0_to_1_and_depend_on_the_seed(spark: SparkSession) -> None:
    drawn = spark.range(4000).select(
        uniform(F.col("id"), F.lit(1)).alias("one"), uniform(F.col("id"), F.lit(2)).alias("other")
    )

    rows = drawn.collect()

    assert all(0 <= row.one < 1 for row in rows)
    tenths = [sum(int(row.one * 10) == tenth for row in rows) for tenth in range(10)]
    assert all(320 < count < 480 for count in tenths)  # 400 expected, standard deviation 19
    assert sum(row.one == row.other for row in rows) == 0


def test_the_same_users_are_drawn_from_any_order_and_any_partitions(spark: SparkSession) -> None:
    users = spark.range(300).select(F.col("id").cast("int").alias("user_ix"))
    elsewhere = users.orderBy(F.desc("user_ix")).repartition(5)

    first, again, other_seed = (
        {row.user_ix for row in draw_users(frame, 20, seed).collect()}
        for frame, seed in ((users, 7), (elsewhere, 7), (users, 8))
    )

    assert len(first) == 20
    assert first == again != other_seed


def test_all_users_are_drawn_where_there_are_fewer(spark: SparkSession) -> None:
    users = spark.createDataFrame([(3,), (5,)], "user_ix int")

    assert sorted(row.user_ix for row in draw_users(users, 10, 1).collect()) == [3, 5]
