"""Parts of a table that are replaced whole: days, models, batches."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow.fs as pafs

from lakerec.contract import Table
from lakerec.delta_log import NULL_PARTITION
from lakerec.folders import open_folder
from lakerec.increment import Days, days_condition


class Part(NamedTuple):
    """Partitions of a table: as a SQL condition, and the folders, within the table's, that Delta keeps them in."""

    condition: str
    folders: tuple[str, ...]

    def may_be_stored(self, location: str) -> bool:
        """Whether the table at `location` may hold rows of this part; where it has no folder of it, it cannot."""
        files, path = open_folder(location)
        found = files.get_file_info([f"{path}/{folder}" for folder in self.folders])
        return any(each.type is not pafs.FileType.NotFound for each in found)


def part_of_days(days: Days) -> Part:
    """Rows of those days and, always, rows without a readable day."""
    values = [NULL_PARTITION, *(day.isoformat() for day in days if day is not None)]
    return Part(days_condition(days), tuple(f"event_date={value}" for value in values))


def part_of(table: Table, values: Sequence[str]) -> Part:
    """Rows of models or batches."""
    named = ", ".join(f"'{value}'" for value in values)
    return Part(f"{table.partition} IN ({named})", tuple(f"{table.partition}={value}" for value in values))
