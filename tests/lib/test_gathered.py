from pyspark.sql import functions as F

from lakerec.gathered import gathered_by


def test_every_row_is_gathered_once_with_its_key_and_null_is_a_key_too(spark):
    rows = [(n % 3, "even" if n % 2 else None, n) for n in range(12)]
    frame = spark.createDataFrame(rows, "a int, b string, n int").repartition(5)

    gathered = gathered_by(frame, "a", "b").agg(F.sort_array(F.collect_list("n")).alias("n"))

    found = {(row.a, row.b): row.n for row in gathered.collect()}
    assert found == {(a, b): [n for x, y, n in rows if (x, y) == (a, b)] for a, b, _ in rows}
