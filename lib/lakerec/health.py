"""Profiles of what a run wrote, for operations.table_health, without another pass over it.

Row and null counts, and latest times, are those that Delta took while it wrote; they lie in the log. What it did not
take, and distinct values, quantiles and top values, come from a sample of the written files, all of it where it is
small. So the cost does not grow with the tables.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import types as T

from lakerec.contract import Column, Table
from lakerec.delta_log import DeltaLog, rows_in, stats_of
from lakerec.folders import open_folder

SAMPLE_ROWS = 50_000
LEAST_OF_A_FILE = 1_000
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
MOST_TOP_VALUES = 5
# A column with more different values than this share of its rows is made of ids or measurements, not of categories.
CATEGORY_SHARE = 0.1
MEASURED = (T.StringType, T.BooleanType, T.NumericType, T.DateType, T.TimestampType)


class Written(NamedTuple):
    """The files that a run added to a table and did not take away again: actions of Delta's log."""

    version: int
    files: list[dict[str, Any]]

    @property
    def row_count(self) -> int:
        """Rows in them."""
        return rows_in(self.files)


def written_by(run_id: str, location: str) -> Written | None:
    """What a run wrote last to the table at a location; None where the newest commit is another run's."""
    log = DeltaLog(location)
    commits = []
    for version in range(log.version(), -1, -1):
        commit = log.commit(version)
        if json.loads(commit.user_metadata or "{}").get("run_id") != run_id:
            break
        commits.append(commit)
    files: dict[str, dict[str, Any]] = {}
    for action in (action for commit in reversed(commits) for action in commit.actions):
        if "remove" in action:
            files.pop(action["remove"]["path"], None)
        elif "add" in action:
            files[action["add"]["path"]] = action["add"]
    return Written(commits[0].version, list(files.values())) if commits else None


def profile(table: Table, location: str, written: Written, run_id: str, now: datetime) -> list[tuple[Any, ...]]:
    """The rows of operations.table_health for what a run wrote to a table: one per column."""
    sample = _sample(table, location, written)
    return [
        (
            run_id,
            table.name,
            column.name,
            written.version,
            written.row_count,
            _null_share(column, written, sample, is_partition=column.name == table.partition_by),
            sample.num_rows,
            *_measure(column, sample, written.row_count),
            *_freshness(column, written, sample, now),
            now,
        )
        for column in table.columns
    ]


def estimate_distinct(counts: npt.ArrayLike, sample_count: int, row_count: int) -> int:
    """Different values of a column, from how often each occurs in a random sample.

    GEE = sqrt(rows / sample) x (values seen once) + (values seen more often): off by a factor of sqrt(rows / sample) at
    most, which no estimator betters by much. Source: Charikar, Chaudhuri, Motwani, Narasayya, PODS 2000, section 4.
    """
    seen = np.asarray(counts)
    once = int(np.count_nonzero(seen == 1))
    scale = (row_count / sample_count) ** 0.5 if sample_count else 0.0
    return min(row_count, round(scale * once) + len(seen) - once)


def _null_share(column: Column, written: Written, sample: pa.Table, is_partition: bool) -> float | None:
    nulls = 0
    for file in written.files:
        stats = stats_of(file)
        if is_partition:
            nulls += stats.get("numRecords", 0) if file["partitionValues"].get(column.name) is None else 0
        elif column.name not in stats.get("nullCount", {}):
            return sample[column.name].null_count / sample.num_rows if sample.num_rows else None
        else:
            nulls += stats["nullCount"][column.name]
    return nulls / written.row_count if written.row_count else None


def _freshness(
    column: Column, written: Written, sample: pa.Table, now: datetime
) -> tuple[datetime | None, float | None]:
    if not isinstance(column.type, T.TimestampType):
        return None, None
    latest_of = [stats_of(file).get("maxValues", {}).get(column.name) for file in written.files]
    newest = [datetime.fromisoformat(latest).astimezone(UTC) for latest in latest_of if latest]
    if not newest and sample.num_rows:
        latest_sampled = pc.max(sample[column.name]).cast(pa.timestamp("us", "UTC")).as_py()
        newest = [latest_sampled] if latest_sampled else []
    return (max(newest), (now - max(newest)).total_seconds()) if newest else (None, None)


def _sample(table: Table, location: str, written: Written) -> pa.Table:
    """The first rows of files in an order that has to do with nothing, until there are enough; no partition column."""
    file_system, root = open_folder(location)
    names = [name for name in table.names if name != table.partition_by]
    is_all = written.row_count <= SAMPLE_ROWS
    of_each = SAMPLE_ROWS if is_all else max(LEAST_OF_A_FILE, SAMPLE_ROWS // len(written.files))
    batches: list[pa.RecordBatch] = []
    for file in sorted(written.files, key=lambda file: sha256(file["path"].encode()).digest()):
        if sum(batch.num_rows for batch in batches) >= SAMPLE_ROWS:
            break
        with file_system.open_input_file(f"{root}/{unquote(file['path'])}") as stream:
            batches += islice(pq.ParquetFile(stream).iter_batches(of_each, columns=names), None if is_all else 1)
    return (
        pa.concat_tables([pa.table(batch) for batch in batches], promote_options="default") if batches else pa.table({})
    )


def _measure(column: Column, sample: pa.Table, row_count: int) -> tuple[int | None, list[float] | None, str | None]:
    """Distinct values, quantiles, and top values of a column as far as its type has them."""
    if column.name not in sample.column_names or not isinstance(column.type, MEASURED):
        return None, None, None
    values = sample[column.name].drop_null()
    counted = pc.value_counts(values)
    distinct = estimate_distinct(counted.field("counts").to_numpy(), sample.num_rows, row_count)
    top = None
    if 0 < len(counted) <= max(1, CATEGORY_SHARE * sample.num_rows):
        most = sorted(counted.to_pylist(), key=lambda each: (-each["counts"], str(each["values"])))[:MOST_TOP_VALUES]
        top = json.dumps({str(each["values"]): each["counts"] / sample.num_rows for each in most}, ensure_ascii=False)
    is_number = isinstance(column.type, T.NumericType) and len(values)
    return distinct, pc.quantile(values.cast(pa.float64()), q=QUANTILES).to_pylist() if is_number else None, top
