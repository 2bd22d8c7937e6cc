"""silver.rejected_items: the catalogue records we do not believe, each with every reason."""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

REJECTED_ITEMS = Table(
    name="silver.rejected_items",
    comment="One row per catalogue record that is not believed; its bytes are in bronze.items.",
    columns=(
        Column("source", T.StringType(), "Which producer's catalogue it came from.", nullable=False),
        Column("item_id", T.StringType(), "Item, with its source's namespace; null where it has none."),
        Column("file_id", T.StringType(), "Delivered file.", nullable=False),
        Column("line_number", T.LongType(), "Line in the file, from 1.", nullable=False),
        Column("record_number", T.IntegerType(), "Record within the line, from 1.", nullable=False),
        Column("changed_at_sent", T.StringType(), "Time as delivered."),
        Column("reasons", T.ArrayType(T.StringType()), "Names of all expectations that it fails, in their order."),
        Column("ingested_at", T.TimestampType(), "When it was read; UTC."),
    ),
    key=("source", "file_id", "line_number", "record_number"),
    write=Write.REPLACE,
)
