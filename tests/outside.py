"""The lake as a reader sees it who shares no code with us: duckdb over the Delta tables."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
from deltalake import DeltaTable
from pyspark.sql.pandas.types import to_arrow_schema

from lakerec.contract import Table


def ask_duckdb(root: str, tables: Sequence[Table]) -> duckdb.DuckDBPyConnection:
    """A connection in which the tables have their names; one that was not written yet is empty."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in tables:
        location = Path(root) / table.path
        if location.exists():
            rows = DeltaTable(str(location)).to_pyarrow_dataset()
        else:
            rows = to_arrow_schema(table.schema, timezone="UTC").empty_table()
        connection.register(table.name.replace(".", "_"), rows)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
        connection.execute(f"CREATE VIEW {table.name} AS SELECT * FROM {table.name.replace('.', '_')}")
    return connection
