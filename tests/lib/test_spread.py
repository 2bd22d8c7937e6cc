"""Work that is spread over Python workers."""

from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import SparkSession

from lakerec.spread import in_shares, spread


class Parcel(NamedTuple):
    name: int
    size_bytes: int = 100


def names(parcels: list[Parcel]) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pydict({"names": [",".join(str(parcel.name) for parcel in parcels)]})]


def test_shares_are_balanced_and_keep_their_order() -> None:
    parcels = [Parcel(n) for n in range(10)]

    shares = in_shares(parcels, 4)

    assert [[parcel.name for parcel in share] for share in shares] == [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9]]
    assert in_shares(parcels[:2], 8) == [parcels[:1], parcels[1:2]]
    assert in_shares([], 8) == []


def test_each_task_works_on_things_that_follow_one_another(spark: SparkSession) -> None:
    done = [row.names for row in spread(spark, [Parcel(n) for n in range(16)], names, "names string").collect()]

    assert sorted(done, key=lambda text: int(text.split(",")[0])) == [f"{n},{n + 1}" for n in range(0, 16, 2)]


def test_nothing_to_work_on_gives_nothing(spark: SparkSession) -> None:
    assert spread(spark, [], names, "names string").collect() == []
