"""bronze.*, silver.events, rejected_events -> console: does every delivered line stand somewhere? Writes nothing.

Each file: lines = header + blank + malformed + accepted. Each day: records = believed + duplicate + rejected.
"""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.bronze.files import FILES
from lakerec.bronze.items import ITEMS as RAW_ITEMS
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.config import Config
from lakerec.errors import ContractError
from lakerec.lakehouse import Lakehouse
from lakerec.runner import run, say
from lakerec.silver.conservation import count_days, count_files
from lakerec.silver.events import EVENTS
from lakerec.silver.rejected_events import REJECTED_EVENTS

GROUP = "platform team"

FILE_LINE = (
    "  {source}: {units:,} files, {line_count:,} lines = {header_count:,} header + {blank_count:,} blank"
    " + {malformed_line_count:,} malformed + {accepted_line_count:,} accepted; {accepted_found:,} records taken,"
    " {malformed_found:,} malformed"
)
DAY_LINE = (
    "  {source}: {units:,} days, {records:,} records = {believed:,} believed + {duplicate:,} duplicate"
    " + {rejected:,} rejected"
)
SHOWN = 20


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Count anew what the jobs said. Silver has to be up to date with bronze.

    Raises:
        ContractError: a file or a day does not add up.
    """
    lake = Lakehouse(spark, config.lake)
    files = count_files(*map(lake.read, (FILES, RAW_EVENTS, RAW_ITEMS, MALFORMED_LINES))).persist()
    days = count_days(*map(lake.read, (RAW_EVENTS, EVENTS, REJECTED_EVENTS))).persist()
    for counted, line in ((files, FILE_LINE), (days, DAY_LINE)):
        for row in _by_source(counted):
            say(line.format(**row.asDict()))
    if broken := [*_broken(files), *_broken(days)]:
        raise ContractError("\n".join(broken[:SHOWN]))
    return {"files": files.count(), "days": days.count()}


def _by_source(counted: DataFrame) -> Sequence[Row]:
    numbers = [name for name in counted.columns if name not in {"source", "name", "is_kept"}]
    totals = [F.sum(name).alias(name) for name in numbers]
    return counted.groupBy("source").agg(F.count("*").alias("units"), *totals).orderBy("source").collect()


def _broken(counted: DataFrame) -> list[str]:
    """One line for each file or day that does not add up."""
    rows = counted.where("NOT is_kept").orderBy("source", "name").collect()
    return [
        f"{row.source} {row.name}: does not add up: "
        + ", ".join(f"{name} {value:,}" for name, value in row.asDict().items() if isinstance(value, int) and value)
        for row in rows
    ]


if __name__ == "__main__":
    run(main)
