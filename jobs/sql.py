"""every table -> console: answer one query, such as sql "SELECT count(*) FROM silver.events"."""

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from lakerec.catalog import TABLES, VIEWS
from lakerec.config import load
from lakerec.contract import Table, View
from lakerec.errors import LakerecError, SettingsError
from lakerec.lakehouse import Lakehouse, LakeSettings
from lakerec.runner import say
from lakerec.session import open_session

GROUP = "analysts"
READING_WORDS = ("select", "with", "from", "values", "table", "show", "describe", "desc", "explain")
WIDEST_VALUE = 80
Named = TypeVar("Named", Table, View)


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
    lake = Lakehouse(spark, settings)
    tables, views = named(TABLES, query), named(VIEWS, query)
    lake.register(tables or ([] if views else TABLES))
    lake.register_views(views)
    spark.sql(query).show(rows, truncate=WIDEST_VALUE)


def named(known: Sequence[Named], query: str) -> list[Named]:
    """The tables or views that the query's text names; the others need no registering."""
    return [each for each in known if re.search(rf"\b{re.escape(each.name)}\b", query, re.IGNORECASE)]


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
        nearest = difflib.get_close_matches(name, [*(t.name for t in TABLES), *(v.name for v in VIEWS)], n=3)
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
