"""every table -> console: answer one query, such as sql "SELECT count(*) FROM silver.events"."""

import argparse
import difflib
import re
import sys
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from lakerec.catalog import TABLES
from lakerec.config import load
from lakerec.contract import Table
from lakerec.errors import LakerecError, SettingsError
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.runner import say
from lakerec.session import open_session

GROUP = "analysts"
READING_WORDS = ("select", "with", "from", "values", "table", "show", "describe", "desc", "explain")
WIDEST_VALUE = 80


def main() -> int:
    """Answer the query of the command line; unlike a job it writes nothing, so it needs no right to."""
    arguments = parse()
    try:
        require_reading(arguments.query)
        lake = load(arguments.profile, {"lake.root": arguments.lake} if arguments.lake else {}).lake
        answer(open_session("lakerec sql"), lake, arguments.query, arguments.rows)
    except LakerecError as error:
        return fail(str(error), error.exit_code)
    except PySparkException as error:
        return fail(one_line(error), SettingsError.exit_code)
    return 0


def answer(spark: SparkSession, settings: LakeSettings, query: str, rows: int) -> None:
    """Print the first rows of the result."""
    if "://" not in settings.root and not Path(settings.root).is_dir():
        raise SettingsError(f"{settings.root}: there is no lake. Say where it is with --lake, or run_pipeline first.")
    PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True  # would print a page for every wrong query
    Lakehouse(spark, settings).register(named_tables(query) or TABLES)
    spark.sql(query).show(rows, truncate=WIDEST_VALUE)


def named_tables(query: str) -> list[Table]:
    """The tables that the query's text names; the others need no registering."""
    return [table for table in TABLES if re.search(rf"\b{re.escape(table.name)}\b", query, re.IGNORECASE)]


def require_reading(query: str) -> None:
    """Refuse a statement that would change the lake.

    Raises:
        SettingsError: its first word is not one that reads.
    """
    words = re.findall(r"\w+", query)
    if not words or words[0].lower() not in READING_WORDS:
        raise SettingsError(f"only queries that read are answered; they begin with {', '.join(READING_WORDS)}.")


def one_line(error: PySparkException) -> str:
    """What is wrong with the query, without the condition's name, its code, and the plan."""
    if error.getCondition() == "TABLE_OR_VIEW_NOT_FOUND":
        name = (error.getMessageParameters() or {}).get("relationName", "").replace("`", "")
        nearest = difflib.get_close_matches(name, [table.name for table in TABLES], n=3)
        return f"there is no table {name} in this lake." + (f" Nearest names: {', '.join(nearest)}." if nearest else "")
    text = (error.getMessage() or str(error)).strip().split("\n")[0]
    return re.sub(r"^\[[A-Z0-9_.]+\] *| *SQLSTATE: \w+.*$", "", text)


def fail(text: str, exit_code: int) -> int:
    """One line for the reader, a code for the shell."""
    say(f"sql: {text}")
    return exit_code


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh sql", description=__doc__, allow_abbrev=False)
    parser.add_argument("query", help="one statement of Spark SQL that reads; tables by name, such as silver.events")
    parser.add_argument("--lake", metavar="DIR", help="folder or URI of the lake")
    parser.add_argument("--rows", type=int, default=50, help="print at most so many rows; default: %(default)s")
    parser.add_argument("--profile", default="local", metavar="NAME", help="conf/NAME.toml and conf/spark/NAME.conf")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
