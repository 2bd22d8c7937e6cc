"""Parts of a table that are replaced whole."""

from datetime import date

from lakerec.parts import part_of_days


def test_a_part_may_be_stored_where_one_of_its_days_has_a_folder(spark, tmp_path):
    rows = spark.createDataFrame([(date(2026, 3, 1), 1), (date(2026, 3, 2), 2)], "event_date date, pages int")
    rows.write.format("delta").partitionBy("event_date").save(str(tmp_path))

    monday, later = date(2026, 3, 2), date(2026, 3, 9)

    assert part_of_days([monday, later]).may_be_stored(str(tmp_path))
    assert not part_of_days([later]).may_be_stored(str(tmp_path))


def test_rows_without_a_readable_day_belong_to_every_part_of_days(spark, tmp_path):
    rows = spark.createDataFrame([(None, 1)], "event_date date, pages int")
    rows.write.format("delta").partitionBy("event_date").save(str(tmp_path))

    part = part_of_days([date(2026, 3, 9)])

    assert part.condition == "event_date IN (DATE'2026-03-09') OR event_date IS NULL"
    assert part.may_be_stored(str(tmp_path))
