"""What a table is: one frozen declaration that creation, checks, documentation, tests and notebooks all read."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from enum import StrEnum

from py4j.protocol import Py4JJavaError
from pydantic import BaseModel, ConfigDict
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakerec.errors import ContractError, DuplicateKeyError, RebuildNeededError, SchemaMismatchError

TWO_ROWS_SHARE_A_KEY = "two rows share the key"


class Write(StrEnum):
    """How a table is written; each way is safe to repeat.

    REPLACE_DAYS swaps whole days (partition `event_date`), REPLACE_PARTITIONS whole partitions named by an id
    (a model, a batch), REPLACE the whole small table, APPEND adds to a register or ledger.
    """

    REPLACE_DAYS = "replace days"
    REPLACE_PARTITIONS = "replace partitions"
    REPLACE = "replace"
    APPEND = "append"


@dataclass(frozen=True)
class Column:
    """One column: its Spark type, and what it means with its unit. Key columns should not be nullable."""

    name: str
    type: T.DataType
    comment: str
    nullable: bool = True


@dataclass(frozen=True)
class Expectation:
    """What a believed row fulfils: a name that reads as a reason when it fails, and a SQL condition.

    A condition that evaluates to null fails unless `null_passes`. With `is_stored` Delta keeps the condition as a
    CHECK constraint, which is possible where it names only columns of the table.
    """

    name: str
    condition: str
    null_passes: bool = False
    is_stored: bool = False


@dataclass(frozen=True)
class Table:
    """A table's whole declaration; its name is its module's path and its folder in the lake.

    `transform_version` is raised when the function that fills the table starts to give other rows for the same
    input: stored rows are then refused until they are rebuilt. `indexed` columns are the only ones whose smallest and
    largest values stand in the table's log, for readers to skip files by. Where none are named, Delta takes the first
    32 of a table of days, which costs time and shows values, and none of any other. `incompressible` columns hold
    values that hardly repeat. Rows of a table that is `distinct` come from where each key was left once,
    such as a grouping by it; all others are looked through for two of a key when they are written.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    write: Write
    partition_by: str | None = None
    expectations: tuple[Expectation, ...] = ()
    transform_version: int = 1
    indexed: tuple[str, ...] = ()
    incompressible: tuple[str, ...] = ()
    distinct: bool = False

    @property
    def names(self) -> list[str]:
        """Column names in declared order; what a transform's last select takes."""
        return [column.name for column in self.columns]

    @property
    def layer(self) -> str:
        """The part of the lake that the table belongs to, such as `silver`."""
        return self.name.split(".")[0]

    @property
    def path(self) -> str:
        """Folder of the table below the lake's root."""
        return self.name.replace(".", "/")

    @property
    def schema(self) -> T.StructType:
        """Spark schema; comments travel as column metadata."""
        return T.StructType([T.StructField(c.name, c.type, c.nullable, {"comment": c.comment}) for c in self.columns])

    @property
    def is_looked_through(self) -> bool:
        """Whether a write looks for two rows of a key; an append sees only itself."""
        return not self.distinct and self.write is not Write.APPEND

    @property
    def has_constraints(self) -> bool:
        """Whether Delta keeps any of the expectations."""
        return any(expectation.is_stored for expectation in self.expectations)

    @property
    def partition(self) -> str:
        """The partition column.

        Raises:
            ContractError: the table has no partitions to read or replace.
        """
        if self.partition_by is None:
            raise ContractError(f"{self.name}: has no partitions to read or replace. Declare partition_by.")
        return self.partition_by

    @property
    def properties(self) -> dict[str, str]:
        """Delta's properties of the table: CHECK constraints for the expectations that Delta is to keep.

        To Delta a condition that is null fails. Days are written in few files each, whoever writes them.
        """
        found = {
            f"constraints.{name.replace(' ', '_')}": f"coalesce({condition}, true)" if null_passes else condition
            for name, condition, null_passes, is_stored in map(astuple, self.expectations)
            if is_stored
        }
        found["checkpointInterval"] = "10"  # as Spark has it, for whoever else writes
        if self.write is Write.REPLACE_DAYS:
            found["autoOptimize.optimizeWrite"] = "true"
        elif not self.indexed:
            found["dataSkippingNumIndexedCols"] = "0"
        return found | ({"dataSkippingStatsColumns": ",".join(self.indexed)} if self.indexed else {})


@dataclass(frozen=True)
class View:
    """A question that our sessions answer by name: one SELECT over tables, stored nowhere.

    The text keeps to SQL that Spark and duckdb both read.
    """

    name: str
    comment: str
    query: str
    tables: tuple[Table, ...]


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """The frame's columns in declared order, with the declared comments.

    Raises:
        SchemaMismatchError: a column is missing, undeclared, or of another type.
    """
    found = {field.name: field.dataType.simpleString() for field in frame.schema}
    declared = {column.name: column.type.simpleString() for column in table.columns}
    faults = {
        "missing columns": sorted(declared.keys() - found.keys()),
        "undeclared": sorted(found.keys() - declared.keys()),
        "retyped": sorted(
            f"{name} {found[name]}, not {declared[name]}"
            for name in declared.keys() & found.keys()
            if found[name] != declared[name]
        ),
    }
    if any(faults.values()):
        listed = ", ".join(f"{fault} {names}" for fault, names in faults.items() if names)
        raise SchemaMismatchError(
            f"{table.name}: {listed}. Change the transform, or the declaration and all who read it."
        )
    return frame.select(*[F.col(c.name).alias(c.name, metadata={"comment": c.comment}) for c in table.columns])


def with_declared_columns(stored: DataFrame, table: Table) -> DataFrame:
    """Stored columns in declared order; nullable ones that were declared since are null.

    Raises:
        RebuildNeededError: a column that may not be null was declared since.
    """
    found = set(stored.columns)
    require_stored(table, found)
    return stored.select(
        *[F.col(c.name) if c.name in found else F.lit(None).cast(c.type).alias(c.name) for c in table.columns]
    )


def require_stored(table: Table, found: Collection[str]) -> None:
    """Fail where columns that may not be null are not among those that are stored.

    Raises:
        RebuildNeededError: they were declared since.
    """
    if lacking := sorted(c.name for c in table.columns if c.name not in found and not c.nullable):
        raise RebuildNeededError(
            f"{table.name}: stored without {lacking}, which the declaration requires. Run with --rebuild {table.layer}."
        )


def with_checked_key(frame: DataFrame, table: Table) -> DataFrame:
    """The frame unchanged, but whoever evaluates it fails where two rows share the table's key.

    The window reuses the partitioning of a deduplication or aggregation by the same key, so the check costs a local
    sort and no second pass. Rows are compared in the order of their key, and come to lie in it, but for the partition,
    which they share.
    """
    if not table.is_looked_through:
        return frame
    message = f"{TWO_ROWS_SHARE_A_KEY} ({', '.join(table.key)})"
    in_order = sorted(table.key, key=lambda name: name == table.partition_by)
    rows_of_key = F.count(F.lit(1)).over(Window.partitionBy(*in_order))
    is_unique = F.when(F.col("_rows_of_key") == 1, F.lit(True)).otherwise(F.raise_error(F.lit(message)))
    return frame.withColumn("_rows_of_key", rows_of_key).where(is_unique).drop("_rows_of_key")


def with_checked_rows(frame: DataFrame, condition: str) -> DataFrame:
    """The frame unchanged, but whoever evaluates it fails where a row lies outside the condition, a SQL expression."""
    message = F.lit(f"a row lies outside of what is replaced: {condition}")
    return frame.where(F.when(F.expr(condition), F.lit(True)).otherwise(F.raise_error(message)))


@contextmanager
def key_errors_of(table: Table) -> Iterator[None]:
    """Give the failure of `with_checked_key` its name.

    Raises:
        DuplicateKeyError: two rows of what was written share the key.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:  # the latter where the rows are of the driver
        if TWO_ROWS_SHARE_A_KEY not in str(error):
            raise
        raise duplicate_key(table) from error


def duplicate_key(table: Table) -> DuplicateKeyError:
    """The error that two rows of what was to be written share the table's key."""
    return DuplicateKeyError(f"{table.name}: {TWO_ROWS_SHARE_A_KEY} ({', '.join(table.key)}). Nothing was written.")


class Settings(BaseModel):
    """Base of every settings class: frozen, refuses unknown keys; the defaults are in conf/base.toml alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
