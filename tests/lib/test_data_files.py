"""Files that workers write, against those that Spark writes of the same rows."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.data_files import write_data_file
from lakerec.delta_log import DeltaLog
from lakerec.lakehouse import Lakehouse
from lakerec.small_tables import arrow_of

MONDAY = date(2026, 3, 2)
VISITS = Table(
    name="bronze.visits",
    comment="Visits.",
    columns=(
        Column("event_date", T.DateType(), "Day; UTC."),
        Column("visit_id", T.StringType(), "Visit."),
        Column("begun_at", T.TimestampType(), "When; UTC."),
        Column("pages", T.LongType(), "Pages."),
        Column("referrer", T.StringType(), "From where."),
        Column("raw", T.BinaryType(), "As delivered."),
    ),
    key=("visit_id",),
    write=Write.APPEND,
    indexed=("visit_id", "begun_at", "pages", "referrer"),
    incompressible=("raw",),
    partition_by="event_date",
)
ROWS = [
    (MONDAY, "b", datetime(2026, 3, 2, 8, 0, 0, 999_999, UTC), 3, None, b"\x00"),
    (MONDAY, "a", datetime(2026, 3, 2, 7, 30, tzinfo=UTC), None, None, b"\xff"),
]


def test_the_statistics_of_a_file_are_those_that_delta_takes_of_the_same_rows(lake: Lakehouse, tmp_path: Path) -> None:
    lake.append(VISITS, lake.spark.createDataFrame(ROWS, VISITS.schema).coalesce(1))
    [by_spark] = DeltaLog(lake.location(VISITS)).files(0)

    written = write_data_file(VISITS, str(tmp_path), "2026-03-02", [arrow_of(ROWS, VISITS.schema)])

    assert json.loads(written.stats) == {
        "numRecords": 2,
        "minValues": {"visit_id": "a", "begun_at": "2026-03-02T07:30:00.000Z", "pages": 3},
        "maxValues": {"visit_id": "b", "begun_at": "2026-03-02T08:00:00.999Z", "pages": 3},
        "nullCount": {"visit_id": 0, "begun_at": 0, "pages": 1, "referrer": 2},
    }
    assert json.loads(written.stats) == json.loads(by_spark["stats"])


def test_a_file_lies_in_the_folder_of_its_day_without_the_day_and_says_its_size(tmp_path: Path) -> None:
    rows = arrow_of(ROWS, VISITS.schema)

    files = [write_data_file(VISITS, str(tmp_path / "t"), day, [rows]) for day in ("2026-03-02", None)]

    for file, folder in zip(files, ("2026-03-02", "__HIVE_DEFAULT_PARTITION__"), strict=True):
        place = tmp_path / "t" / file.path
        assert place.parent.name == f"event_date={folder}"
        assert file.size_bytes == place.stat().st_size
        assert pq.read_table(place, partitioning=None).equals(rows.drop_columns(["event_date"]))


def test_columns_that_hardly_repeat_have_no_dictionary(tmp_path: Path) -> None:
    file = write_data_file(VISITS, str(tmp_path), "2026-03-02", [arrow_of(ROWS, VISITS.schema)])

    group = pq.ParquetFile(tmp_path / file.path).metadata.row_group(0)
    encoded = {group.column(n).path_in_schema: group.column(n).encodings for n in range(group.num_columns)}
    assert {name for name, encodings in encoded.items() if "RLE_DICTIONARY" not in encodings} == {"raw"}


def test_a_table_without_days_has_its_files_in_its_own_folder(tmp_path: Path) -> None:
    notes = Table("bronze.notes", "", (Column("n", T.LongType(), "Number."),), key=("n",), write=Write.APPEND)

    file = write_data_file(notes, str(tmp_path), None, [pa.table({"n": [1, 2]})])

    assert (tmp_path / file.path).parent == tmp_path
    assert json.loads(file.stats)["numRecords"] == 2
