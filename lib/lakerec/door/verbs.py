"""The list of verbs that `./spark-submit.sh --help` prints: tools of the door, and one job for each file in jobs/.

A job names its readers in a module-level line `GROUP = "data scientists"`; what it does is line 1 of its docstring.
Both are read from the source without importing it.
"""

import ast
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JOBS = Path(__file__).parents[3] / "jobs"
GROUPS = ("everybody", "platform team", "data scientists", "analysts", "developers")
WITHOUT_GROUP = "further jobs"
WIDTH = 120

USAGE = """\
Usage: ./spark-submit.sh <verb> [--profile NAME] [flags] [-- spark-submit options]

The first start installs what is missing. `./spark-submit.sh <verb> --help` lists a job's flags and settings.
"""


@dataclass(frozen=True)
class Verb:
    """One thing that the door does, and who asks for it."""

    name: str
    group: str
    what: str


TOOLS = (
    Verb("setup", "everybody", "install what is missing, and nothing else"),
    Verb("doctor", "everybody", "versions, jars, native BLAS, a write test; exit code 0 or 2"),
    Verb("package", "platform team", "dist/: the package, its Python environment and Delta's jars, for a cluster"),
    Verb("notebook", "data scientists", "open the notebooks on a lake: notebook [--lake DIR] [JupyterLab options]"),
    Verb("benchmark", "developers", "measure beside peers, each in its process: benchmark <name> [--help]"),
    Verb("test", "developers", "run the tests: test [--quick] [pytest options]"),
)


def read_verbs(jobs: Path = JOBS) -> list[Verb]:
    """The tools, and the jobs of a folder in alphabetical order."""
    files = sorted(file for file in jobs.glob("*.py") if not file.name.startswith("_"))
    return [*TOOLS, *(read_job(file) for file in files)]


def read_job(file: Path) -> Verb:
    """A job's verb, from its source."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    what = (ast.get_docstring(module) or "").partition("\n")[0].rstrip(".")
    return Verb(file.stem, next(groups_of(module), WITHOUT_GROUP), what)


def groups_of(module: ast.Module) -> Iterator[str]:
    """Values of the module-level lines `GROUP = "..."`."""
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "GROUP":
            yield ast.literal_eval(node.value)


def help_text(verbs: list[Verb]) -> str:
    """All verbs, grouped by who uses them."""
    column = max(len(verb.name) for verb in verbs) + 4
    others = sorted({verb.group for verb in verbs} - set(GROUPS))
    lines = [USAGE]
    for group in (*GROUPS, *others):
        members = [verb for verb in verbs if verb.group == group]
        if members:
            lines += [f"{group.capitalize()}:", *(line_of(verb, column) for verb in members), ""]
    return "\n".join(lines).rstrip()


def line_of(verb: Verb, column: int) -> str:
    """The verb's name, and from a column on what it does."""
    name = f"  {verb.name:<{column - 2}}"
    return textwrap.fill(verb.what, WIDTH, initial_indent=name, subsequent_indent=" " * column, break_on_hyphens=False)


if __name__ == "__main__":
    print(help_text(read_verbs()))
    sys.exit(0)
